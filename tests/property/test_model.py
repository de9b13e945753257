"""
Laws of the run document.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.documents import decode_run, encode_run
from paceline.errors import DocumentError
from paceline.model import Run
from property.strategies import json_values, runs, texts


@given(run=runs)
def test_a_run_is_read_back_as_it_was_written(run: Run) -> None:
    """
    decode(encode(run)) == run.
    """
    assert decode_run(encode_run(run), "run") == run


@given(run=runs, unknown=st.dictionaries(texts.map("x{}".format), json_values, min_size=1, max_size=3))
def test_unknown_fields_are_written_again(run: Run, unknown: dict[str, Any]) -> None:
    """
    encode(decode(document)) has the content of the document, whatever fields its objects have beside the known ones.
    """
    document = json.loads(encode_run(run))
    for place in (document, document["machine"], *document["cases"], *document["verdicts"]):
        place.update(unknown)
    newer = decode_run(json.dumps(document).encode(), "run")

    assert json.loads(encode_run(newer)) == document
    assert decode_run(encode_run(newer), "run") == newer


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
