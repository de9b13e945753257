"""
Documents as a newer release writes them.
"""

import json
from typing import Any

from paceline.documents import encode_run
from paceline.model import Run

FIELD, KIND, OUTCOME, KEY = "from_tomorrow", "slow_fixture", "quarantined", "gpu_seconds"
# Values that a reader may change by accident: spaces and quotes, many digits, a number beyond 64 bits, markup, null.
TOMORROW = {"text": '<b> "x" ', "list": [1, 2.50, None, {}], "number": 123456789012345678901234567890, "small": 1e-30}


def newer(run: Run) -> dict[str, Any]:
    """
    The document of a run with a new field in each of its objects, and with a usage key, a kind of verdict, a severity,
    outcomes, a count and a threshold that are new.
    """
    document: dict[str, Any] = json.loads(encode_run(run))
    machine, cases = document["machine"], document["cases"]
    verdict = {"kind": KIND, "severity": "notice", "case": cases[0]["id"], "reason": "slow <fixture>"}
    cause, since = {"measure": KEY, "before": 1.0, "after": 2.0}, {"run_id": "run-0", "ended": 1.0}
    verdict |= {"causes": [cause], "since": since}
    measure = {"value": 3.0, "unit": "items"}
    cases[0] |= {"usage": {**cases[0].get("usage", {}), KEY: 0.5}, "measures": {"basket": measure}}
    cases.append({"id": "tests/test_new.py::test_new", "family": "f", "test_type": "unit", "outcome": OUTCOME})
    document |= {"outcome": "abandoned", "verdicts": [*document["verdicts"], verdict], "results": [{"kind": "load"}]}
    fixture = {"name": "shop", "scope": "galaxy", "seconds": 1.0}
    cases[-1] |= {"not_measured": "teleported", "lacking": [KEY]}
    document |= {"collected": 3, "accounts": {"measured": 1, "quarantined": 2}, "fixtures": [fixture]}
    document["counts"][KEY] = 1
    document["thresholds"][KEY] = 0.1
    for place in (document, machine, *cases, measure, verdict, cause, since, fixture):
        place[FIELD] = TOMORROW
    return document


def newer_document(run: Run) -> bytes:
    """
    The same as JSON, with the spaces that another encoder may write.
    """
    return json.dumps(newer(run), indent=1).encode()
