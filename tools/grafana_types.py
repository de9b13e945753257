"""
Check the dashboards against the types of Grafana's own package @grafana/schema, of each version that is named.

It needs npm. A dashboard, its panels, and the options and custom settings of each kind of panel are written as literals
of TypeScript, whose compiler finds keys and values that Grafana does not know.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from tabulate import tabulate

_DASHBOARDS = Path(__file__).parents[1] / "grafana" / "dashboards"
_VERSIONS = ("10.4.0", "11.6.0", "12.4.0", "13.2.0")
_INDEXES = ("types/index.d.ts", "esm/index.d.ts", "index.d.ts")
_TYPESCRIPT = "typescript@5"
_COMPILE = ("--noEmit", "--skipLibCheck", "--strict", "--moduleResolution", "bundler", "--module", "esnext")
# A JSON value of each type: the value of an enum for the enum, and any key may be absent.
_PLAIN = """
type Text<T> = T extends string ? (string extends T ? string : `${T}`) : never;
type Digits<T extends number> = number extends T ? number : `${T}` extends `${infer N extends number}` ? N : never;
type Plain<T> = T extends string ? Text<T> : T extends number ? Digits<T>
    : T extends (infer U)[] ? Plain<U>[] : T extends object ? {[K in keyof T]?: Plain<T[K]>} : T;
"""
# What Grafana itself writes or reads and its types leave out, by the part of the dashboard.
_OF_VARIABLES, _OF_TIMELINES = ("definition",), ("spanNulls",)
_OF_ANNOTATIONS = ("expr", "step", "target", "titleFormat", "textFormat", "tagKeys", "useValueForTime")


@click.command()
@click.argument("versions", nargs=-1)
def main(versions: tuple[str, ...]) -> None:
    """
    Check against VERSIONS of @grafana/schema (default: the last of Grafana 10, 11, 12 and 13).

    Exit code 1 where a type is broken.
    """
    rows, problems = [], []
    for version in versions or _VERSIONS:
        found = _problems(version)
        rows.append((version, len(found)))
        problems += [f"{version}: {problem}" for problem in found]
    click.echo(tabulate(rows, ("@grafana/schema", "problems"), tablefmt="github", disable_numparse=True))
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(bool(problems))


def _problems(version: str) -> list[str]:
    with TemporaryDirectory() as folder:
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", _TYPESCRIPT, f"@grafana/schema@{version}"]
        subprocess.run(install, cwd=folder, check=True)
        source = Path(folder) / "dashboards.ts"
        source.write_text("\n".join(_lines(Path(folder) / "node_modules/@grafana/schema/dist")), "utf-8")
        command = [f"{folder}/node_modules/.bin/tsc", *_COMPILE, source.name]
        done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
        lines = source.read_text("utf-8").splitlines()
        problems = [_readable(line, lines) for line in done.stdout.splitlines() if "error TS" in line]
        if done.returncode and not problems:
            raise click.ClickException(f"the compiler failed: {done.stdout}{done.stderr}")
        return problems


def _readable(error: str, lines: list[str]) -> str:
    """
    The error with the name of its literal in place of the line.
    """
    place, _, text = error.partition(": error ")
    line = int(place.partition("(")[2].partition(",")[0])
    return f"{lines[line - 1].partition(':')[0].removeprefix('export const ')}: {text}"


def _lines(package: Path) -> Iterator[str]:
    index = next(package / name for name in _INDEXES if (package / name).exists())
    yield f"import type * as G from './{_module(index, package)}';"
    boards = _boards()
    panels = {board["uid"].replace("-", "_"): _panels_of(board) for board in boards}
    kinds = {panel["type"] for of_board in panels.values() for panel in of_board} - {"row"}
    types = {kind: _types_of(kind, package) for kind in sorted(kinds)}
    for kind, (path, _) in types.items():
        yield f"import type * as {_name(kind)} from './{_module(path, package)}';"
    yield _PLAIN
    for board, (name, of_board) in zip(boards, panels.items(), strict=True):
        yield _literal(name, "G.Dashboard", _without(board, ("panels",)))
        for panel in of_board:
            yield from _of_panel(f"{name}_{panel['id']}", panel, types)


def _of_panel(name: str, panel: dict[str, Any], types: dict[str, tuple[Path, bool]]) -> Iterator[str]:
    kind = panel["type"]
    options, custom = panel.pop("options", None), panel.get("fieldConfig", {}).get("defaults", {}).pop("custom", None)
    yield _literal(name, "G.RowPanel" if kind == "row" else "G.Panel", panel)
    if options is not None:
        yield _literal(f"{name}_options", f"{_name(kind)}.Options", options)
    if custom and kind in types and types[kind][1]:
        yield _literal(f"{name}_custom", f"{_name(kind)}.FieldConfig", _without(custom, _OF_TIMELINES))


def _literal(name: str, of: str, value: object) -> str:
    return f"export const {name}: Plain<{of}> = {json.dumps(value)};"


def _name(kind: str) -> str:
    return kind.replace("-", "_")


def _module(path: Path, package: Path) -> str:
    return str(path.relative_to(package.parents[2].parent)).removesuffix(".d.ts")


def _types_of(kind: str, package: Path) -> tuple[Path, bool]:
    """
    The file of a kind of panel, and whether it has custom settings.
    """
    path = next(package.glob(f"*/raw/composable/{kind.replace('-', '')}/panelcfg/x/*.d.ts"))
    return path, "interface FieldConfig" in path.read_text("utf-8")


def _boards() -> list[dict[str, Any]]:
    boards = [json.loads(path.read_text("utf-8")) for path in sorted(_DASHBOARDS.glob("*.json"))]
    for board in boards:
        for part, keys in (("templating", _OF_VARIABLES), ("annotations", _OF_ANNOTATIONS)):
            board[part]["list"] = [_without(one, keys) for one in board[part]["list"]]
    return boards


def _panels_of(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [inner for panel in board["panels"] for inner in (panel, *panel.pop("panels", ()))]


def _without(value: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: one for key, one in value.items() if key not in keys}


if __name__ == "__main__":
    main()
