"""
A small double of MongoDB, as no Debian package brings the server: it speaks the wire protocol, keeps documents in
memory, and finds all of a collection whatever the filter.
"""

import socketserver
import struct
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any, Final

import bson

_HEADER: Final = struct.Struct("<iiii")
_OP_QUERY, _OP_REPLY, _OP_MSG = 2004, 1, 2013
_HELLO: Final = {
    "ismaster": True,
    "isWritablePrimary": True,
    "helloOk": True,
    "minWireVersion": 0,
    "maxWireVersion": 21,
    "maxBsonObjectSize": 1 << 24,
    "maxMessageSizeBytes": 48_000_000,
    "maxWriteBatchSize": 100_000,
    "logicalSessionTimeoutMinutes": 30,
}
_OK: Final = {"ok": 1.0}


class _Connection(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        while header := self.rfile.read(_HEADER.size):
            length, request, _, code = _HEADER.unpack(header)
            body = self.rfile.read(length - _HEADER.size)
            if code == _OP_QUERY:
                answer = struct.pack("<iqii", 8, 0, 0, 1) + bson.encode({**_HELLO, **_OK})
                self._send(request, _OP_REPLY, answer)
            elif not struct.unpack_from("<I", body)[0] & 2:  # an answer is wanted
                answer = b"\0\0\0\0\0" + bson.encode({**_OK, **self.server.answer(_message(body))})
                self._send(request, _OP_MSG, answer)
            else:
                self.server.answer(_message(body))

    def _send(self, request: int, code: int, body: bytes) -> None:
        self.wfile.write(_HEADER.pack(_HEADER.size + len(body), 0, request, code) + body)


def _message(body: bytes) -> dict[str, Any]:
    """
    The command of an OP_MSG, with the documents of its sequences.
    """
    place, found = 4, {}
    end = len(body) - (4 if struct.unpack_from("<I", body)[0] & 1 else 0)
    while place < end:
        kind, (length,) = body[place], struct.unpack_from("<i", body, place + 1)
        section = body[place + 1 : place + 1 + length]
        if kind == 0:
            found.update(bson.decode(section))
        else:
            name, _, documents = section[4:].partition(b"\0")
            found[name.decode()] = bson.decode_all(documents)
        place += 1 + length
    return found


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self._collections: defaultdict[str, list[Any]] = defaultdict(list)
        self._cursors: dict[int, list[Any]] = {}
        self._numbers = count(1)

    def answer(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        name = next(iter(command))
        if name in {"hello", "ismaster", "isMaster"}:
            return _HELLO
        if name == "insert":
            self._collections[command[name]] += command["documents"]
            return {"n": len(command["documents"])}
        if name in {"update", "delete"}:
            return {"n": 1, "nModified": 1}
        if name in {"find", "aggregate"}:
            size = command.get("batchSize") or 1000
            return self._batch("firstBatch", command[name], list(self._collections[command[name]]), size)
        if name == "getMore":
            rest = self._cursors.pop(command[name])
            return self._batch("nextBatch", command["collection"], rest, command.get("batchSize") or 1000)
        return {"ok": 0.0, "errmsg": "it exploded", "code": 1} if name == "explode" else {}

    def _batch(self, key: str, collection: str, documents: list[Any], size: int) -> Mapping[str, Any]:
        batch, rest = documents[:size], documents[size:]
        number = next(self._numbers) if rest else 0
        if rest:
            self._cursors[number] = rest
        return {"cursor": {"id": bson.Int64(number), "ns": f"shop.{collection}", key: batch}}


@contextmanager
def mongo() -> Iterator[int]:
    """
    The double.

    Yields:
        its port.
    """
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
