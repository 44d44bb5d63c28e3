"""One POST to an address that a stranger gave us, and nothing besides it.

    resolved once         every address that the name has must be public; we connect to one of those that were
                          looked at, never by the name again, so that a name cannot change in between
    nothing followed      a redirect is an answer like any other; no proxy, no cookie, no retry
    the name is proved    TLS with the name's certificate, whatever address it was
    bounded               a deadline over all of it, lookup, handshake and a dripping answer included, and
                          so many bytes of an answer

Python's http.client reads the answer and does nothing unasked; what it reads from is a socket that keeps to
the bounds. What comes back is an Answer or a NoAnswer; nothing is raised but for bugs.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeAlias

from merchants.notices.addresses import Target, UrlNotAllowed, is_public, read_url

LARGEST = 64 * 1024  # Bytes of an answer, with its headers.
ADDRESSES = 4  # Of one name, that are tried one after the other.

Resolve: TypeAlias = Callable[[str, int], list[Any]]
"""As socket.getaddrinfo with a host and a port."""


class Error(StrEnum):
    """Why there was no answer, or none that is a success; merchants read these."""

    ADDRESS_NOT_ALLOWED = "address_not_allowed"  # By its URL, or by what its name stands for now.
    NAME_NOT_RESOLVED = "name_not_resolved"
    CONNECTION_FAILED = "connection_failed"
    TLS_FAILED = "tls_failed"  # Also a certificate that is not the name's, or has lapsed.
    TIMED_OUT = "timed_out"
    ANSWER_NOT_UNDERSTOOD = "answer_not_understood"  # Not HTTP, or more headers than we read.
    STATUS = "status"  # Answered, and not with 2xx.


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is as much of it as came within the bounds."""

    status: int
    headers: Mapping[str, str]  # Names in lower case.
    body: bytes


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing that could be read as an answer; what was sent may have arrived all the same."""

    error: Error


class _Failed(Exception):
    def __init__(self, error: Error) -> None:
        super().__init__(error)
        self.error = error


class _TooMuch(http.client.HTTPException):
    """More than we read. As far as http.client is concerned, not HTTP."""


@dataclass(slots=True)
class _Bounds:
    """What is left of the time and of the bytes."""

    until: float
    connect: float  # Seconds for one connection to stand.
    bytes: int = LARGEST

    def seconds(self) -> float:
        """Raises TimeoutError when there are none."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def resolve(host: str, port: int) -> list[Any]:
    """All addresses of the name, by the system's resolver."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


@cache
def trust() -> ssl.SSLContext:
    """Whose certificates we believe: those that the system does."""
    return ssl.create_default_context()


def post(
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    may_go_private: bool = False,
    deadline: float = 15.0,
    connect: float = 5.0,
    resolve: Resolve = resolve,
    tls: ssl.SSLContext | None = None,
) -> Answer | NoAnswer:
    """POST the body there; `deadline` is for all of it, `connect` for a connection to stand, in seconds."""
    bounds = _Bounds(time.monotonic() + deadline, connect)
    try:
        target = read_url(url, may_go_private=may_go_private)
        places = _look_up(target, bounds, resolve)
        if not may_go_private and not all(is_public(place[4][0]) for place in places):
            return NoAnswer(Error.ADDRESS_NOT_ALLOWED)
        with _connected(places, bounds) as plain, _secured(plain, target, tls, bounds) as line:
            return _exchange(line, target, body, headers, bounds)
    except UrlNotAllowed:
        return NoAnswer(Error.ADDRESS_NOT_ALLOWED)
    except _Failed as failed:
        return NoAnswer(failed.error)
    except TimeoutError:
        return NoAnswer(Error.TIMED_OUT)
    except http.client.HTTPException:
        return NoAnswer(Error.ANSWER_NOT_UNDERSTOOD)
    except OSError:
        return NoAnswer(Error.CONNECTION_FAILED)


def _look_up(target: Target, bounds: _Bounds, resolve: Resolve) -> list[Any]:
    """In a thread of its own: the system's resolver knows no deadline, and a name server may never answer."""
    if target.address:
        return socket.getaddrinfo(
            target.address, target.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
    found: list[Any] = []

    def look() -> None:
        with suppress(OSError, UnicodeError):
            found.extend(resolve(target.host, target.port))

    looking = threading.Thread(target=look, name="look up", daemon=True)
    looking.start()
    looking.join(bounds.seconds())
    if looking.is_alive():
        raise TimeoutError
    if not found:
        raise _Failed(Error.NAME_NOT_RESOLVED)
    return found


def _connected(places: list[Any], bounds: _Bounds) -> socket.socket:
    """A connection to the first of these addresses that takes one."""
    for family, kind, protocol, _, address in places[:ADDRESSES]:
        line = socket.socket(family, kind, protocol)
        try:
            line.settimeout(min(bounds.connect, bounds.seconds()))
            line.connect(address)
            line.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
            )  # Head and body are two writes.
        except OSError:  # Also a time-out: the next one may be quicker, as long as there is time.
            line.close()
            bounds.seconds()
        else:
            return line
    raise _Failed(Error.CONNECTION_FAILED)


def _secured(
    plain: socket.socket, target: Target, tls: ssl.SSLContext | None, bounds: _Bounds
) -> socket.socket:
    if target.scheme == "http":
        return plain
    plain.settimeout(min(bounds.connect, bounds.seconds()))
    try:
        return (tls or trust()).wrap_socket(plain, server_hostname=target.host)
    except TimeoutError:
        raise
    except (ssl.SSLError, ssl.CertificateError, OSError):
        raise _Failed(Error.TLS_FAILED) from None


def _exchange(
    line: socket.socket,
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
    bounds: _Bounds,
) -> Answer:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = _BoundedSocket(line, bounds)
    connection.request(
        "POST", target.path, body, {"Host": target.authority, "Connection": "close", **headers}
    )
    answer = connection.getresponse()
    return Answer(
        answer.status,
        {name.lower(): value for name, value in answer.getheaders()},
        _as_much_as_comes(answer),
    )


def _as_much_as_comes(answer: http.client.HTTPResponse) -> bytes:
    """The status has been told; a body that ends badly changes nothing of it."""
    read = bytearray()
    with suppress(
        http.client.HTTPException, ValueError, OSError
    ):  # ValueError: no size of a chunk.
        while len(read) < LARGEST and (piece := answer.read1(LARGEST - len(read))):
            read += piece
    return bytes(read)


class _BoundedSocket:
    """What http.client asks of a socket, within the bounds."""

    def __init__(self, line: socket.socket, bounds: _Bounds) -> None:
        self.line = line
        self.bounds = bounds

    def sendall(self, data: Any) -> None:
        left = memoryview(data)
        while left:
            self.line.settimeout(self.bounds.seconds())
            left = left[self.line.send(left) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_BoundedReading(self.line, self.bounds))

    def close(self) -> None:
        """Whoever connected closes."""


class _BoundedReading(io.RawIOBase):
    def __init__(self, line: socket.socket, bounds: _Bounds) -> None:
        self.line = line
        self.bounds = bounds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Raises TooMuch when so many bytes have come."""
        if not self.bounds.bytes:
            raise _TooMuch
        self.line.settimeout(self.bounds.seconds())
        came = self.line.recv_into(memoryview(buffer)[: self.bounds.bytes])
        self.bounds.bytes -= came
        return came
