"""
The package with other rows in its tables.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]


def ask_with_row(folder: Path, table: str, row: str, program: str) -> Any:
    """
    Run a program with a copy of the package that has one row more, and return the JSON that it prints.

    Args:
        folder: takes the copy.
        table: the module of the table; its last class member is followed by the row.
        row: the row, as in the class.
        program: Python code.
    """
    copy = folder / "paceline"
    shutil.copytree(_ROOT / "exporter" / "paceline", copy, ignore=shutil.ignore_patterns("__pycache__"))
    source = (copy / f"{table}.py").read_text("utf-8")
    body, closing, rest = source.rpartition("\n    )\n")
    (copy / f"{table}.py").write_text(f"{body}{closing}    {row.strip()}\n{rest}", "utf-8")
    environ = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=_ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
