"""
Claims of the page on security about the whole package: no code is read from files, and nothing is sent unasked.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import paceline
from support.servers import free_port
from support.suite import Suite

_PACKAGE = Path(paceline.__file__).parent
_MODULES = frozenset({"pickle", "cPickle", "dill", "marshal", "shelve", "jsonpickle", "code", "codeop"})
_BUILTINS = frozenset({"eval", "exec", "compile", "__import__"})
_METHODS = frozenset({("yaml", "load"), ("yaml", "unsafe_load"), ("yaml", "full_load"), ("os", "system")})
# Runs at the start of each Python process of a session.
_NOTES_CONNECTIONS = """
    import os
    import sys


    def note(event, arguments):
        if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
            with open(os.environ["CONNECTIONS"], "a", encoding="utf-8") as file:
                file.write(f"{event} {arguments[-1] if 'socket.get' not in event else arguments}\\n")


    sys.addaudithook(note)
"""
# The companion runs without site packages and hooks, so its sockets are read from outside.
_LOOKS_AT_COMPANION = """
    import os
    import time

    import psutil


    def companions():
        for process in psutil.process_iter(["cmdline"]):
            arguments = process.info["cmdline"] or [""]
            if arguments[-1].startswith(os.environ["TMPDIR"]) and "-I" in arguments:
                yield process


    def test_companion():
        deadline = time.monotonic() + 60
        while not any("psutil" in mapped.path for one in companions() for mapped in one.memory_maps()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.3)
        (companion,) = companions()
        # The name of psutil 6 and later, and the one before.
        connections = getattr(companion, "net_connections", None) or companion.connections
        with open(os.environ["CONNECTIONS"], "a", encoding="utf-8") as file:
            file.writelines(f"companion {connection}\\n" for connection in connections("all"))
"""


def _runs_code(source: str) -> Iterator[str]:
    """
    What a module calls or imports that makes code of data.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.partition(".")[0] in _MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in _MODULES:
            yield node.module or ""
        elif isinstance(node, ast.Name) and node.id in _BUILTINS:
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) in _METHODS:
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.keyword) and node.arg == "shell" and getattr(node.value, "value", None) is True:
            yield "shell="


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from marshal import loads",
        "eval(text)",
        "run = exec",
        "yaml.load(file, Loader)",
        "subprocess.run(text, shell=True)",
    ],
)
def test_code_made_of_data_is_recognised(source: str) -> None:
    """
    Each of these lines in a module of the package would fail the next test.
    """
    assert list(_runs_code(source))


def test_no_module_makes_code_of_data() -> None:
    """
    No pickle, eval, exec, unsafe YAML or shell: a damaged or foreign document cannot run anything.
    """
    found = {
        str(path.relative_to(_PACKAGE)): uses
        for path in _PACKAGE.rglob("*.py")
        if (uses := list(_runs_code(path.read_text("utf-8"))))
    }

    assert found == {}


@pytest.fixture
def connections(tmp_path: Path) -> Path:
    """
    The file with all that a session asks of the network.
    """
    path = tmp_path / "connections.txt"
    path.touch()
    return path


def _run(tmp_path: Path, connections: Path, *arguments: str) -> None:
    suite = Suite(tmp_path / "shop")
    suite.folder.mkdir()
    suite.write("hooks/sitecustomize.py", _NOTES_CONNECTIONS)
    suite.write("test_shop.py", _LOOKS_AT_COMPANION)
    (tmp_path / "temp").mkdir()
    environ = {
        "CONNECTIONS": str(connections),
        "PYTHONPATH": str(suite.folder / "hooks"),
        "TMPDIR": str(tmp_path / "temp"),
    }
    result = suite.run(*arguments, environ=environ)

    assert (result.code, len(result.run.cases)) == (0, 1), result.output


def test_nothing_is_sent_unasked(tmp_path: Path, connections: Path) -> None:
    """
    A session without a server in its settings resolves no name and opens no connection, and nor does its companion.
    """
    _run(tmp_path, connections)

    assert connections.read_text("utf-8") == ""


def test_what_is_sent_goes_to_the_named_server_only(tmp_path: Path, connections: Path) -> None:
    """
    The session connects to the server of `--paceline-push`, and to no other.
    """
    port = str(free_port())
    _run(tmp_path, connections, "--paceline-push", f"http://127.0.0.1:{port}")
    asked = connections.read_text("utf-8").splitlines()

    assert asked
    assert [line for line in asked if port not in line] == []
