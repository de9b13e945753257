"""
`make generated` and `make check-generated`.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from support.wording import ERROR

_ROOT = Path(__file__).parents[2]
_EDITED = "docs/reference/metrics.md"
_ADDED = "grafana/dashboards/of-mine.json"


def _generate(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.generate", "--root", str(folder), *options]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A folder with all generated files.
    """
    folder = tmp_path_factory.mktemp("generated")
    assert _generate(folder).returncode == 0
    return folder


def test_each_kind_of_file_is_generated(written: Path) -> None:
    """
    Rules, alerts, configuration, manifests, dashboards and reference pages.
    """
    assert set(_contents(written)) >= {
        "alerts/alertmanager.yml",
        "alerts/budget.rules.yml",
        "alerts/templates/paceline.tmpl",
        "docs/reference/command.md",
        "docs/reference/metrics.md",
        "docs/reference/rules.md",
        "grafana/dashboards/paceline-suite.json",
        "kubernetes/rules.yml",
        "prometheus/prometheus.yml",
        "prometheus/rules/budget.rules.yml",
    }


def test_a_check_names_each_problem_and_changes_no_file(written: Path) -> None:
    """
    A file that was edited, and a file that no source generates; the check passes without them.
    """
    (written / _ADDED).write_text("{}")
    (written / _EDITED).write_text("edited")
    before = _contents(written)
    failed, after = _generate(written, "--check"), _contents(written)
    (written / _ADDED).unlink()
    repaired, passed = _generate(written), _generate(written, "--check")

    assert (failed.returncode, after) == (1, before)
    assert failed.stderr == (
        f"{ERROR}{_EDITED} differs from its source, run `make generated`\n{_ADDED} has no source, remove the file\n"
    )
    assert repaired.stdout.startswith(f"wrote {_EDITED}\n")
    assert passed.returncode == 0
    assert passed.stdout == f"{len(before) - 1} generated files up to date\n"
