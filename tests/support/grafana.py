"""
A stand-in for Grafana, which no package here installs: its HTTP API as version 9.4 answers, as far as it is used.

What it does was read off a real one: a dashboard gets a new version whenever it is saved, and is not saved over another
version than the one that was looked at; titles and names are taken once; whoever is no admin is refused
what is not there, too.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote

from support.serving import REASON, serving

Json = dict[str, Any]
_ROLES = ("glsa_viewer", "glsa_editor", "glsa_admin")
_Answer = tuple[int, Json | list[Json]]
_REFUSED: _Answer = (403, {"message": "You'll need additional permissions to perform this action."})


@dataclass
class Dashboard:
    """
    What is saved, and what was said of each version.
    """

    content: Json
    folder: str
    messages: list[str]
    provisioned: bool = False


@dataclass
class FakeGrafana:
    """
    What it has. A token names a role; `meanwhile` happens before each write.
    """

    url: str = ""
    folders: dict[str, Json] = field(default_factory=dict)
    sources: dict[str, Json] = field(default_factory=dict)
    dashboards: dict[str, Dashboard] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    meanwhile: Callable[[], object] = int

    def save(self, uid: str, message: str = "", **changes: object) -> None:
        """
        Save a dashboard, as a person does.
        """
        found = self.dashboards.setdefault(uid, Dashboard({"uid": uid}, "", []))
        found.content |= changes
        found.messages.append(message)

    def answer(self, method: str, path: str, token: str, body: Json) -> _Answer:
        if path == "/api/health":
            return 200, {"database": "ok", "version": "9.4.0"}
        if token not in _ROLES:
            return 401, {"message": "invalid API key" if token else "Unauthorized"}
        level = _ROLES.index(token)
        kind, *rest = unquote(path.removeprefix("/api/")).split("?")[0].split("/")
        if method == "GET":
            return getattr(self, f"_get_{kind}")(level, *rest)  # type: ignore[no-any-return]
        if level < (2 if kind == "datasources" else 1):
            return _REFUSED
        self.meanwhile()
        self.writes.append(f"{method} {path}")
        return getattr(self, f"_put_{kind}")(body)  # type: ignore[no-any-return]

    def _get_folders(self, level: int, uid: str) -> _Answer:
        return _found(self.folders.get(uid), level)

    def _get_search(self, _: int) -> _Answer:
        folders = [{"type": "dash-folder", "uid": one["uid"], "title": one["title"]} for one in self.folders.values()]
        dashboards = [
            {"type": "dash-db", "uid": uid, "title": one.content["title"], "folderUid": one.folder}
            for uid, one in self.dashboards.items()
            if "title" in one.content
        ]
        return 200, folders + dashboards

    def _get_datasources(self, level: int, key: str, value: str) -> _Answer:
        found = (one for uid, one in self.sources.items() if value == (uid if key == "uid" else one["name"]))
        return _found(next(found, None), level)

    def _get_dashboards(self, level: int, _: str, uid: str, *version: str) -> _Answer:
        found = self.dashboards.get(uid)
        if found is None:
            return _found(None, level)
        if version:
            return (200, {"message": found.messages[int(version[1]) - 1]}) if level else _REFUSED
        meta = {
            "version": len(found.messages),
            "updatedBy": "anna",
            "folderUid": found.folder,
            "provisioned": found.provisioned,
        }
        return 200, {"meta": meta, "dashboard": found.content}

    def _put_folders(self, body: Json) -> _Answer:
        if body["title"] in {one["title"] for one in self.folders.values()}:
            return 409, {"message": "a folder or dashboard in the general folder with the same name already exists"}
        self.folders[body["uid"]] = body
        return 200, body

    def _put_datasources(self, body: Json) -> _Answer:
        self.sources[body["uid"]] = body
        return 200, body

    def _put_dashboards(self, body: Json) -> _Answer:
        content = body["dashboard"]
        found = self.dashboards.setdefault(content["uid"], Dashboard({}, "", []))
        if found.messages and content["version"] != len(found.messages):
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        found.content, found.folder = content, body["folderUid"]
        found.messages.append(body["message"])
        return 200, {"uid": content["uid"], "status": "success"}


def _found(thing: Json | None, level: int) -> _Answer:
    if thing is not None:
        return 200, thing
    return (404, {"message": "not found"}) if level == len(_ROLES) - 1 else _REFUSED


@contextmanager
def grafana() -> Iterator[FakeGrafana]:
    """
    One on loopback.
    """
    state = FakeGrafana()
    with serving(_handler(state)) as state.url:
        yield state


def _handler(state: FakeGrafana) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            status, body = state.answer(self.command, self.path, token, json.loads(sent or "{}"))
            self.send_response(status, REASON)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_GET = do_POST = do_PUT = _handle  # noqa: N815 - as the server calls them

        def log_message(self, *_: object) -> None:
            pass

    return Handler
