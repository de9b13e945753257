"""
Texts compressed one by one, which are joined to one gzip member without being compressed again.

The blocks of deflate can stand one after the other where each begins at a byte and refers to no text before it. The
checksum of the whole follows from those of the pieces: appending n bytes multiplies a CRC by x^(8n) modulo its
polynomial. Sources: RFC 1951, RFC 1952, and `crc32_combine` of zlib.
"""

import zlib
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

_FASTEST: Final = 1
# Deflate, no flags, no time, fastest, of an unknown system.
_HEADER: Final = b"\x1f\x8b\x08\0\0\0\0\0\x04\xff"
# A last block with no text.
_END: Final = b"\x03\0"
_POLYNOMIAL: Final = 0xEDB88320
# x^0 of the polynomials that CRC-32 writes with the highest bit last.
_ONE: Final = 1 << 31


class Piece(Struct, frozen=True, kw_only=True):
    """
    A text as blocks of deflate, its checksum and its size, and the factor by which it moves the checksum before it.
    """

    blocks: bytes
    checksum: int
    size: int
    factor: int


def pack(text: str) -> Piece:
    """
    Compress a text.
    """
    content = text.encode()
    compressor = zlib.compressobj(_FASTEST, wbits=-zlib.MAX_WBITS)
    blocks = compressor.compress(content) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return Piece(blocks=blocks, checksum=zlib.crc32(content), size=len(content), factor=_power(8 * len(content)))


def join(pieces: Iterable[Piece]) -> bytes:
    """
    The texts of the pieces, one after the other, as one gzip member.
    """
    parts, checksum, size = [_HEADER], 0, 0
    for piece in pieces:
        parts.append(piece.blocks)
        checksum = _product(piece.factor, checksum) ^ piece.checksum
        size += piece.size
    trailer = checksum.to_bytes(4, "little") + (size % (1 << 32)).to_bytes(4, "little")
    return b"".join([*parts, _END, trailer])


def _power(exponent: int) -> int:
    """
    X to the power of an exponent.
    """
    power, square = _ONE, _ONE >> 1
    while exponent:
        if exponent & 1:
            power = _product(square, power)
        square = _product(square, square)
        exponent >>= 1
    return power


def _product(factor: int, other: int) -> int:
    product = 0
    while factor:
        if factor & _ONE:
            product ^= other
        factor = (factor << 1) & 0xFFFFFFFF
        other = (other >> 1) ^ _POLYNOMIAL if other & 1 else other >> 1
    return product
