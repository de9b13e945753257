"""
Hosts that tests of a type may not talk to.
"""

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import NetworkRule, Rules
from paceline.analysis.past import Past
from paceline.model import Case, HostTraffic, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import make_case, make_run

_RULES = Rules(network=NetworkRule(allowed_hosts={"unit": ("localhost", "*.Internal")}))


def test_a_host_that_is_not_allowed_is_one_verdict() -> None:
    """
    On the test that talked to it most, with the number of the others.
    """
    cases = [_talking("test_a", 1), _talking("test_b", 5), _talking("test_c", 2)]
    (verdict,) = _found(*cases)

    assert (verdict.case, verdict.measured, verdict.unit) == ("test_b", 5.0, "requests")
    assert verdict.tests == ("test_a", "test_b", "test_c")
    assert verdict.reason == (
        "5 requests to api.example.com, which no test of type unit may talk to, one of 3 tests that talked to it"
    )


def test_hosts_that_fit_a_pattern_are_allowed() -> None:
    """
    Hosts have no capitals, and patterns may have some.
    """
    assert _found(_talking("test_a", 1, "localhost"), _talking("test_b", 1, "db.internal")) == []


def test_a_type_without_a_line_may_talk_to_any_host() -> None:
    """
    Nothing is assumed of it.
    """
    assert _found(_talking("test_a", 1, test_type="e2e")) == []


def test_a_bare_connection_counts() -> None:
    """
    It may be all that is seen of a library that is not watched.
    """
    (verdict,) = _found(make_case("test_a", hosts=(HostTraffic(host="10.0.0.1", connections=2),)))

    assert verdict.reason == "2 connections to 10.0.0.1, which no test of type unit may talk to"


def test_a_test_that_talked_in_its_last_run_is_no_news() -> None:
    """
    The verdict stands.
    """
    past = Past.from_runs([make_run(1, [_talking("test_a", 1)])])
    (verdict,) = _found(_talking("test_a", 1), past=past)

    assert verdict.standing


def test_a_test_that_talked_to_nobody_in_its_last_run_is_news() -> None:
    """
    Where the probe was on, a run without requests has 0 of them.
    """
    past = Past.from_runs([make_run(1, [make_case("test_a"), _talking("test_b", 1)], probes=("network",))])
    (verdict,) = _found(_talking("test_a", 1), past=past)

    assert not verdict.standing


def _talking(name: str, requests: int, host: str = "api.example.com", test_type: str = "unit") -> Case:
    return make_case(
        name,
        test_type=test_type,
        hosts=(HostTraffic(host=host, requests=requests),),
        usage={UsageKey.NETWORK_REQUESTS: requests},
    )


def _found(*cases: Case, past: Past | None = None) -> list[Verdict]:
    judged = judge(make_run(2, cases), past or Past(), _RULES)
    return [verdict for verdict in judged.verdicts if verdict.kind is VerdictKind.NETWORK]
