"""
`paceline work`, with runs that are kept.
"""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from paceline.history.sqlite.ledger import Ledger
from paceline.model import Run
from paceline.usage import UsageKey
from paceline.work import Function, Vector, fingerprint_of, packed_work
from support.command import Ended, run_command
from support.values import make_case, make_run
from support.wording import ERROR

_TEST = "tests/test_cart.py::test_total"
_BEFORE = {"shop.cart:total": 1, "shop.cart:price": 20}
_AFTER = {"shop.cart:total": 1, "shop.cart:price": 60}
_FUNCTIONS = (Function(name="shop.cart:price", file="shop/cart.py", line=7),)


def _run(number: int, vector: Vector, branch: str) -> Run:
    print_ = fingerprint_of(vector)
    usage = {UsageKey.CALLS: float(sum(vector.values())), UsageKey.CALLS_FINGERPRINT: float(print_)}
    work = packed_work("all", _FUNCTIONS, {print_: vector})
    return make_run(number, [make_case(_TEST, usage=usage)], branch=branch, commit=f"{number}" * 40, work=work)


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Two runs that counted on two branches, and one that did not.
    """
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'shop'\n", "utf-8")
    (tmp_path / "performance_results").mkdir()
    ledger = Ledger(tmp_path / "performance_results" / "history.sqlite")
    for run in (_run(1, _BEFORE, "main"), _run(2, _AFTER, "feature")):
        ledger.add(run)
    ledger.add(replace(make_run(3, [make_case(_TEST)]), branch="feature"))
    monkeypatch.chdir(tmp_path)


def _call(*arguments: str) -> Ended:
    return run_command(["work", *arguments], width=120)


def test_the_function_that_runs_more_often_is_shown() -> None:
    """
    The latest run of each branch that counted is taken.
    """
    lines = _call("diff", "main", "feature").stdout.splitlines()

    assert lines[:2] == ["1 function runs more often, 0 less often", "1 test counted on both sides: 21 → 61 calls"]
    assert lines[-1].split() == ["more", "20", "60", "3.00", "1", "shop.cart:price", "shop/cart.py:7", _TEST]


def test_a_new_function_that_adds_little_is_named(tmp_path: Path) -> None:
    """
    Eight calls are no more work in a test that calls a thousand times; they are no reason to say that nothing changed.
    """
    ledger = Ledger(tmp_path / "performance_results" / "history.sqlite")
    many = {"shop.cart:total": 1000}
    ledger.add(_run(4, many, "old"))
    ledger.add(_run(5, {**many, "shop.cart:tax": 8}, "new"))
    small, same = (_call("diff", "old", head).stdout.splitlines() for head in ("new", "old"))

    assert small == [
        "no test calls clearly more or less often",
        "1 test counted on both sides: 1,000 → 1,008 calls",
        "1 function changes by less than the margin, most shop.cart:tax: 0 → 8 calls",
    ]
    assert same[0] == "no function runs more or less often"


def test_a_pull_request_gets_a_table() -> None:
    """
    With the function as code.
    """
    text = _call("diff", "main", "feature", "--format", "markdown").stdout

    assert text.startswith("### ⚠️ Paceline: 1 function runs more often, 0 less often\n")
    assert "| `shop.cart:price` |" in text


@pytest.mark.parametrize(("pattern", "calls"), [("*:price", [20, 60]), (_TEST, [21, 61])])
def test_the_calls_of_runs_are_listed(pattern: str, calls: list[int]) -> None:
    """
    Of a function in all tests, and of a test.
    """
    rows = json.loads(_call("history", pattern, "--format", "json").stdout)

    assert sorted(row["calls"] for row in rows) == calls
    assert _call("history", pattern).stdout.splitlines()[-1].split()[-1] in {"shop.cart:price", _TEST}


def test_the_calls_of_runs_are_a_table_for_a_pull_request() -> None:
    """
    With the function as code.
    """
    lines = _call("history", "*:price", "--format", "markdown").stdout.splitlines()

    assert lines[0].split("|")[1].strip() == "Ended"
    assert all("| `shop.cart:price` |" in line for line in lines[2:])
    assert len(lines) == 4


def test_what_was_not_counted_is_named() -> None:
    """
    With what to do.
    """
    unknown, uncounted = _call("history", "*:nothing"), _call("diff", "main", "run-3")

    assert unknown.stderr == f"{ERROR}no test or function that was counted matches '*:nothing'\n"
    assert uncounted.stderr == f"{ERROR}run-3: no run counted calls; run `pytest --paceline --paceline-work all`\n"
