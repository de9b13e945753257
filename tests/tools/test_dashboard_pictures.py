"""
The pictures of dashboards: what they show, and the packages that draw them.
"""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs

from paceline.verdict_kinds import VerdictKind
from tools.dashboard_pictures import Picture
from tools.pictured_runs import CART, pictured_runs

_PAGE = Path(__file__).parents[2] / "tools" / "dashboard_page"
_LICENCES = {
    *("MIT", "ISC", "Apache-2.0", "BSD", "0BSD", "MPL-2.0"),
    *("Unlicense", "CC0-1.0", "BlueOak-1.0.0", "OFL-1.1", "Zlib"),
}


def test_a_picture_asks_for_its_dashboard() -> None:
    """
    The address has the dashboard, the theme, the time range and the chosen values, also names with any character.
    """
    name = 'a b&c="d"[%]'
    picture = Picture(board="paceline-test", theme="dark", since="now-30d", values={"test": name}, opened=True)

    asked = parse_qs(picture.address("http://127.0.0.1:9090"))

    assert (asked["board"], asked["theme"], asked["from"]) == (["paceline-test"], ["dark"], ["now-30d"])
    assert (asked["var-test"], asked["opened"]) == ([name], ["yes"])


def test_the_pictured_runs_have_something_to_see() -> None:
    """
    The last run has verdicts of many kinds; a test is slower because of its queries, and some runs are partial.
    """
    runs = pictured_runs(1_795_478_400.0, days=16.0, tests=8)
    last = [run for run in runs if run.branch == "main" and not run.is_partial][-1]
    kinds = {verdict.kind for verdict in last.verdicts}
    (slower,) = (one for one in last.verdicts if one.kind is VerdictKind.REGRESSION and one.case == CART)

    assert kinds >= {VerdictKind.COUNT, VerdictKind.MEASURE, VerdictKind.WORK, VerdictKind.BUDGET, VerdictKind.LEAK}
    assert slower.causes[0].measure == "db_queries"
    assert any(run.is_partial for run in runs)


def test_the_page_uses_exact_versions() -> None:
    """
    The lock has no address of a registry, so that it works with any.
    """
    package = json.loads((_PAGE / "package.json").read_bytes())
    versions = package["dependencies"].values()

    assert [version for version in versions if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    assert "resolved" not in (_PAGE / "package-lock.json").read_text("utf-8")


def test_packages_of_the_page_may_be_used() -> None:
    """
    None is under a licence that reaches further than the package, as the AGPL of Grafana's server does.
    """
    lock = json.loads((_PAGE / "package-lock.json").read_bytes())
    licences = {one["license"] for one in lock["packages"].values() if "license" in one}
    words = {word for licence in licences for word in re.split(r" AND | OR |[()]", licence) if word}

    assert {re.sub("-[23]-Clause", "", word) for word in words} <= _LICENCES
