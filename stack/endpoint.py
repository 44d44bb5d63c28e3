"""A merchant's webhook endpoint in the demo: it fails at times, checks every signature, and remembers.

What it has accepted (answered with 2xx) is what the platform may call delivered; the rest must come again.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from standardwebhooks import Webhook, WebhookVerificationError

#: How often it does what, of a hundred deliveries.
MOODS = {"500": 0.06, "302": 0.02, "hangs up": 0.03, "is slow": 0.03}
SLOW = 2.0  # Seconds.


class Endpoint:
    """The endpoints of several merchants at one address, a path each; moody until `calm` is set."""

    def __init__(self, *, seed: int) -> None:
        self.calm = threading.Event()
        self.moods: Counter[str] = Counter()
        self.forged = 0  # What came with a wrong signature: the platform never sends that.
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._secrets: dict[str, Webhook] = {}
        self._accepted: dict[str, str] = {}  # Event id -> merchant.
        self._in_order: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._bodies: dict[str, bytes] = {}
        self.changed_on_retry: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, merchant: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{merchant}"

    def trusts(self, merchant: str, secret: str) -> None:
        """From now on what comes for this merchant must be signed with that secret."""
        self._secrets[merchant] = Webhook(secret)

    def accepted(self, merchant: str) -> set[str]:
        """The ids of the events that this merchant has heard."""
        with self._lock:
            return {event for event, whose in self._accepted.items() if whose == merchant}

    def out_of_order(self) -> list[str]:
        """Objects whose news were first accepted in another order than they happened."""
        with self._lock:
            return [
                f"{subject}: {sequences}"
                for (_, subject), sequences in self._in_order.items()
                if sequences != sorted(sequences)
            ]

    def _mood(self) -> str:
        if self.calm.is_set():
            return ""
        with self._lock:
            point = self._random.random()
            for mood, probability in MOODS.items():
                point -= probability
                if point < 0:
                    self.moods[mood] += 1
                    return mood
        return ""

    def _hear(self, merchant: str, headers: dict[str, str], body: bytes) -> bool:
        try:
            self._secrets[merchant].verify(body, headers)
        except (KeyError, WebhookVerificationError):
            with self._lock:
                self.forged += 1
            return False
        event: dict[str, Any] = json.loads(body)
        with self._lock:
            if self._bodies.setdefault(event["id"], body) != body:
                self.changed_on_retry.append(event["id"])
            if event["id"] not in self._accepted:
                self._accepted[event["id"]] = merchant
                subject = event["data"]["object"].get("id", "")
                self._in_order[merchant, subject].append(event["sequence"])
        return True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                mood = endpoint._mood()
                if mood == "hangs up":
                    self.close_connection = True
                    return
                if mood == "is slow":
                    time.sleep(SLOW)
                if mood in {"500", "302"}:
                    self._answer(int(mood))
                else:
                    known = endpoint._hear(self.path.strip("/"), headers, body)
                    self._answer(200 if known else 401)

            def _answer(self, status: int) -> None:
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:1/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet: the demo has its own report."""

        return Handler
