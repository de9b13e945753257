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
