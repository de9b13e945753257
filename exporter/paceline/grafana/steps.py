"""
What is to be done in a Grafana, from what it has; nothing is asked here and nothing written.
"""

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

Json = dict[str, Any]

# A version of a dashboard that begins so is Paceline's. Grafana keeps what is said of each version, and gives a new
# one to whatever a person saves: so the last one tells whether anybody has changed the dashboard since.
_OURS = "Paceline "
_LETTERS = 12


class Action(StrEnum):
    """
    What becomes of one thing.
    """

    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"
    REFUSE = "refuse"


class Request(Struct, frozen=True):
    """
    What is asked of Grafana's HTTP API.
    """

    method: str
    path: str
    body: Json


class Step(Struct, frozen=True, kw_only=True):
    """
    One thing, what becomes of it, and why; `request` does it.
    """

    what: str
    action: Action
    reason: str = ""
    request: Request | None = None


class DataSource(Struct, frozen=True, kw_only=True):
    """
    A server that Grafana asks; `address` is as Grafana reaches it.
    """

    uid: str
    name: str
    kind: str
    address: str
    settings: Json

    def as_json(self) -> Json:
        """
        The data source as the API takes it.
        """
        return {
            "uid": self.uid,
            "name": self.name,
            "type": self.kind,
            "access": "proxy",
            "url": self.address,
            "jsonData": self.settings,
        }


class Wanted(Struct, frozen=True, kw_only=True):
    """
    What a Grafana is to have beside the dashboards, and which version of Paceline says so.

    `folder` is the uid of the dashboards' folder; `force` replaces what others wrote.
    """

    version: str
    folder: str
    sources: Sequence[DataSource] = ()
    force: bool = False


def folder_step(uid: str, title: str, found: Json | None) -> Step:
    """
    A folder is made once, and left as it is then.
    """
    if found is not None:
        return Step(what=f"folder {found['title']}", action=Action.KEEP)
    return Step(
        what=f"folder {title}",
        action=Action.CREATE,
        request=Request("POST", "/api/folders", {"uid": uid, "title": title}),
    )


def source_step(source: DataSource, found: Json | None, *, force: bool) -> Step:
    """
    A data source is made once; what was set beside its address, for example who asks, stays.
    """
    what = f"data source {source.name}"
    if found is None:
        return Step(what=what, action=Action.CREATE, request=Request("POST", "/api/datasources", source.as_json()))
    if (found["type"], found["url"].rstrip("/")) == (source.kind, source.address.rstrip("/")):
        return Step(what=what, action=Action.KEEP)
    if found.get("readOnly"):
        return Step(what=what, action=Action.REFUSE, reason="it comes from a file of that Grafana")
    if not force:
        said = f"it asks {found['type']} at {found['url']}; --force points it to {source.address}"
        return Step(what=what, action=Action.REFUSE, reason=said)
    body = {**found, "type": source.kind, "url": source.address}
    return Step(what=what, action=Action.UPDATE, request=Request("PUT", f"/api/datasources/uid/{source.uid}", body))


class Found(Struct, frozen=True, kw_only=True):
    """
    A dashboard that is there: the number of its last version, who saved that and what was said of it.
    """

    version: int
    author: str
    message: str
    folder: str
    is_provisioned: bool


def dashboard_step(board: Json, found: Found | None, wanted: Wanted) -> Step:
    """
    A dashboard is written over where its last version is Paceline's, and stays in the folder that it was moved to.
    """
    what = f"dashboard {board['title']}"
    mark = _mark(board, wanted.version)
    if found is None:
        return Step(what=what, action=Action.CREATE, request=_saving(board, wanted.folder, mark))
    if found.is_provisioned:
        return Step(what=what, action=Action.REFUSE, reason="it comes from a file of that Grafana")
    if found.message == mark:
        return Step(what=what, action=Action.KEEP)
    if not wanted.force and not found.message.startswith(_OURS):
        said = f"its version {found.version}, by {found.author}, is not Paceline's"
        return Step(what=what, action=Action.REFUSE, reason=f"{said}; --force replaces it, and Grafana keeps that one")
    # The version that was looked at: Grafana refuses where somebody saved another meanwhile.
    changed = {**board, "version": found.version}
    return Step(what=what, action=Action.UPDATE, request=_saving(changed, found.folder, mark))


def _mark(board: Json, version: str) -> str:
    content = hashlib.sha256(msgspec.json.encode(board, order="sorted")).hexdigest()[:_LETTERS]
    return f"{_OURS}{version}, {content}"


def _saving(board: Json, folder: str, mark: str) -> Request:
    body = {"dashboard": board, "folderUid": folder, "message": mark, "overwrite": False}
    return Request("POST", "/api/dashboards/db", body)
