"""
What is to be done in a Grafana, from what it has; nothing is asked here and nothing written.
"""

import hashlib
from collections.abc import Iterable, Sequence
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


class ApiRequest(Struct, frozen=True):
    """
    What is asked of Grafana's HTTP API.
    """

    method: str
    path: str
    body: Json


class InstallStep(Struct, frozen=True, kw_only=True):
    """
    One thing, what becomes of it, and why; `request` does it.
    """

    what: str
    action: Action
    reason: str = ""
    request: ApiRequest | None = None


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

    `folder` is the uid of the dashboards' folder; dashboards that are in another one go there where `is_moving`.
    `force` replaces what others wrote. `trace_link` is the address of the link to traces, "" for none.
    """

    version: str
    folder: str
    is_moving: bool = False
    sources: Sequence[DataSource] = ()
    force: bool = False
    trace_link: str = ""


class Named(Struct, frozen=True, kw_only=True):
    """
    What a title belongs to; `folder` is "" where it is in none, as folders are.
    """

    uid: str
    title: str
    folder: str
    is_folder: bool


def folder_step(uid: str, title: str, found: Json | None, named: Iterable[Named]) -> InstallStep:
    """
    A folder is made once, and left as it is then.
    """
    if found is not None:
        return InstallStep(what=f"folder {found['title']}", action=Action.KEEP)
    what = f"folder {title}"
    # Grafana up to 10 has one namespace for folders and for dashboards without a folder.
    if other := _other(named, uid, title, ""):
        advice = f"--folder {other.uid} puts the dashboards there" if other.is_folder else "rename the dashboard"
        namesake = "another folder" if other.is_folder else "a dashboard"
        said = f"{namesake} has this name, with the uid {other.uid}; {advice}"
        return InstallStep(what=what, action=Action.REFUSE, reason=said)
    return InstallStep(
        what=what, action=Action.CREATE, request=ApiRequest("POST", "/api/folders", {"uid": uid, "title": title})
    )


def source_step(source: DataSource, found: Json | None, namesake: Json | None, *, force: bool) -> InstallStep:
    """
    A data source is made once; what was set beside its address, for example who asks, stays.
    """
    what = f"data source {source.name}"
    if namesake is not None and namesake["uid"] != source.uid:
        said = f"another data source has this name, with the uid {namesake['uid']}; rename it"
        return InstallStep(what=what, action=Action.REFUSE, reason=said)
    if found is None:
        return InstallStep(
            what=what, action=Action.CREATE, request=ApiRequest("POST", "/api/datasources", source.as_json())
        )
    if (found["type"], found["url"].rstrip("/")) == (source.kind, source.address.rstrip("/")):
        return InstallStep(what=what, action=Action.KEEP)
    if found.get("readOnly"):
        return InstallStep(what=what, action=Action.REFUSE, reason="Grafana reads it from a file")
    if not force:
        said = f"it is a {found['type']} at {found['url']}; --force points it to {source.address}"
        return InstallStep(what=what, action=Action.REFUSE, reason=said)
    body = {**found, "type": source.kind, "url": source.address}
    return InstallStep(
        what=what, action=Action.UPDATE, request=ApiRequest("PUT", f"/api/datasources/uid/{source.uid}", body)
    )


class Found(Struct, frozen=True, kw_only=True):
    """
    A dashboard that is there: the number of its last version, who saved that and what was said of it.
    """

    version: int
    author: str
    message: str
    folder: str
    is_provisioned: bool


def dashboard_step(board: Json, found: Found | None, wanted: Wanted, named: Iterable[Named]) -> InstallStep:
    """
    A dashboard is written over where its last version is Paceline's, and stays where it is unless it is to be moved.
    """
    folder = wanted.folder if found is None or wanted.is_moving else found.folder
    # Grafana up to 10 takes no title twice in a folder, and to overwrite would be to lose the other one.
    if other := _other(named, board["uid"], board["title"], folder):
        said = (
            f"the folder has another dashboard of this title, with the uid {other.uid}; "
            "rename it, or choose another --folder"
        )
        return _refused(board, said)
    mark = _mark(board, wanted.version)
    if found is None:
        return _step(board, Action.CREATE, request=_saving(board, folder, mark))
    if found.is_provisioned:
        return _refused(board, "Grafana reads it from a file")
    if not wanted.force and not found.message.startswith(_OURS):
        said = f"its version {found.version}, by {found.author}, is not Paceline's"
        return _refused(board, f"{said}; --force replaces it, and Grafana keeps the old version")
    if found.message == mark and found.folder == folder:
        return _step(board, Action.KEEP, _whereabouts(found, wanted))
    # The version that was looked at: Grafana refuses where somebody saved another meanwhile.
    changed = {**board, "version": found.version}
    return _step(board, Action.UPDATE, _whereabouts(found, wanted), _saving(changed, folder, mark))


def _step(board: Json, action: Action, reason: str = "", request: ApiRequest | None = None) -> InstallStep:
    return InstallStep(what=f"dashboard {board['title']}", action=action, reason=reason, request=request)


def _refused(board: Json, reason: str) -> InstallStep:
    return _step(board, Action.REFUSE, reason)


def _whereabouts(found: Found, wanted: Wanted) -> str:
    if found.folder == wanted.folder:
        return ""
    place = f"the folder {found.folder}" if found.folder else "no folder"
    return f"from {place}" if wanted.is_moving else f"it is in {place}; --folder {wanted.folder} moves it"


def _other(named: Iterable[Named], uid: str, title: str, folder: str) -> Named | None:
    same = (one for one in named if one.title.casefold() == title.casefold() and one.folder == folder)
    return next((one for one in same if one.uid != uid), None)


def _mark(board: Json, version: str) -> str:
    content = hashlib.sha256(msgspec.json.encode(board, order="sorted")).hexdigest()[:_LETTERS]
    return f"{_OURS}{version}, {content}"


def _saving(board: Json, folder: str, mark: str) -> ApiRequest:
    body = {"dashboard": board, "folderUid": folder, "message": mark, "overwrite": False}
    return ApiRequest("POST", "/api/dashboards/db", body)
