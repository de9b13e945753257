"""
The JSON Schema of the run document, and the OpenAPI document of the exporter.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.routing import Route

from paceline.server.app import make_app
from paceline.server.credentials import Credentials
from paceline.server.exporter_settings import ExporterSettings
from paceline.server.service import ExporterService
from support.suite import Suite

_ROOT = Path(__file__).parents[2]
_REFERENCE = _ROOT / "docs" / "reference"
_SCHEMA: dict[str, Any] = json.loads((_REFERENCE / "run-document.schema.json").read_text("utf-8"))
_API: dict[str, Any] = json.loads((_REFERENCE / "exporter.openapi.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """
    The document of a run with a benchmark, a leak test and findings.
    """
    folder = tmp_path_factory.mktemp("suite") / "shop"
    suite = Suite(Path(shutil.copytree(_ROOT / "examples" / "shop", folder)))
    suite.write("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = ['.']\n")
    suite.run("performance", environ={"SHOP_RELEASE": "2"})
    found: dict[str, Any] = json.loads((suite.results / "latest_report.json").read_text("utf-8"))
    assert found["verdicts"]
    return found


def test_a_run_document_fits_the_schema(document: dict[str, Any]) -> None:
    """
    Also with a field that a newer release adds.
    """
    Draft202012Validator.check_schema(_SCHEMA)
    Draft202012Validator(_SCHEMA).validate({**document, "of_a_newer_release": 1})


@pytest.mark.parametrize("change", [{"cases": {}}, {"run_id": "a b"}, {"schema": 2}, {"outcome": "unknown"}], ids=str)
def test_another_document_does_not_fit(document: dict[str, Any], change: dict[str, Any]) -> None:
    """
    The schema has the types, limits and words of the document.
    """
    assert not Draft202012Validator(_SCHEMA).is_valid({**document, **change})


def test_the_document_of_the_exporter_has_its_endpoints(tmp_path: Path) -> None:
    """
    All of them, each with its method; each reference leads to a part of the document.
    """
    app = make_app(ExporterService(ExporterSettings(data=tmp_path)), Credentials(None, None, {}))
    routes = [route for route in app.routes if isinstance(route, Route)]
    served = {(route.path, method) for route in routes for method in route.methods or () if method != "HEAD"}
    described = {(path, method.upper()) for path, methods in _API["paths"].items() for method in methods}
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(_API)))

    assert described == served
    assert named <= set(_API["components"]["schemas"])
