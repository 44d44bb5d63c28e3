"""A shop's endpoint as a real server, and events that happen to a merchant's objects."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db.transaction import atomic
from standardwebhooks import Webhook

from kernel.clock import now
from kernel.ids import encode, uuid7
from kernel.outbox.models import OutboxEvent
from kernel.outbox.record import Event, record
from merchants.models import Notice, NoticeAttempt, WebhookEndpoint
from merchants.notices.deliver import deliver_due
from merchants.notices.hear import hear
from merchants.notices.register import Registered, register
from merchants.notices.signing import as_text
from merchants.onboard import Onboarded


@dataclass
class Heard:
    """One request that came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Shop:
    """A server with an endpoint at every path: it answers 200, or what a test has it answer."""

    url: str
    heard: list[Heard] = field(default_factory=list)
    #: What the next requests to a path are answered; the last one stays. A function does as it likes.
    answers: dict[str, list[int | Callable[[Any], None]]] = field(
        default_factory=lambda: defaultdict(lambda: [200])
    )
    lock: threading.Lock = field(default_factory=threading.Lock)

    def at(self, path: str) -> list[Heard]:
        with self.lock:
            return [one for one in self.heard if one.path == path]

    def next_answer(self, path: str) -> int | Callable[[Any], None]:
        with self.lock:
            answers = self.answers[path]
            return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def shop() -> Iterator[Shop]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with here.lock:
                headers = {name.lower(): value for name, value in self.headers.items()}
                here.heard.append(Heard(self.path, headers, body))
            answer = here.next_answer(self.path)
            if callable(answer):
                answer(self)
                return
            self.send_response(answer)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here = Shop(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield here
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def quick(settings: Any) -> None:
    """A schedule of three tries without pauses, and endpoints that have a second."""
    settings.NOTICES_SCHEDULE = [0, 0, 0]
    settings.NOTICES_DEADLINE = 1.0
    settings.NOTICES_CONNECT_TIMEOUT = 0.5


@pytest.fixture
def listens(merchant: Onboarded, shop: Shop) -> Callable[..., Registered]:
    """listens("/hook"): an endpoint of the merchant's at that path of the shop."""

    def build(path: str = "/hook", *, whose: Onboarded = merchant, **changes: Any) -> Registered:
        return register(
            whose.merchant.id,
            **{
                "livemode": False,
                "url": shop.url + path,
                "enabled_events": ["*"],
                "at": now(),
                **changes,
            },
        )

    return build


@pytest.fixture
def happens(merchant: Onboarded) -> Callable[..., list[OutboxEvent]]:
    """happens("pay_a", 1, 2): changes of that object, recorded and told."""

    def build(
        subject: str,
        *sequences: int,
        topic: str = "payment.captured",
        whose: Onboarded = merchant,
        livemode: bool = False,
        told: bool = True,
        body: dict[str, Any] | None = None,
        ago: timedelta = timedelta(),
    ) -> list[OutboxEvent]:
        events = [
            Event(
                merchant_id=whose.merchant.id,
                livemode=livemode,
                topic=topic,
                subject=subject,
                sequence=sequence,
                body=body or {"id": subject, "object": "payment"},
                at=now() - ago,
            )
            for sequence in sequences
        ]
        with atomic():
            record(events)
        written = list(
            OutboxEvent.objects.filter(id__in=[event.id for event in events]).order_by("position")
        )
        if told:
            hear(written)
        return written

    return build


def deliver(*, seconds: float = 5.0) -> int:
    return deliver_due(seconds=seconds)


def verified(heard: Heard, registered: Registered) -> Any:
    """The event that came, verified by the reference library."""
    return Webhook(as_text(registered.secret)).verify(heard.body, heard.headers)


def sequences(heard: list[Heard], registered: Registered) -> list[tuple[str, int]]:
    events = [verified(one, registered) for one in heard]
    return [(event["data"]["object"]["id"], event["sequence"]) for event in events]


def until(there: Callable[[], Any], seconds: float = 10.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := there()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return found


def pay() -> str:
    """The id of some payment."""
    return encode("pay", uuid7())


def statuses() -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for status in Notice.objects.values_list("status", flat=True):
        found[status] += 1
    return dict(found)


def errors() -> list[str]:
    return list(NoticeAttempt.objects.order_by("number", "id").values_list("error", flat=True))


def again(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """The endpoint as it is now."""
    return WebhookEndpoint.objects.get(merchant_id=endpoint.merchant_id, id=endpoint.id)
