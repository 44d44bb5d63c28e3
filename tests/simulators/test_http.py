"""The server beneath the simulators: what arrives in pieces, what is kept, what is refused."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.simulators.sdk import StripeMerchant

ASKED = b"GET /_control/clock HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def opened(at_stripe: StripeMerchant) -> Iterator[socket.socket]:
    address = urlsplit(at_stripe.simulator.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        yield connection


def reply(opened: socket.socket) -> bytes:
    """One whole reply; its head says how long the body is."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += opened.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(head.rpartition(b"Content-Length: ")[2])
    while len(body) < length:
        body += opened.recv(65536)
    return head.partition(b"\r\n")[0]


def test_a_connection_is_kept_for_the_next_request(opened: socket.socket) -> None:
    for _ in range(3):
        opened.sendall(ASKED)
        assert reply(opened) == b"HTTP/1.1 200 OK"


def test_a_request_may_arrive_byte_by_byte(opened: socket.socket) -> None:
    body = b'{"next": []}'
    asked = b"POST /_control/faults HTTP/1.1\r\ncontent-LENGTH: %d\r\n\r\n%s" % (len(body), body)
    for byte in asked:
        opened.sendall(bytes([byte]))

    assert reply(opened) == b"HTTP/1.1 200 OK"


def test_a_connection_is_closed_when_that_is_asked_for(opened: socket.socket) -> None:
    opened.sendall(ASKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    assert reply(opened) == b"HTTP/1.1 200 OK"
    assert opened.recv(1) == b""


@pytest.mark.parametrize(
    "asked",
    [
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        b"x" * 70_000,
    ],
)
def test_what_is_not_understood_is_refused_and_ends_the_connection(
    opened: socket.socket, asked: bytes
) -> None:
    opened.sendall(asked)

    assert reply(opened) == b"HTTP/1.1 400 Bad Request"
    assert opened.recv(1) == b""


def test_there_are_no_other_levers(opened: socket.socket) -> None:
    opened.sendall(ASKED.replace(b"clock", b"money"))

    assert reply(opened) == b"HTTP/1.1 404 Not Found"
