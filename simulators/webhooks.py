"""Telling the platform what happened, as PSPs do: signed, at least once, in no particular order.

    duplicate     sent again, up to four times more
    late          held back for up to `late_seconds`, so that later news overtake it
    lost          never sent; where the PSP would never give up (Adyen), only its first try is lost
    forged        as well as the real one, a copy under a wrong secret
    stale         as well as the real one, a copy that was signed eleven minutes ago
    tampered      as well as the real one, a copy with one byte changed after signing

Whatever is not answered with 2xx is sent again after growing pauses. Times on the wire are real ones,
however far the virtual clock has run: the platform's own clock has not.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Protocol
from urllib.parse import urlsplit

NAMES = frozenset(("duplicate", "late", "lost", "forged", "stale", "tampered"))
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # Seconds between tries; the last one for ever.
STALE_SECONDS = 660.0
PATIENCE = 10.0  # Seconds for an answer.
AT_ONCE = 16  # Connections to the platform.
_SETTINGS = frozenset(("url", "seed", "probabilities", "late_seconds", "next"))


class Envelope(Protocol):
    """A notification as headers and body, signed `at` that moment, under `secret` or the usual one."""

    def __call__(self, told: Any, *, at: float, secret: str) -> tuple[dict[str, str], bytes]: ...


class Webhooks:
    """The notifications of one simulator; nothing is sent while there is no address to send it to."""

    def __init__(self, envelope: Envelope, *, gives_up: bool = True) -> None:
        self._envelope = envelope
        self.gives_up = gives_up  # False: what is "lost" is only late.
        self._random = random.Random(1)
        self.counts: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._doors = asyncio.Semaphore(AT_ONCE)
        self.waiting = 0  # Told, and not acknowledged yet.
        self.configure({})

    def configure(self, settings: dict[str, Any]) -> None:
        """`probabilities` and `next` (faults of the next notifications, "none" among them) replace the
        earlier ones; the address stays unless a new one is given. Raises ValueError."""
        if unknown := settings.keys() - _SETTINGS:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        probabilities = dict(settings.get("probabilities") or {})
        script = list(settings.get("next") or [])
        for name in (*probabilities, *script):
            if name != "none" and name not in NAMES:
                raise ValueError(f"no such fault of a webhook: {name}")
        if "seed" in settings:
            self._random.seed(settings["seed"])
        self.url: str = settings.get("url", getattr(self, "url", ""))
        self.probabilities: dict[str, float] = probabilities
        self.next: list[str] = script
        self.late_seconds = float(settings.get("late_seconds", 3.0))

    def tell(self, told: Any) -> None:
        """Send it soon. `told` is whatever the PSP's envelope() understands."""
        self.counts["told"] += 1
        if not self.url:
            return
        self._run(self._see_through(told, self._mood()))

    def page(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "probabilities": self.probabilities,
            "waiting": self.waiting,
            "counts": dict(self.counts),
        }

    def _mood(self) -> set[str]:
        if self.next:
            name = self.next.pop(0)
            return set() if name == "none" else {name}
        return {name for name, p in self.probabilities.items() if self._random.random() < p}

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)  # Kept, so that it is not collected.
        task.add_done_callback(self._tasks.discard)

    async def _see_through(self, told: Any, mood: set[str]) -> None:
        for fault in mood:
            self.counts[fault] += 1
        if "lost" in mood and self.gives_up:
            return
        now = time.time()
        if "forged" in mood:
            await self._post(*self._envelope(told, at=now, secret="wrong"))  # noqa: S106
        if "stale" in mood:
            await self._post(*self._envelope(told, at=now - STALE_SECONDS, secret=""))
        if "tampered" in mood:
            headers, body = self._envelope(told, at=now, secret="")
            await self._post(headers, _with_one_byte_changed(body))
        self.waiting += 1
        try:
            if "late" in mood:
                await asyncio.sleep(self._random.uniform(0.0, self.late_seconds))
            if "lost" in mood:
                await asyncio.sleep(PAUSES[0])
            for attempt in range(1 << 30):
                # Signed anew each time, as the PSPs do.
                status = await self._post(*self._envelope(told, at=time.time(), secret=""))
                if 200 <= status < 300:
                    break
                await asyncio.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])
            self.counts["acknowledged"] += 1
        finally:
            self.waiting -= 1
        if "duplicate" in mood:
            for _ in range(self._random.randint(1, 4)):
                await self._post(*self._envelope(told, at=time.time(), secret=""))

    async def _post(self, headers: dict[str, str], body: bytes) -> int:
        """The status of the answer; 0 when there was none."""
        parts = urlsplit(self.url)
        head = f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        for name, value in headers.items():
            head += f"{name}: {value}\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        async with self._doors:
            self.counts["sent"] += 1
            try:
                status = await asyncio.wait_for(
                    _exchange(parts.hostname or "", parts.port or 80, head.encode() + body),
                    PATIENCE,
                )
            except (OSError, ValueError, IndexError, TimeoutError):
                status = 0
        self.counts[f"status {status}"] += 1
        return status


async def _exchange(host: str, port: int, request: bytes) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        await writer.drain()
        line = await reader.readline()
        await reader.read()
        return int(line.split()[1])
    finally:
        writer.close()


def _with_one_byte_changed(body: bytes) -> bytes:
    """A digit in the middle, so that it may still parse, and says something else."""
    for at in range(len(body) // 2, len(body)):
        if body[at : at + 1].isdigit():
            return body[:at] + bytes([48 + (body[at] - 47) % 10]) + body[at + 1 :]
    return body + b" "
