"""What goes over the wire to a PSP and comes back, for whoever listens in this thread.

    with overhear() as heard:
        gateway.send(request)

Nothing is copied and nothing is read that the adapter would not have read: what listens costs a call two objects.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import requests


@dataclass(frozen=True, slots=True)
class Heard:
    """One request, and its answer as far as there was one."""

    request: requests.PreparedRequest
    answer: requests.Response | None
    error: str  # The name of what went wrong; "" where there was an answer.
    at: datetime
    milliseconds: int  # Until the answer began.

    @property
    def path(self) -> str:
        """Without the query, which is told with the body."""
        return urlsplit(self.request.url or "").path

    @property
    def query(self) -> str:
        return urlsplit(self.request.url or "").query

    @property
    def asked(self) -> bytes:
        """The body as it was sent; nothing of what is sent in pieces."""
        body = self.request.body
        return body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""

    @property
    def answered(self) -> bytes:
        """The body as far as the adapter has read it whole."""
        read = vars(self.answer).get("_content") if self.answer is not None else None
        return read if isinstance(read, bytes) else b""


_listening = threading.local()


@contextmanager
def overhear() -> Iterator[list[Heard]]:
    """What this thread says to PSPs, and hears of them, within."""
    before, heard = listener(), list[Heard]()
    _listening.heard = heard
    try:
        yield heard
    finally:
        _listening.heard = before


def listener() -> list[Heard] | None:
    """To be added to by whoever talks; None where nobody listens."""
    return getattr(_listening, "heard", None)
