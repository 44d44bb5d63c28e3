"""What the adapters share of the wire: time-outs that hold, certainty about what was sent, exact exponents."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from time import monotonic
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from kernel.clock import now
from paygate.psp.overheard import Heard, listener

#: TLS failures that end the handshake, before a byte of the request is written.
_HANDSHAKE = {
    "CERTIFICATE_VERIFY_FAILED",
    "WRONG_VERSION_NUMBER",
    "UNSUPPORTED_PROTOCOL",
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "TLSV1_ALERT_PROTOCOL_VERSION",
}


def never_left(error: BaseException) -> bool:
    """Is it certain that the request which failed with `error` did not leave the building?

    Yes for a refused connection, a name that does not resolve, a connect time-out and a failed TLS
    handshake. No for everything else: a kept-alive connection that died under the request looks
    alike (requests calls both ConnectionError), so the errors underneath are what counts. All three
    SDKs talk through requests, which talks through urllib3.
    """
    seen: list[BaseException] = []
    beneath: list[object] = [error]
    while beneath:
        cause = beneath.pop()
        if not isinstance(cause, BaseException) or cause in seen:
            continue
        if isinstance(cause, ConnectTimeoutError | NewConnectionError):
            return True
        if isinstance(cause, ssl.SSLError) and cause.reason in _HANDSHAKE:
            return True
        seen.append(cause)
        beneath += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return False


class Inexpressible(ValueError):
    """The PSP has no number for this amount: it counts the currency in coarser units than we do."""


def rescaled(minor: int, *, decimals: int, to: int) -> int:
    """An amount of `decimals` decimals, written with `to`. Raises Inexpressible, never rounds."""
    scale: int = 10 ** abs(to - decimals)
    if to >= decimals:
        return minor * scale
    coarser, rest = divmod(minor, scale)
    if rest:
        raise Inexpressible(f"{minor} with {decimals} decimals cannot be written with {to}")
    return coarser


def punctual(session: requests.Session) -> requests.Session:
    """Make the session's read time-out the time for a whole answer; returns the session.

    Everywhere else it is the time between two bytes, and a PSP that sends one now and then would
    keep a worker for as long as it likes.
    """
    if not isinstance(session.get_adapter("https://"), _PunctualAdapter):
        session.mount("http://", _PunctualAdapter())
        session.mount("https://", _PunctualAdapter())
    return session


def session_for(address: str) -> requests.Session:
    """A punctual session for one address.

    It reads proxies and certificates from the environment once: requests does so for each call,
    a fifth of its cost, and lets a .netrc overrule our credentials.
    """
    made = punctual(requests.Session())
    found = made.merge_environment_settings(address, {}, False, None, None)
    made.proxies, made.verify, made.cert = found["proxies"], found["verify"], found["cert"]
    made.trust_env = False
    return made


class _PunctualReader(io.RawIOBase):
    """Reads from a socket until the time-out that the socket has now is over."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw, self._sock = raw, sock
        self._allowed = sock.gettimeout()
        self._until = None if self._allowed is None else monotonic() + self._allowed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._until is not None:
            left = self._until - monotonic()
            if left <= 0:
                raise TimeoutError("the answer was not complete in time")
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed and self._sock.fileno() >= 0:
            self._sock.settimeout(self._allowed)  # For the next request on the connection.
        self._raw.close()
        super().close()


class _PunctualResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_PunctualReader(self.fp.detach(), sock))


class _PunctualConnection(HTTPConnection):
    response_class = _PunctualResponse


class _PunctualSecureConnection(HTTPSConnection):
    response_class = _PunctualResponse


class _PunctualPool(HTTPConnectionPool):
    ConnectionCls = _PunctualConnection


class _PunctualSecurePool(HTTPSConnectionPool):
    ConnectionCls = _PunctualSecureConnection


class _PunctualAdapter(HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """As it does; and tell whoever listens (paygate.psp.overheard)."""
        heard = listener()
        if heard is None:
            return super().send(request, *args, **kwargs)
        at, begun = now(), monotonic()
        answer, error = None, ""
        try:
            answer = super().send(request, *args, **kwargs)
            return answer
        except Exception as failure:
            error = type(failure).__name__
            raise
        finally:
            spent = round((monotonic() - begun) * 1000)
            heard.append(Heard(request, answer, error, at, spent))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _PunctualPool,
            "https": _PunctualSecurePool,
        }
