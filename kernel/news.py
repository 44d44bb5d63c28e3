"""News between processes: a worker tells the web process whose request waits that the outcome is there.

One channel for each web process, one listening thread in it. News may be lost (Redis is a shortcut);
whoever waits looks into the database from time to time as well.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass, field
from uuid import uuid4

import redis
from django.conf import settings

log = logging.getLogger(__name__)

_SEPARATOR = b"\n"


@dataclass(slots=True)
class Wait:
    """Somebody waiting for one subject's news."""

    subject: str
    heard: threading.Event = field(default_factory=threading.Event)
    message: bytes | None = None


class Listener:
    """This process's ear. `channel` is where to send news for those who wait here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waits: dict[str, list[Wait]] = {}
        self._pid: int | None = None
        self.channel = ""

    def expect(self, subject: str) -> Wait:
        """Begin to wait; do this before setting going what will make the news."""
        wait = Wait(subject)
        with self._lock:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                self._waits = {}
                self.channel = f"news:{os.getpid()}:{uuid4().hex[:8]}"
                threading.Thread(target=self._listen, name="news", daemon=True).start()
            self._waits.setdefault(subject, []).append(wait)
        return wait

    def forget(self, wait: Wait) -> None:
        with self._lock:
            waits = self._waits.get(wait.subject, [])
            if wait in waits:
                waits.remove(wait)
            if not waits:
                self._waits.pop(wait.subject, None)

    def _listen(self) -> None:
        while True:
            try:
                self._hear()
            except Exception as error:  # Also what somebody else wrote there: the ear never dies.
                log.warning("news.deaf", extra={"error": type(error).__name__})
                time.sleep(0.5)

    def _hear(self) -> None:
        # No read time-out here: silence is the normal state of this connection.
        line = redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=None
        )
        ear = line.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        ear.subscribe(self.channel)
        while True:
            news = ear.get_message(timeout=None)
            if news is None:
                continue
            subject, _, message = news["data"].partition(_SEPARATOR)
            with self._lock:
                waits = list(self._waits.get(subject.decode(), ()))
            for wait in waits:
                wait.message = message
                wait.heard.set()


def headline(subject: str, message: bytes) -> bytes:
    """A piece of news as it goes over the channel."""
    return subject.encode() + _SEPARATOR + message


listener = Listener()
