"""
Colours that people with any kind of colour vision tell apart, on a light and on a dark ground.

Source: M. Okabe, K. Ito, "Color Universal Design" (2008); the blue is lighter than theirs, to be read on black.
"""

GOOD = "#3B8FC7"
WARNING = "#E69F00"
BAD = "#D55E00"
QUIET = "#8E8E8E"
BLUE = "#0072B2"
GREEN = "#009E73"
SKY = "#56B4E9"
PURPLE = "#CC79A7"
YELLOW = "#F0E442"
WINE = "#882255"
# For the many kinds of verdicts: P. Tol, "Colour Schemes" (2021).
TEAL = "#44AA99"
OLIVE = "#999933"
SAND = "#DDCC77"
ROSE = "#CC6677"
MAGENTA = "#AA4499"
INDIGO = "#7570B3"
BROWN = "#A65628"
SALMON = "#EE8866"
