"""
Vectors in the ledger.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from paceline.history.sqlite.database import NotALedgerError
from paceline.history.sqlite.ledger import Ledger
from paceline.model import Run
from paceline.usage import UsageKey
from paceline.work import Function, Vector, fingerprint_of, packed_work
from support.values import make_case, make_run

_CART = {"shop.cart:total": 3, "shop.cart:price": 40}
_STOCK = {"shop.stock:count": 1}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """
    An empty one.
    """
    return Ledger(tmp_path / "history.sqlite")


def _run(number: int, *vectors: Vector) -> Run:
    prints = {fingerprint_of(vector): vector for vector in vectors}
    cases = [
        make_case(f"t.py::test_{place}", usage={UsageKey.CALLS: 1.0, UsageKey.CALLS_FINGERPRINT: float(one)})
        for place, one in enumerate(prints)
    ]
    functions = [Function(name=name, file="shop.py", line=1) for vector in vectors for name in vector]
    return make_run(number, cases, work=packed_work("all", functions, prints))


def _kept(ledger: Ledger) -> int:
    with closing(sqlite3.connect(ledger.path)) as database:
        return int(database.execute("SELECT count(*) FROM vectors").fetchone()[0])


def test_a_run_comes_back_with_its_vectors(ledger: Ledger) -> None:
    """
    As it was, though they are kept elsewhere.
    """
    run = _run(1, _CART, _STOCK)
    ledger.add(run)

    assert ledger.run(run.run_id) == run


def test_a_vector_is_kept_once(ledger: Ledger) -> None:
    """
    For as long as a run that has it is kept.
    """
    for run in (_run(1, _CART, _STOCK), _run(2, _CART), _run(3, _CART)):
        ledger.add(run)
    before = _kept(ledger)
    ledger.prune(keep=2)

    assert before == 2
    assert ledger.vectors([fingerprint_of(_CART), fingerprint_of(_STOCK)]) == {fingerprint_of(_CART): _CART}
    assert ledger.run("run-2") == _run(2, _CART)


def test_vectors_that_nobody_kept_are_absent(ledger: Ledger) -> None:
    """
    Without a ledger there are none either.
    """
    without = ledger.vectors([1])
    ledger.add(make_run(1, [make_case()]))

    assert without == ledger.vectors([1]) == {}
    assert ledger.run("run-1") == make_run(1, [make_case()])


def test_a_damaged_vector_is_a_damaged_ledger(ledger: Ledger) -> None:
    """
    It is set aside like any other.
    """
    ledger.add(_run(1, _CART))
    with closing(sqlite3.connect(ledger.path)) as database, database:
        database.execute("UPDATE vectors SET content = x'00'")

    with pytest.raises(NotALedgerError, match="the ledger is damaged: a vector of calls cannot be read"):
        ledger.vectors([fingerprint_of(_CART)])
