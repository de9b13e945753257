"""
The dashboards, each a module; `BOARDS` are what Grafana is given.
"""

from paceline.grafana.boards.board import Board
from paceline.grafana.boards.compare import COMPARE
from paceline.grafana.boards.live import LIVE
from paceline.grafana.boards.pipeline import PIPELINE
from paceline.grafana.boards.suite import SUITE
from paceline.grafana.boards.test import TEST

BOARDS: tuple[Board, ...] = (SUITE, TEST, LIVE, COMPARE, PIPELINE)
