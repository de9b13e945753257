"""
The dashboards, each a module; `BOARDS` are what Grafana is given.
"""

from boards.board import Board
from boards.compare import COMPARE
from boards.live import LIVE
from boards.pipeline import PIPELINE
from boards.suite import SUITE
from boards.test import TEST

BOARDS: tuple[Board, ...] = (SUITE, TEST, LIVE, COMPARE, PIPELINE)
