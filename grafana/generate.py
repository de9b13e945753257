"""
Write the dashboards again, as `make dashboards` does.
"""

import json
from pathlib import Path

from boards import BOARDS

DASHBOARDS = Path(__file__).parent / "dashboards"


def files() -> dict[Path, str]:
    """
    The text of each file.
    """
    return {
        DASHBOARDS / f"{board.uid}.json": json.dumps(board.as_json(), indent=2, ensure_ascii=False) + "\n"
        for board in BOARDS
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, "utf-8")
