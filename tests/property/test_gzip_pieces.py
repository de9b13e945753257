"""
Pieces that are compressed one by one are one gzip member.
"""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from paceline.server.gzip_pieces import join, pack

_GZIP = zlib.MAX_WBITS | 16


@given(st.lists(st.text(max_size=50) | st.integers(0, 5000).map("paceline_test_passed 1\n".__mul__), max_size=8))
def test_joined_pieces_are_one_gzip_member(texts: list[str]) -> None:
    """
    gunzip(join(map(pack, texts))) == "".join(texts), with the right checksum, and nothing follows the first member.
    """
    reader = zlib.decompressobj(_GZIP)
    content = reader.decompress(join(map(pack, texts)))

    assert (content.decode(), reader.eof, reader.unused_data) == ("".join(texts), True, b"")
