"""
The web site of the documentation.
"""

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_INDEX = "# Pages\n\n## Start\n\n- [First](first.md): it links to [settings](../settings/a.yml)\n"


def _build(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.site", "--root", str(root)]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)


def _write(root: Path, first: str) -> None:
    for name, text in {
        "README.md": "# Home\n\n[Pages](docs/README.md)\n",
        "docs/README.md": _INDEX,
        "docs/first.md": first,
        "settings/a.yml": "a: 1\n",
    }.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, "utf-8")


def test_the_site_has_the_pages_and_a_search(tmp_path: Path) -> None:
    """
    The files that a page links to, too.
    """
    _write(tmp_path, "# First\n\n[Home](../README.md), [here](#first)\n")
    done = _build(tmp_path)
    site = tmp_path / "build" / "site"

    assert done.returncode == 0, done.stdout + done.stderr
    assert "First" in (site / "index.html").read_text("utf-8")
    assert (site / "settings" / "a.yml").is_file()
    assert "settings" in (site / "search.json").read_text("utf-8")


def test_a_broken_link_fails_the_build(tmp_path: Path) -> None:
    """
    To a page, to a place in a page, or to another file; an address elsewhere is not looked at.
    """
    for link in ("gone.md", "README.md#gone", "../settings/gone.yml"):
        _write(tmp_path, f"# First\n\n[a](https://example.org/gone), [b]({link})\n")
        done = _build(tmp_path)

        assert done.returncode == 1, link
        assert "docs/first." in done.stdout + done.stderr
