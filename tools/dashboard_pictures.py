"""
Draw the dashboards with the component libraries of Grafana, which need no Grafana server: as pictures for the README,
or each dashboard in each state, to be looked at.

It needs npm, and Chromium. The figures come from a Prometheus with the runs of `tools.pictured_runs`.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import click
from msgspec import Struct

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from grafana.generator import dashboard_files
from paceline.delivery.openmetrics import exposition
from paceline.metrics.run_samples import run_samples
from paceline.model import Run
from support.drawn_scrapes import scraped_text
from support.servers import Prometheus, prometheus_of
from tools.pictured_runs import CART, LOAD, pictured_runs

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect, Page

# In the format of OpenMetrics.
Texts = Iterable[Iterable[str]]

_ROOT = Path(__file__).parents[1]
_SOURCE = Path(__file__).with_name("dashboard_page")
_PROJECT = _ROOT / "build" / "dashboard_page"
_SITE = _PROJECT / "site"
_IMAGES = _ROOT / "docs" / "images"
_THEMES = ("light", "dark")
_UNTIL = 1_795_478_400.0
_BRANCHES = ("main", "faster-search")
# Of a laptop, a monitor and a phone.
_WIDTHS = (1366, 1920, 390)
# Tables below the edge of the window would not be drawn.
_WINDOW_HEIGHT = 16_000
_DRAWN_SECONDS = 120
_SETTLED_MS = 1500


class Picture(Struct, frozen=True, kw_only=True):
    """
    A dashboard in one state. `height` cuts the picture off; 0 is for the whole dashboard. `since` is the start of the
    time range, "" for that of the dashboard; `opened` opens its closed rows.
    """

    board: str
    theme: str
    width: int = 1366
    height: int = 0
    since: str = ""
    values: Mapping[str, str] = {}
    opened: bool = False

    def address(self, prometheus: str) -> str:
        """
        The part of the page's address after its path.
        """
        chosen = {f"var-{name}": value for name, value in self.values.items()}
        known = {"board": self.board, "theme": self.theme, "prometheus": prometheus, "now": f"{_UNTIL * 1000:.0f}"}
        more = {"from": self.since, "opened": "yes" if self.opened else ""}
        return urlencode({**known, **chosen, **{name: text for name, text in more.items() if text}}, quote_via=quote)


_TEST = {"paceline-test": {"test": CART}, "paceline-load": {"test": LOAD}}
# Of the pictures in the README: each ends below a panel.
_README = {"paceline-suite": 1085, "paceline-test": 1040, "paceline-load": 965}


@click.command()
@click.option("--every", is_flag=True, help="Draw each dashboard in each state, theme and width into build/dashboards.")
@click.option("--chromium", default="/usr/bin/chromium", show_default=True, help="Browser that draws.")
def main(chromium: str, *, every: bool) -> None:
    """
    Draw the dashboards Suite, Test and Load into docs/images.
    """
    _build()
    if not every:
        pictures = {
            f"{board.removeprefix('paceline-')}-{theme}.png": _of(board, theme=theme, height=height, since="now-30d")
            for (board, height), theme in product(_README.items(), _THEMES)
        }
        _draw(pictures, [_samples_of(pictured_runs(_UNTIL))], _IMAGES, chromium)
        _node("palette.mjs", *(_IMAGES / name for name in pictures))
        return
    for state, texts in _states():
        pictures = {
            f"{board.removeprefix('paceline-')}-{state}-{width}-{theme}.png": _of(
                board, theme=theme, width=width, opened=True
            )
            for board, width, theme in product(_boards(), _WIDTHS, _THEMES)
        }
        _draw(pictures, texts, _ROOT / "build" / "dashboards", chromium)


def _of(board: str, **changes: object) -> Picture:
    return Picture(board=board, values=_TEST.get(board, {}), **changes)  # type: ignore[arg-type]


def _boards() -> list[str]:
    return [Path(name).stem for name in dashboard_files()]


def _states() -> Iterator[tuple[str, Texts]]:
    """
    Each state with its samples. Where there is a run, a suite runs now, and the exporter is scraped.
    """
    month = pictured_runs(_UNTIL)
    last = [run for run in month if run.branch == _BRANCHES[0]][-1:]
    yield "empty", ()
    yield "one-run", (_samples_of(last), scraped_text())
    yield "30-days", (_samples_of(month), scraped_text())
    yield "2000-tests", (_samples_of(pictured_runs(_UNTIL, days=14.0, tests=2000)), scraped_text())


def _samples_of(runs: Sequence[Run]) -> Iterable[str]:
    return exposition(sample for run in runs for sample in run_samples(run, _BRANCHES))


def _build() -> None:
    """
    Bundle the page, with the packages of npm that it needs.
    """
    shutil.copytree(_SOURCE, _PROJECT, dirs_exist_ok=True)
    install = ["npm", "install", "--silent"]
    subprocess.run(install, cwd=_PROJECT, check=True)
    _node("build.mjs", _SITE)
    for name, text in dashboard_files().items():
        (_SITE / Path(name).name).write_text(text, "utf-8")


def _node(program: str, *arguments: Path) -> None:
    command: list[str | Path] = ["node", program, *arguments]
    subprocess.run(command, cwd=_PROJECT, check=True)


def _draw(pictures: Mapping[str, Picture], texts: Texts, folder: Path, chromium: str) -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - takes a second

    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        prometheus = stack.enter_context(_prometheus_with(texts))
        site = stack.enter_context(_served())
        playwright = stack.enter_context(sync_playwright())
        browser = stack.enter_context(playwright.chromium.launch(executable_path=chromium))
        for name, picture in pictures.items():
            click.echo(f"drawing {name}")
            page = browser.new_page(viewport={"width": picture.width, "height": _WINDOW_HEIGHT})
            page.goto(f"{site}/index.html?{picture.address(prometheus.url)}")
            drawn = page.wait_for_function("window.drawn", timeout=1000 * _DRAWN_SECONDS).json_value()
            if drawn["errors"]:
                raise click.ClickException("\n".join([name, *drawn["errors"]]))
            page.wait_for_timeout(_SETTLED_MS)
            page.screenshot(path=folder / name, clip=_clip(page, picture))
            page.close()


def _clip(page: "Page", picture: Picture) -> "FloatRect":
    box = page.locator("#page > div").bounding_box()
    if box is None:
        raise click.ClickException(f"the dashboard {picture.board} is not visible")
    return {**box, "height": picture.height or box["height"]}


@contextmanager
def _prometheus_with(texts: Texts) -> Iterator[Prometheus]:
    with TemporaryDirectory(prefix="paceline-pictures-") as folder, prometheus_of(texts, Path(folder)) as server:
        yield server


@contextmanager
def _served() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(_SITE)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    main()
