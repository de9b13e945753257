"""
The table of the README: Paceline beside other tools, with the size of each install and the CPU time for one empty test.

Each tool is installed by uv into an environment of its own, `build/other-tools/NAME`, with the newest pytest that it
works with. `MB` and `packages` are those of the environment less those of one with pytest alone, without bytecode.
`ms` is the median over rounds of what a tool adds to an empty test, as `overhead.py` measures it. A tool that sends
something sends it to a server on loopback, which answers as the agent of Datadog and as a collector of OpenTelemetry.
"""

import argparse
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import NamedTuple

from overhead import Variant, measure
from peers import ROOT
from tabulate import tabulate

_FOLDER = ROOT / "build" / "other-tools"
_README = ROOT / "README.md"
_BEGIN, _END = "<!-- made by benchmarks/other_tools.py -->\n", "\n<!-- end -->"
_HEADERS = ("", "looks at", "compares with earlier runs", "says why", "CPU added to a test", "install")
_AGENT = b'{"endpoints": ["/evp_proxy/v4/"]}'
# What the figures of all others are added to.
# Where the server on loopback is; each tool finds the address in a variable of its own.
_SERVER = "SERVER"


class Tool(NamedTuple):
    """
    A row: the words, what is installed, and how a session of pytest uses it.

    `arguments` is empty for a tool that measures no tests of pytest, and `requirements` for one that is no Python.
    """

    name: str
    looks_at: str
    compares: str
    why: str
    requirements: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    environ: tuple[tuple[str, str], ...] = ()
    leaves: str = ""
    share: float = 1.0


class Installed(NamedTuple):
    """
    An environment.
    """

    python: Path
    size: int
    packages: int


TOOLS = (
    Tool(
        name="**Paceline**",
        looks_at="each test: time, CPU, memory, queries, requests",
        compares="each test, with the machine taken out; slower tests are measured again",
        why="queries, CPU, waiting, memory, with the line",
        requirements=("paceline @ .", "pytest"),
        arguments=("-p", "paceline", "--paceline", "--paceline-results=results"),
        leaves="results",
    ),
    Tool(
        name="pytest-benchmark",
        looks_at="functions given to its fixture, in rounds",
        compares="saved runs, by a fixed percentage",
        why="no",
        requirements=("pytest-benchmark",),
        arguments=("-p", "benchmark"),
    ),
    Tool(
        name="pytest-monitor",
        looks_at="each test: time, CPU, memory",
        compares="no, it keeps rows in SQLite",
        why="no",
        requirements=("pytest-monitor", "pytest<9"),
        arguments=("-p", "monitor"),
        leaves=".pymon",
        share=0.05,
    ),
    Tool(
        name="pytest-memray",
        looks_at="each test: allocated memory",
        compares="no, it has limits",
        why="lines that allocate",
        requirements=("pytest-memray",),
        arguments=("-p", "memray", "--memray"),
        share=0.1,
    ),
    Tool(
        name="pytest-opentelemetry",
        looks_at="each test: a trace",
        compares="no, a tracing backend is needed",
        why="spans",
        requirements=("pytest-opentelemetry",),
        arguments=("-p", "pytest_opentelemetry", "--export-traces"),
        environ=(
            ("OTEL_TRACES_EXPORTER", "otlp_proto_http"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", _SERVER),
        ),
    ),
    Tool(
        name="CodSpeed",
        looks_at="benchmarks, on a simulated CPU or by wall time",
        compares="yes, in its hosted service",
        why="flame graphs",
        requirements=("pytest-codspeed",),
        arguments=("-p", "codspeed"),
    ),
    Tool(
        name="Datadog Test Optimization",
        looks_at="each test: time, outcome, traces",
        compares="yes, in its hosted service",
        why="traces",
        requirements=("ddtrace", "pytest"),
        arguments=("-p", "ddtrace", "--ddtrace"),
        environ=(("DD_TRACE_AGENT_URL", _SERVER), ("DD_INSTRUMENTATION_TELEMETRY_ENABLED", "false")),
    ),
    Tool(
        name="Locust",
        looks_at="a server under load",
        compares="no",
        why="no",
        requirements=("locust",),
    ),
    Tool(
        name="k6",
        looks_at="a server under load",
        compares="no, it has thresholds",
        why="no",
    ),
)


def install(name: str, requirements: Sequence[str]) -> Installed:
    """
    Make an environment anew.

    Raises:
        subprocess.CalledProcessError: the packages cannot be had.
    """
    folder = _FOLDER / name
    uv = (sys.executable, "-m", "uv")
    subprocess.run([*uv, "venv", "--quiet", "--clear", folder], cwd=ROOT, check=True)
    python = folder / "bin" / "python"
    subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, *requirements], cwd=ROOT, check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    files = (path for path in packages.rglob("*") if path.is_file() and path.suffix != ".pyc")
    size = sum(path.stat().st_size for path in files)
    return Installed(python=python, size=size, packages=len(list(packages.glob("*.dist-info"))))


def variant(tool: Tool, python: Path, server: str) -> Variant:
    """
    A session with a tool.
    """
    environ = tuple((name, server if value == _SERVER else value) for name, value in tool.environ)
    return Variant(
        name=tool.name,
        arguments=tool.arguments,
        environ=environ,
        python=python,
        leaves=tool.leaves,
        share=tool.share,
    )


def cost_alone(bare: Installed, options: argparse.Namespace) -> str:
    costs = measure(Variant(name="pytest alone", python=bare.python), options.tests, options.rounds)
    cpu = median(one.bare for one in costs)
    return f"pytest alone takes {cpu:.2f} ms of CPU for an empty test; the CPU of a tool is what it adds to that."


def row(tool: Tool, bare: Installed, server: str, options: argparse.Namespace) -> list[str]:
    print(f"... {tool.name}", file=sys.stderr)
    words = [tool.name, tool.looks_at, tool.compares, tool.why]
    if not tool.requirements:
        return [*words, "", "a program of its own"]
    found = install(tool.name.strip("*").replace(" ", "-").lower(), tool.requirements)
    added = f"{(found.size - bare.size) / 1e6:.1f} MB, {found.packages - bare.packages} packages"
    if not tool.arguments:
        return [*words, "", added]
    costs = measure(variant(tool, found.python, server), options.tests, options.rounds)
    return [*words, f"{max(median(one.added for one in costs), 0):.2f} ms", added]


class _Receiver(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = _AGENT if self.path == "/info" else b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - as the server calls it

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiver() -> Iterator[str]:
    """
    A server on loopback.

    Yields:
        Its address.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), _Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def write(text: str) -> None:
    """
    Put the text into the README, where the last one is.
    """
    before, _, rest = _README.read_text("utf-8").partition(_BEGIN)
    _README.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{rest.partition(_END)[2]}", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Paceline beside other tools.")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of sessions for each tool (default 5)")
    parser.add_argument("--tests", type=int, default=2000, help="tests of the large suite (default 2000)")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    options = parser.parse_args()
    bare = install("pytest", ["pytest"])
    with receiver() as server:
        table = tabulate([row(tool, bare, server, options) for tool in TOOLS], _HEADERS, tablefmt="github")
    text = f"{table}\n\n{cost_alone(bare, options)}\n"
    print(text)
    if options.readme:
        write(text)


if __name__ == "__main__":
    main()
