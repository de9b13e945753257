"""
The code blocks of the documentation.
"""

import ast
import json
import re
import runpy
import shlex
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from _pytest.config.argparsing import Parser

from paceline.cli import main
from paceline.documents import encode_run
from paceline.plugin import pytest_addoption
from paceline.usage import UsageKey
from support.suite import Suite
from support.values import runs_of

_ROOT = Path(__file__).parents[1]
_PAGES = [_ROOT / "README.md", _ROOT / "CONTRIBUTING.md", *sorted((_ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"```python\n# (\w+\.py)\n(.*?)```", re.DOTALL)
# At the start of a line of a block, of a step in YAML, or of code in the text.
_CALL = re.compile(r"(?:^(?: *- (?:run: )?|\$ )?|`)((?:paceline|pytest) -*[a-z][^`\n#|:]*)", re.MULTILINE)


def _name(page: Path) -> str:
    return page.relative_to(_ROOT).as_posix()


_BLOCKS = [(_name(page), *block) for page in _PAGES for block in _BLOCK.findall(page.read_text("utf-8"))]
_READERS: dict[str, Any] = {
    "python": ast.parse,
    "toml": tomllib.loads,
    "json": json.loads,
    "yaml": lambda text: list(yaml.safe_load_all(text)),
}


@pytest.mark.parametrize("language", sorted(_READERS))
def test_each_block_is_valid(language: str) -> None:
    """
    Python, TOML, JSON and YAML can be read.
    """
    faults = []
    for page, kind, text in _BLOCKS:
        try:
            _READERS[language](text) if kind == language else None
        except (SyntaxError, ValueError, yaml.YAMLError) as error:
            faults.append(f"{page}: {error}")

    assert faults == []


def test_each_command_has_the_verbs_and_options_of_the_pages() -> None:
    """
    In blocks and in the text.
    """
    parser = Parser(_ispytest=True)
    pytest_addoption(parser)
    known = {name for group in parser._groups for option in group.options for name in option.names()}
    calls = [(_name(page), call) for page in _PAGES for call in _CALL.findall(page.read_text("utf-8"))]
    wrong = [f"{page}: {call}" for page, call in calls for _ in _unknown(call, known)]

    assert len(calls) > 200
    assert wrong == []


def _unknown(call: str, of_pytest: set[str]) -> Iterator[str]:
    """
    The verbs and options in the line of a command that the command does not have.
    """
    words = _words(call)
    options = [word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)]
    if words[0] == "pytest":
        yield from (name for name in options if name.startswith("--paceline") and name not in of_pytest)
        return
    command: click.Command = main
    for word in words[1:]:
        if isinstance(command, click.Group) and re.fullmatch(r"[a-z-]+", word) and not word.startswith("-"):
            if word not in command.commands:
                yield word
                return
            command = command.commands[word]
    has_others = command.ignore_unknown_options
    names = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
    yield from () if has_others else (name for name in options if name not in names)


def _words(call: str) -> list[str]:
    try:
        return shlex.split(call)
    except ValueError:
        return call.split()


def test_the_tutorial_says_what_happens(suite: Suite) -> None:
    """
    Its files, in order: a budget that is reported, a promise that is kept, and one that is broken.
    """
    page = (_ROOT / "docs" / "tutorial.md").read_text("utf-8")
    first, second = (text for _, kind, text in _BLOCKS if kind == "python" and text in page)
    (marker,) = re.findall(r"^@.*\n", second, re.MULTILINE)
    promised = "import pytest\n" + first.replace("def test_slow_total", f"{marker}def test_slow_total")
    found = []
    for code in (first, promised, promised.replace("0.02", "0.05")):
        suite.write("test_shop.py", code)
        result = suite.run()
        found.append((result.code, [verdict.kind for verdict in result.run.verdicts]))

    assert found == [(0, ["budget"]), (0, []), (1, ["budget"])]


def _code(page: str, name: str, folder: Path) -> dict[str, Any]:
    files = dict(_FILE.findall((_ROOT / "docs" / "how-to" / page).read_text("utf-8")))
    file = folder / name
    file.write_text(files[name], "utf-8")
    return runpy.run_path(str(file))


def test_the_probe_of_the_page_measures(tmp_path: Path) -> None:
    """
    A thread that is left is counted.
    """
    probe = _code("write-a-probe.md", "threads_probe.py", tmp_path)["ThreadsProbe"]()
    usage: dict[str, float] = {}
    end = threading.Event()
    probe.start_test()
    thread = threading.Thread(target=end.wait)
    thread.start()
    probe.stop_test(usage)
    end.set()
    thread.join()

    assert usage == {UsageKey.THREADS_LEFT: 1}


def test_the_sink_of_the_page_takes_a_run_once(tmp_path: Path) -> None:
    """
    The second time it says that it has the run.
    """
    sink = _code("write-a-sink.md", "folder_sink.py", tmp_path)["FolderSink"](tmp_path)

    assert [sink.deliver(b"a run", 1.0).is_known for _ in range(2)] == [False, True]


def test_the_script_of_the_page_reads_a_run(tmp_path: Path) -> None:
    """
    The slowest tests of a document.
    """
    report = tmp_path / "latest_report.json"
    report.write_bytes(encode_run(next(iter(runs_of({"a": [0.1], "b": [0.3]})))))
    slowest = _code("write-a-sink.md", "send_slowest.py", tmp_path)["slowest"](report)

    assert [(name.rpartition("::")[2], seconds) for name, seconds in slowest] == [("b", 0.3), ("a", 0.1)]
