"""
Parts of one run.
"""

import pytest

from paceline.accounts import Account
from paceline.model import FixtureScope, FixtureTime, Run, RunOutcome
from paceline.shards import Shard, gathered, merge, missing_parts, part_of
from support.values import make_case, make_run


@pytest.mark.parametrize(
    ("run_id", "part"),
    [
        ("4711.2of3", Shard("4711", 2, 3)),
        ("a.b.1of1", Shard("a.b", 1, 1)),
        ("4711", None),
        ("4711.4of3", None),
        ("4711.0of3", None),
        (".1of2", None),
    ],
)
def test_the_place_of_a_part_is_in_its_id(run_id: str, part: Shard | None) -> None:
    """
    What has no such end, or one that cannot be, is a run of its own.
    """
    assert part_of(run_id) == part


def _part(number: int, **changes: object) -> Run:
    return make_run(number, [make_case(f"test_{number}")], run_id=f"4711.{number}of2", **changes)


def test_parts_are_one_run() -> None:
    """
    From the first start to the last end, as bad as the worst, with the tests and counts of all.
    """
    whole = merge("4711", [_part(2, counts={"x": 2}), _part(1, outcome=RunOutcome.FAILED, counts={"x": 1, "y": 1})])

    assert (whole.run_id, whole.outcome, whole.is_partial) == ("4711", RunOutcome.FAILED, False)
    assert (whole.started, whole.ended) == (_part(1).started, _part(2).ended)
    assert [case.id for case in whole.cases] == ["test_1", "test_2"]
    assert whole.counts == {"x": 3, "y": 1}


def test_fixtures_of_parts_are_added_up_and_accounts_are_left_out() -> None:
    """
    A test that one part deselects is measured by another, so the accounts of the parts are none of the whole.
    """
    slow = FixtureTime(name="shop", scope=FixtureScope.SESSION, seconds=1.0, cpu_wait_seconds=0.1)
    quick = FixtureTime(name="cart", scope=FixtureScope.FUNCTION, seconds=1.5, setups=3)
    accounts = {"collected": 2, "accounts": {Account.MEASURED: 1, Account.DESELECTED: 1}}
    whole = merge("4711", [_part(1, fixtures=(slow,), **accounts), _part(2, fixtures=(quick, slow), **accounts)])

    found = [(time.name, time.seconds, time.setups, time.cpu_wait_seconds) for time in whole.fixtures]
    assert found == [("shop", 2.0, 2, 0.2), ("cart", 1.5, 3, None)]
    assert (whole.collected, whole.accounts) == (None, {})


def test_the_probes_of_a_run_were_on_in_each_of_its_parts() -> None:
    """
    What one part did not look for may have been there.
    """
    whole = merge("4711", [_part(1, probes=("database", "network")), _part(2, probes=("network",))])

    assert whole.probes == ("network",)


def test_a_run_has_the_reasons_for_which_its_parts_failed() -> None:
    """
    Each once, in the order of the parts.
    """
    whole = merge("4711", [_part(2, failed_by=("a", "b")), _part(1, failed_by=("a",))])

    assert whole.failed_by == ("a", "b")


def test_a_run_without_one_of_its_parts_is_partial() -> None:
    """
    Tests of the rest are not missing for good.
    """
    assert merge("4711", [_part(1)]).is_partial


def test_a_test_of_two_parts_is_there_once() -> None:
    """
    As it was in the part that ended last.
    """
    parts = [make_run(number, [make_case(seconds=number / 10)], run_id=f"4711.{number}of2") for number in (2, 1)]

    assert [case.duration_seconds for case in merge("4711", parts).cases] == [0.2]


def test_ids_of_one_run_are_gathered() -> None:
    """
    Under the id of the whole, unless that is there itself.
    """
    assert gathered(["a.1of2", "b", "a.2of2", "b.1of2"]) == {
        "a": ["a.1of2", "a.2of2"],
        "b": ["b"],
        "b.1of2": ["b.1of2"],
    }


@pytest.mark.parametrize(
    ("run_ids", "missing"), [(["a.1of2", "a.2of2"], []), (["a.2of4", "a.4of4"], [1, 3]), (["a.1of1"], [])]
)
def test_parts_that_are_missing_are_known(run_ids: list[str], missing: list[int]) -> None:
    """
    By their places.
    """
    assert missing_parts(run_ids) == missing
