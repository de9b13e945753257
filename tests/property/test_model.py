"""
Laws of the run document.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.documents import decode_run, encode_run
from paceline.errors import DocumentError
from paceline.model import Run
from property.strategies import runs, texts


@given(run=runs)
def test_a_run_is_read_back_as_it_was_written(run: Run) -> None:
    """
    decode(encode(run)) == run.
    """
    assert decode_run(encode_run(run), "run") == run


@given(run=runs, key=texts, value=st.none() | st.integers() | texts)
def test_an_unknown_key_is_refused(run: Run, key: str, value: object) -> None:
    """
    A document with any other key beside those of a run is no run.
    """
    document = json.dumps(json.loads(encode_run(run)) | {f"x{key}": value}).encode()

    with pytest.raises(DocumentError, match=r"^run: not a run document: "):
        decode_run(document, "run")


@given(run=runs, share=st.floats(min_value=0, max_value=1, exclude_max=True))
def test_half_a_document_is_refused(run: Run, share: float) -> None:
    """
    A document that was cut anywhere is an error, never another run.
    """
    document = encode_run(run)

    with pytest.raises(DocumentError):
        decode_run(document[: int(len(document) * share)], "run")


@given(document=st.binary())
def test_bytes_are_a_run_or_an_error(document: bytes) -> None:
    """
    Whatever a file holds, no other error than DocumentError comes of it.
    """
    with pytest.raises(DocumentError, match=r"^file: "):
        decode_run(document, "file")
