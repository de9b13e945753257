"""
The command that installs an extra names the place that Paceline was installed from.
"""

import json
from pathlib import Path

import pytest

from paceline.extras import install_command


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (None, "pip install 'paceline[server]'"),
        ({"url": "file:///src/a%20b/paceline", "dir_info": {}}, "pip install '/src/a b/paceline[server]'"),
        (
            {"url": "file:///src/paceline", "dir_info": {"editable": True}},
            "pip install --editable '/src/paceline[server]'",
        ),
        (
            {"url": "file:///dist/paceline-1.0-py3-none-any.whl", "archive_info": {}},
            "pip install '/dist/paceline-1.0-py3-none-any.whl[server]'",
        ),
        (
            {"url": "https://example.org/paceline.git", "vcs_info": {"vcs": "git", "commit_id": "4f2c"}},
            "pip install 'paceline[server] @ git+https://example.org/paceline.git'",
        ),
        (
            {"url": "https://example.org/paceline-1.0.tar.gz", "archive_info": {}},
            "pip install 'paceline[server] @ https://example.org/paceline-1.0.tar.gz'",
        ),
        ("damaged", "pip install 'paceline[server]'"),
    ],
)
def test_an_extra_comes_from_where_paceline_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: object, command: str
) -> None:
    """
    A checkout, a wheel or a repository is named as it was given; without such a record it is the name in an index.
    """
    folder = tmp_path / "paceline-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: paceline\nVersion: 1.0\n", "utf-8")
    if origin is not None:
        (folder / "direct_url.json").write_text("{" if origin == "damaged" else json.dumps(origin), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    assert install_command("server") == command
