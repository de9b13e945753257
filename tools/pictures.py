"""
Draw the pictures of the README: the report of the demo, light and dark, and the dashboards of a running Grafana.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import click
from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, SVG_EXPORT_THEME
from rich.text import Text

from grafana.generator import dashboard_files

_ROOT = Path(__file__).parents[1]
_IMAGES = _ROOT / "docs" / "images"
_SHOP = _ROOT / "build" / "demo" / "shop"
_THEMES = {"light": DEFAULT_TERMINAL_THEME, "dark": SVG_EXPORT_THEME}
_COLUMNS, _LINES = 80, 16
# `rich` loads a font from a server, which a picture in a README cannot do.
_FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: "SFMono-Regular", Consolas, "Liberation Mono", Menlo, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
_WINDOW = {"width": 1600, "height": 1000}
_SETTLED_MS = 3000


@click.command()
@click.option(
    "--grafana", metavar="URL", help="Grafana with Paceline's dashboards, to take pictures of (default: none)."
)
@click.option("--chromium", default="/usr/bin/chromium", show_default=True, help="Browser that shows Grafana.")
@click.option("--again/--no-again", default=True, help="Run the demo first (default), or use its last run.")
def main(grafana: str | None, chromium: str, *, again: bool) -> None:
    """
    Draw the pictures of docs/images.
    """
    if again:
        subprocess.run([sys.executable, "examples/demo.py"], cwd=_ROOT, check=True, stdout=subprocess.DEVNULL)
    _IMAGES.mkdir(parents=True, exist_ok=True)
    report = "\n".join(_beginning(_report().splitlines()))
    for name, theme in _THEMES.items():
        console = Console(record=True, width=_COLUMNS, file=StringIO())
        console.print(Text.from_ansi(report), soft_wrap=True)
        drawn = console.export_svg(title="pytest --paceline", theme=theme, code_format=_FORMAT, unique_id="report")
        _written(f"report-{name}.svg").write_text(drawn, "utf-8")
    if grafana:
        _take_pictures(grafana.rstrip("/"), chromium)


def _report() -> str:
    """
    The report of the demo's last run, with the colours of a terminal.
    """
    command = "from paceline.cli import main; main(['report'], color=True)"
    environ = {**os.environ, "COLUMNS": str(_COLUMNS), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", command], cwd=_SHOP, env=environ, check=True, stdout=subprocess.PIPE)
    return done.stdout.decode()


def _beginning(lines: list[str]) -> Iterator[str]:
    """
    The first findings, whole, and how much follows.
    """
    starts = [number for number, line in enumerate(lines[: _LINES + 1]) if not click.unstyle(line).startswith(" ")]
    yield from lines[: starts[-1]]
    yield f"\x1b[2m… {len(lines) - starts[-1]} more lines\x1b[0m"


def _take_pictures(grafana: str, chromium: str) -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - takes a second, and few have a Grafana

    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=chromium) as browser:
        for dashboard in dashboard_files():
            uid = Path(dashboard).stem
            for theme in _THEMES:
                page = browser.new_page(viewport=_WINDOW)  # type: ignore[arg-type]
                page.goto(f"{grafana}/d/{uid}?kiosk&theme={theme}", wait_until="networkidle")
                page.wait_for_timeout(_SETTLED_MS)  # panels fade in
                page.screenshot(path=_written(f"{uid}-{theme}.png"))
                page.close()


def _written(name: str) -> Path:
    click.echo(f"drawing docs/images/{name}")
    return _IMAGES / name


if __name__ == "__main__":
    main()
