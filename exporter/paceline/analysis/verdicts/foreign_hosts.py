"""
Hosts that the tests of a type may not talk to, by the setting of the project.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from paceline.analysis.judgement_rules import NetworkRule
from paceline.analysis.past import Past
from paceline.formatting import counted
from paceline.model import Case, HostTraffic, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

_TALKED = (UsageKey.NETWORK_REQUESTS, UsageKey.NETWORK_CONNECTIONS)


def judge_hosts(cases: Sequence[Case], past: Past, rule: NetworkRule) -> Iterator[Verdict]:
    """
    One verdict for each host and test type, on the test that talked to the host most.

    Args:
        cases: of the run.
        past: earlier runs, with the requests and connections of these tests.
        rule: the hosts that each type may talk to.
    """
    found: dict[tuple[str, str], list[tuple[Case, HostTraffic]]] = {}
    for case in cases:
        for traffic in foreign_hosts(case, rule):
            found.setdefault((traffic.host, case.test_type), []).append((case, traffic))
    for (host, test_type), talks in found.items():
        case, traffic = max(talks, key=lambda talk: talk[1].requests + talk[1].connections)
        tests = tuple(other.id for other, _ in talks)
        others = f", one of {len(tests):,} tests that talked to it" if len(tests) > 1 else ""
        yield Verdict(
            kind=VerdictKind.NETWORK,
            severity=Severity.WARNING,
            case=case.id,
            measured=float(traffic.requests or traffic.connections),
            limit=0.0,
            unit="requests" if traffic.requests else "connections",
            tests=tests if len(tests) > 1 else (),
            standing=past.ended_with(case.id, _TALKED),
            reason=f"{_talk(traffic)} to {host}, which no test of type {test_type} may talk to{others}",
        )


def foreign_hosts(case: Case, rule: NetworkRule) -> list[HostTraffic]:
    """
    The hosts that a test talked to and that its type may not talk to.
    """
    allowed = rule.allowed_hosts.get(case.test_type)
    if allowed is None:
        return []
    return [one for one in case.hosts if not any(fnmatchcase(one.host, pattern.lower()) for pattern in allowed)]


def _talk(traffic: HostTraffic) -> str:
    if traffic.requests:
        return counted(traffic.requests, "request")
    return counted(traffic.connections, "connection")
