"""
The findings of a run by what they are about, the most costly first.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from paceline.model import Severity
from paceline.report.findings import Finding

_SEVERITIES = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


class Subject(Struct, frozen=True, kw_only=True):
    """
    A test, a file, a fixture or the suite, with all that was found of it; `standing` as its findings are.
    """

    name: str
    standing: bool
    findings: tuple[Finding, ...]


def by_subject(findings: Iterable[Finding]) -> list[Subject]:
    """
    The findings of each subject together, in their order: new before standing, then by severity and added time.
    """
    groups: dict[tuple[bool, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.standing, finding.case), []).append(finding)
    subjects = [
        Subject(name=name, standing=standing, findings=tuple(found)) for (standing, name), found in groups.items()
    ]
    return sorted(subjects, key=_rank)


def _rank(subject: Subject) -> tuple[bool, int, float]:
    severity = min(map(_severity, subject.findings))
    return subject.standing, severity, -max(finding.added_seconds for finding in subject.findings)


def _severity(finding: Finding) -> int:
    return _SEVERITIES.index(finding.severity) if finding.severity in _SEVERITIES else len(_SEVERITIES)


def flattened(subjects: Sequence[Subject]) -> tuple[Finding, ...]:
    """
    The findings of all subjects, in order.
    """
    return tuple(finding for subject in subjects for finding in subject.findings)
