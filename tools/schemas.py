"""
The run document as JSON Schema, and the HTTP interface of the exporter as OpenAPI.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.json import schema_components

from paceline.live_report import LiveReport
from paceline.model import Run
from paceline.server.app import HEALTHY, LIVE, READY, RUNS
from paceline.server.response_texts import Acknowledgement
from paceline.values import UNKNOWN_FIELDS
from paceline.version import __version__

_Json = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ERROR = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
_REFUSALS = {
    "400": "The body is not valid, is of a newer version, or has too many tests or values.",
    "401": "The exporter has tokens, and the request has none of them.",
    "408": "The body was not whole in time.",
    "413": "The body is too large.",
    "415": "The type or the encoding of the body is not supported.",
}
_COMPONENT = "#/components/schemas/{name}"
_TEXT_FORMATS = ("text/plain", "application/openmetrics-text")


def schema_files() -> dict[str, str]:
    """
    The text of both files, by its path from the root of the repository.
    """
    return {
        "docs/reference/run-document.schema.json": _text(run_schema()),
        "docs/reference/exporter.openapi.json": _text(_openapi()),
    }


def run_schema() -> _Json:
    """
    The JSON Schema of a run document.
    """
    (reference,), parts = schema_components([Run], ref_template="#/$defs/{name}")
    return {"$schema": _DIALECT, "title": "Run document of Paceline", **reference, "$defs": _portable(parts)}


def _openapi() -> _Json:
    (run, live, receipt), parts = schema_components(
        [Run, LiveReport, Acknowledgement], ref_template="#/components/schemas/{name}"
    )
    refusals = {status: _answer(reason, {"application/json": _ERROR}) for status, reason in _REFUSALS.items()}
    conflict = _answer("Another run has this id.", {"application/json": _ERROR})
    busy = _answer("It cannot be written now; try again after Retry-After.", {"application/json": _ERROR})
    taken = {"application/json": receipt}
    sent = {"201": _answer("The run is on the disk.", taken), "200": _answer("It was there already.", taken)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Exporter of Paceline", "version": __version__, "license": {"name": "MIT"}},
        "jsonSchemaDialect": _DIALECT,
        "security": [{}, {"user": []}],
        "paths": {
            "/": _get("A page for a person.", ["text/html"]),
            HEALTHY: _get(
                "200 while the exporter serves, 503 where it hangs.", ["text/plain"], is_open=True, hangs=True
            ),
            READY: _get("200 while the exporter serves.", ["text/plain"], is_open=True),
            "/metrics": _get("State: counters, and what runs now.", _TEXT_FORMATS),
            "/metrics/runs": _get("Run samples, stamped with the end of the run.", _TEXT_FORMATS),
            RUNS: _post("Send a run.", run, {**sent, **refusals, "409": conflict, "503": busy}),
            LIVE: _post("Report a run under way.", live, {"204": _answer("Taken.", {}), **refusals, "503": busy}),
        },
        "components": {
            "schemas": _portable(parts),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "user": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _get(summary: str, types: Sequence[str], *, is_open: bool = False, hangs: bool = False) -> _Json:
    content = {kind: {"type": "string"} for kind in types}
    failing = {"503": _answer("The exporter hangs.", {"text/plain": {"type": "string"}})} if hangs else {}
    security: _Json = {"security": [{}]} if is_open else {}
    return {"get": {"summary": summary, "responses": {"200": _answer(summary, content), **failing}, **security}}


def _post(summary: str, body: _Json, answers: _Json) -> _Json:
    encoding = {
        "name": "Content-Encoding",
        "in": "header",
        "schema": {"type": "string", "enum": ["gzip", "identity"]},
        "description": "The body may be compressed with gzip.",
    }
    request = {"required": True, "content": {"application/json": {"schema": body}}}
    security: list[_Json] = [{}, {"token": []}]
    inner = {"summary": summary, "parameters": [encoding], "requestBody": request, "responses": answers}
    return {"post": {**inner, "security": security}}


def _answer(description: str, content: Mapping[str, _Json]) -> _Json:
    return {"description": description, "content": {kind: {"schema": schema} for kind, schema in content.items()}}


def _portable(part: Any) -> Any:  # noqa: ANN401 - any JSON
    """
    A schema without Python's own pattern for the end of a text and the mark of fields of a newer release, which
    may come at any place.
    """
    if isinstance(part, list):
        return [_portable(one) for one in part]
    if isinstance(part, str):
        return part.replace(r"\Z", "$")
    if not isinstance(part, dict):
        return part
    left_out = {"additionalProperties"} if part.get("additionalProperties") is False else set()
    return {name: _portable(one) for name, one in part.items() if name not in left_out and name != UNKNOWN_FIELDS}


def _text(content: _Json) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=False) + "\n"
