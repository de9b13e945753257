"""
Write all files that are generated, or compare the committed files with them.
"""

from collections.abc import Mapping
from pathlib import Path

import click

from grafana.generator import dashboard_files
from paceline.alerting.rule_files import prometheus_rules, render
from paceline.alerting.rule_options import Options
from paceline.formatting import counted
from tools.reference_pages import reference_pages
from tools.rules_page import rules_page
from tools.schemas import schema_files

_ROOT = Path(__file__).parents[1]
# Every file of these names is generated.
_PATTERNS = ("alerts/*.rules.yml", "alerts/templates/*", "prometheus/rules/*", "grafana/dashboards/*")


def generated_files() -> dict[str, str]:
    """
    The text of each generated file, by its path from the root of the repository.
    """
    rules = render(Options())
    manifests = {f"kubernetes/{name}": text for name, text in prometheus_rules(rules).items()}
    pages = {**reference_pages(), "docs/reference/rules.md": rules_page()}
    return {**rules, **manifests, **dashboard_files(), **pages, **schema_files()}


@click.command()
@click.option("--check", is_flag=True, help="Compare only, and write no file.")
@click.option(
    "--root",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=_ROOT,
    help="Folder of the files (default: the repository).",
)
def main(root: Path, *, check: bool) -> None:
    """
    Write the rules, alerts, dashboards, manifests and reference pages that are generated.
    """
    texts = generated_files()
    if not check:
        for path in _differing(root, texts):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(texts[path].encode())
            click.echo(f"wrote {path}")
    problems = [f"{path} differs from its source, run `make generated`" for path in _differing(root, texts)]
    problems += [f"{path} has no source, remove the file" for path in _without_source(root, texts)]
    if problems:
        raise click.ClickException("\n".join(problems))
    click.echo(f"{counted(len(texts), 'generated file')} up to date")


def _differing(root: Path, texts: Mapping[str, str]) -> list[str]:
    contents = {path: text.encode() for path, text in sorted(texts.items())}
    return [path for path, content in contents.items() if _read(root / path) != content]


def _read(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def _without_source(root: Path, texts: Mapping[str, str]) -> list[str]:
    found = (file.relative_to(root).as_posix() for pattern in _PATTERNS for file in root.glob(pattern))
    return sorted(path for path in found if path not in texts)


if __name__ == "__main__":
    main()
