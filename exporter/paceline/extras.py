"""
The command that installs an extra of Paceline from where Paceline itself was installed.
"""

from importlib.metadata import PackageNotFoundError, distribution
from urllib.parse import urlsplit
from urllib.request import url2pathname

from msgspec import DecodeError, Struct, json

_NAME = "paceline"


class _Folder(Struct):
    editable: bool = False


class _Repository(Struct):
    vcs: str


class _Origin(Struct):
    """
    The file `direct_url.json` that pip and uv write where a package was not installed by its name from an index.
    """

    url: str
    dir_info: _Folder | None = None
    vcs_info: _Repository | None = None


def install_command(extra: str) -> str:
    """
    The command that adds an extra: `pip install 'paceline[server]'`, or with the path or address in place of the name.
    """
    origin = _origin()
    if origin is None:
        return f"pip install '{_NAME}[{extra}]'"
    parts = urlsplit(origin.url)
    if parts.scheme == "file" and origin.vcs_info is None:
        option = "--editable " if origin.dir_info is not None and origin.dir_info.editable else ""
        return f"pip install {option}'{url2pathname(parts.path)}[{extra}]'"
    vcs = f"{origin.vcs_info.vcs}+" if origin.vcs_info is not None else ""
    return f"pip install '{_NAME}[{extra}] @ {vcs}{origin.url}'"


def _origin() -> _Origin | None:
    try:
        text = distribution(_NAME).read_text("direct_url.json")
        return json.decode(text, type=_Origin) if text else None
    except (PackageNotFoundError, OSError, DecodeError):
        return None
