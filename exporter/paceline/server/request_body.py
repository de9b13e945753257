"""
The body of a request, read with limits: on what is sent, on what it unpacks to, and on the time that it takes.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Final

from msgspec import Struct
from starlette.requests import ClientDisconnect, Request

from paceline.server.body_memory import TakenMemory

_DRAINED = 4
# The event loop waits while a piece is unpacked, of each body that comes at the same time.
_PIECE = 1 << 18
_GZIP = zlib.MAX_WBITS | 16


class BodyLimits(Struct, frozen=True, kw_only=True):
    """
    In bytes and seconds.
    """

    sent: int = 32 << 20
    unpacked: int = 64 << 20
    seconds: float = 60.0


class RefusedBodyError(Exception):
    """
    A request that is not served; `status` is that of HTTP, the text says what was found and what was expected.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status: Final = status


async def read_body(request: Request, limits: BodyLimits, place: TakenMemory) -> bytes:
    """
    Read the body of a request that brings JSON.

    Raises:
        StorageError: other bodies leave no room for it now.
        RefusedError: the body has another content type, is too large, damaged or too slow.
    """
    chunks = request.stream()
    try:
        return await _unpacked(request, chunks, limits, place)
    except RefusedBodyError:
        await _drain(chunks, limits)
        raise


async def discard_body(request: Request, limits: BodyLimits) -> None:
    """
    Read the body of a request that is refused for another reason.
    """
    await _drain(request.stream(), limits)


async def _unpacked(request: Request, chunks: AsyncIterator[bytes], limits: BodyLimits, place: TakenMemory) -> bytes:
    unpacker = _unpacker(request, limits)
    try:
        async with asyncio.timeout(limits.seconds):
            async for chunk in chunks:
                for count in unpacker.feed(chunk):
                    place.grow(count)
                    await asyncio.sleep(0)  # so that other requests have their turn
    except TimeoutError as error:
        raise RefusedBodyError(408, f"the body: incomplete after {limits.seconds:g} s") from error
    except ClientDisconnect as error:
        raise RefusedBodyError(400, "the body: the connection ended before the end of the body") from error
    return unpacker.content()


async def _drain(chunks: AsyncIterator[bytes], limits: BodyLimits) -> None:
    """
    Whoever is still sending does not see an answer, so that the rest is read and thrown away, up to a limit.
    """
    left = _DRAINED * limits.sent
    with suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(limits.seconds):
            async for chunk in chunks:
                left -= len(chunk)
                if left < 0:
                    return


def _unpacker(request: Request, limits: BodyLimits) -> "_Unpacker":
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedBodyError(415, f"Content-Type: {kind[:100]!r}, expected application/json")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise RefusedBodyError(415, f"Content-Encoding: {encoding[:100]!r}, expected gzip or none")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limits.sent:
        raise RefusedBodyError(413, f"the body: {length} bytes, expected at most {limits.sent}")
    return _Unpacker(limits, is_packed=encoding == "gzip")


class _Unpacker:
    """
    Unpacks as the body comes, so that a small one that unpacks to a huge one is stopped on the way.
    """

    def __init__(self, limits: BodyLimits, *, is_packed: bool) -> None:
        self._limits = limits
        self._is_packed = is_packed
        self._stream = zlib.decompressobj(_GZIP)
        self._sent = 0
        self._content = bytearray()

    def feed(self, chunk: bytes) -> Iterator[int]:
        """
        Take a piece of the body, and say piece by piece by how many bytes the content has grown.
        """
        self._sent += len(chunk)
        if self._sent > self._limits.sent:
            raise RefusedBodyError(413, f"the body: more than {self._limits.sent} bytes")
        if self._is_packed:
            yield from self._unpack(chunk)
        else:
            self._content += chunk
            yield len(chunk)

    def content(self) -> bytes:
        if self._is_packed and not self._stream.eof:
            raise RefusedBodyError(400, "the body: the gzip data ends too early")
        content, self._content = bytes(self._content), bytearray()
        return content

    def _unpack(self, chunk: bytes) -> Iterator[int]:
        while chunk:
            if self._stream.eof:  # several members, one after the other, are one body
                self._stream = zlib.decompressobj(_GZIP)
            try:
                piece = self._stream.decompress(chunk, _PIECE)
            except zlib.error as error:
                raise RefusedBodyError(400, f"the body: not gzip data: {error}") from error
            self._content += piece
            if len(self._content) > self._limits.unpacked:
                raise RefusedBodyError(413, f"the body: more than {self._limits.unpacked} bytes when unpacked")
            yield len(piece)
            chunk = self._stream.unused_data or self._stream.unconsumed_tail
