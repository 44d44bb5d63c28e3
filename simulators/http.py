"""A small HTTP/1.1 server, cheap enough that a simulator never costs more than what it simulates.

Kept-alive connections, Content-Length bodies, one request at a time on a connection. What a real
server should not do, this one can: answer byte by byte, hang up without a word, reset.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from urllib.parse import unquote

_HEAD_MAX = 1 << 16
_DRIP_SECONDS = 0.2
_REASON = {status.value: status.phrase for status in HTTPStatus}
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time to linger: close() sends RST, not FIN.


class Manner(Enum):
    """How a reply leaves."""

    SEND = auto()
    DRIP = auto()  # One byte each 200 ms.
    CLOSE = auto()  # Not at all: the connection ends without an answer.
    RESET = auto()  # Not at all: the connection breaks.


@dataclass(slots=True)
class Request:
    """One request; header names are in lower case, the query is as it was sent."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Reply:
    """One reply; Content-Length is added on the way out."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    manner: Manner = Manner.SEND


Answer = Callable[[Request], Awaitable[Reply]]


class BadRequest(ValueError):
    """Not HTTP as it is understood here."""


class Connection(asyncio.Protocol):
    """One client's connection: reads a request, has it answered, then reads the next."""

    def __init__(self, answer: Answer, *, body_max: int) -> None:
        self._answer = answer
        self._body_max = body_max
        self._buffer = bytearray()  # A large body comes in a thousand pieces.
        self._busy: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._busy is None:
            self._next()

    def _next(self) -> None:
        try:
            request = self._take()
        except BadRequest as why:
            self._write(Reply(400, str(why).encode(), {"Content-Type": "text/plain"}), close=True)
            return
        if request is not None:
            # Kept, so that the task is not collected; not cancelled when the client goes away: what
            # a PSP has begun it finishes, whether or not somebody still listens.
            self._busy = asyncio.get_running_loop().create_task(self._serve(request))

    def _take(self) -> Request | None:
        """The next whole request in the buffer, or None while it is still arriving."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _HEAD_MAX:
                raise BadRequest("the head of the request is too long")
            return None
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if "transfer-encoding" in headers:
            raise BadRequest("a body needs a Content-Length")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._body_max:
            raise BadRequest("the Content-Length is not one")
        begin, stop = end + 4, end + 4 + int(length)
        if len(self._buffer) < stop:
            return None
        try:
            method, target, _version = first.split(" ")
        except ValueError:
            raise BadRequest("the request line has not three parts") from None
        body = bytes(memoryview(self._buffer)[begin:stop])
        self._buffer = self._buffer[stop:]
        path, _, query = target.partition("?")
        return Request(method, unquote(path), query, headers, body)

    async def _serve(self, request: Request) -> None:
        reply = await self._answer(request)
        match reply.manner:
            case Manner.SEND:
                self._write(reply, close=request.headers.get("connection", "").lower() == "close")
            case Manner.DRIP:
                await self._drip(reply)
            case Manner.CLOSE:
                self._transport.close()
            case Manner.RESET:
                self._reset()
        self._busy = None
        if self._buffer and not self._transport.is_closing():
            self._next()

    def _write(self, reply: Reply, *, close: bool) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(_rendered(reply))
        if close:
            self._transport.close()

    async def _drip(self, reply: Reply) -> None:
        for byte in _rendered(reply):
            if self._transport.is_closing():
                return
            self._transport.write(bytes([byte]))
            await asyncio.sleep(_DRIP_SECONDS)

    def _reset(self) -> None:
        opened: socket.socket | None = self._transport.get_extra_info("socket")
        if opened is not None and not self._transport.is_closing():
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()


def _rendered(reply: Reply) -> bytes:
    head = f"HTTP/1.1 {reply.status} {_REASON.get(reply.status, 'Unknown')}\r\n"
    for name, value in reply.headers.items():
        head += f"{name}: {value}\r\n"
    return f"{head}Content-Length: {len(reply.body)}\r\n\r\n".encode("latin-1") + reply.body


async def listen(answer: Answer, *, host: str, port: int, body_max: int) -> asyncio.Server:
    """Listen on host:port (port 0 takes a free one); `answer` must not raise. `body_max` is in bytes."""
    return await asyncio.get_running_loop().create_server(
        lambda: Connection(answer, body_max=body_max), host, port, backlog=1024
    )
