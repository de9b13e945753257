"""
`make demo`, without the servers.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Twelve sessions with leak tests and benchmarks: once in all tests, and not on each Python.
pytestmark = pytest.mark.stack
_EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_demo_ends_in_three_things_to_look_at(tmp_path: Path) -> None:
    """
    It fails by itself where the last run lacks a finding that it is about; the commands that it names work.
    """
    shutil.copytree(_EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, str(tmp_path / "examples" / "demo.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    named = re.findall(r"^  (paceline (?:report|trends).*)$", done.stdout, re.MULTILINE)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^(\d)\. ", done.stdout, re.MULTILINE) == ["1", "2", "3"]
    assert len(named) == 2
    shop, environment = tmp_path / "build" / "demo" / "shop", {**os.environ, "PYTHONWARNINGS": ""}
    for words in named:
        subprocess.run(
            [sys.executable, "-m", *words.split()], cwd=shop, env=environment, check=True, capture_output=True
        )
