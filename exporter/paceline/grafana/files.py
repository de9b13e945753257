"""
The dashboards as files.
"""

import json

from paceline.grafana.boards import BOARDS


def dashboards() -> dict[str, str]:
    """
    The dashboards, as Grafana reads them from files.

    Returns:
        The text of each, by the name of its file.
    """
    return {f"{board.uid}.json": json.dumps(board.as_json(), indent=2, ensure_ascii=False) + "\n" for board in BOARDS}
