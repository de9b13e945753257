"""
The lock of the development environment.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.environments import changes

_ROOT = Path(__file__).parents[2]
_LOCK = (_ROOT / "dev.lock").read_text("utf-8")
_SETTINGS: dict[str, Any] = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))
_PROJECT, _GROUPS = _SETTINGS["project"], _SETTINGS["dependency-groups"]
# gevent changes the interpreter that imports it: Locust has an environment of its own in the tests of neighbours.
_APART = "locust"
_WANTED = [
    *_PROJECT["dependencies"],
    *(text for name, extra in _PROJECT["optional-dependencies"].items() if name != _APART for text in extra),
    *(text for name in ("test", "lint", "docs", "dev") for text in _GROUPS[name] if isinstance(text, str)),
    *_SETTINGS["build-system"]["requires"],
]
_PINS = dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", _LOCK, re.MULTILINE))


@pytest.mark.parametrize("text", sorted(set(_WANTED)))
def test_each_requirement_is_locked(text: str) -> None:
    """
    The lock has a version that the requirement admits; `make lock` writes one for a new requirement.
    """
    wanted = Requirement(text)

    assert wanted.specifier.contains(_PINS[canonicalize_name(wanted.name)])


def test_each_version_has_hashes_and_no_address() -> None:
    """
    Any index of packages serves, and none can serve another file.
    """
    blocks = re.split(r"\n(?=\w)", _LOCK.strip())

    assert {block.partition("==")[0] for block in blocks} == set(_PINS)
    assert [block.partition("==")[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in _LOCK


def test_newer_versions_are_named() -> None:
    """
    Of two locks, the versions that only the second has, new libraries among them.
    """
    before = "click==8.1 \\\n    --hash=sha256:1\ncolorama==1 ; sys_platform == 'win32' \\\n"
    after = f"{before.replace('8.1', '8.2')}new==1 \\\n"

    assert changes(before, after) == ["click 8.2", "new 1"]
