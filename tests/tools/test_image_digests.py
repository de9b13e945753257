"""
Images pinned by digests.
"""

from pathlib import Path

import pytest

from tools.image_digests import FILES, pinned

_ROOT = Path(__file__).parents[2]
_OLD, _NEW = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("FROM python:3.12-slim AS build", f"FROM python:3.12-slim@{_NEW} AS build"),
        ("    image: prom/prometheus:v3.5.0", f"    image: prom/prometheus:v3.5.0@{_NEW}"),
        (f"    image: prom/prometheus:v3.5.0@{_OLD}", f"    image: prom/prometheus:v3.5.0@{_NEW}"),
        ("    image: paceline-exporter:0.1.0", "    image: paceline-exporter:0.1.0"),
        ("# FROM a:1 is a comment", "# FROM a:1 is a comment"),
    ],
)
def test_a_digest_stands_behind_the_tag(line: str, expected: str) -> None:
    """
    An older digest is replaced; an image that is built here has none.
    """
    assert pinned(f"a\n{line}\nb\n", lambda _: _NEW) == f"a\n{expected}\nb\n"


def test_each_image_of_a_registry_is_pinned() -> None:
    """
    In the Dockerfile and in docker-compose.yml, by its name with its tag.
    """
    asked: set[str] = set()

    def digest_of(name: str) -> str:
        asked.add(name)
        return _NEW

    for name in FILES:
        pinned((_ROOT / name).read_text("utf-8"), digest_of)

    assert {name.partition(":")[0] for name in asked} == {
        *("python", "prom/prometheus", "prom/alertmanager", "grafana/grafana"),
    }
