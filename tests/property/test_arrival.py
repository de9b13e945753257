"""
Whatever is sent, the answer is a run or a clear refusal.
"""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from paceline.documents import decode_live_report, decode_run, encode_run
from paceline.errors import DocumentError
from paceline.history.sqlite.same_run import is_same
from paceline.metrics.counters import tally
from paceline.model import Run
from paceline.server.rendered_run import render
from paceline.server.report_checks import read_arrival
from property.strategies import runs
from support.values import EPOCH, make_run

_scalars = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(st.characters(exclude_categories=["Cs"]))
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["schema", "a"]), inner)
)
_documents = st.binary(max_size=200) | _values.map(json.encode)


@given(document=_documents)
def test_anything_else_is_refused(document: bytes) -> None:
    """
    With a DocumentError that names the place, and nothing else.
    """
    with pytest.raises(DocumentError, match="it: "):
        read_arrival(document, "it", EPOCH)
    with suppress(DocumentError):
        decode_live_report(document, "it")


@given(run=runs, place=st.integers(min_value=0), byte=st.binary(min_size=1, max_size=1))
def test_a_run_with_one_wrong_byte_is_taken_or_refused(run: Run, place: int, byte: bytes) -> None:
    """
    And what is taken can be counted and exposed.
    """
    document = encode_run(run)
    place %= len(document)
    with suppress(DocumentError):
        arrived, kept = read_arrival(document[:place] + byte + document[place + 1 :], "it", EPOCH)
        tally(arrived, "main")

        assert render(arrived, 1, ["main"], 1000).samples > 0
        assert decode_run(kept, "it") == arrived
        assert 0 <= arrived.started <= arrived.ended <= EPOCH + 60


_moments = st.lists(st.floats(EPOCH, EPOCH + 1e8), min_size=2, max_size=2).map(sorted)


@given(started=st.floats(0, 3e9), duration=st.floats(0, 1e5), moments=_moments)
def test_a_run_is_the_same_whenever_it_arrives(started: float, duration: float, moments: list[float]) -> None:
    """
    is_same(arrived now, arrived then), whatever its clock said, also where one exporter hands it to another one later.
    """
    document = encode_run(make_run(0, started=started, ended=started + duration))
    (one, kept), (other, _) = (read_arrival(document, "it", now) for now in moments)

    assert is_same(one, other)
    assert is_same(read_arrival(kept, "it", moments[1])[0], other)
