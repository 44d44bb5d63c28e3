"""Stripe as one cheap process that tells: `python -m bench.telling`, its orders as JSON on standard input.

Each event is signed when it is sent, as Stripe does it; by hand, because the SDK would cost more than it measures.
"""

import asyncio
import hashlib
import hmac
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from bench.load import Ask, drive, percentiles

PATH = "/webhooks/stripe"


@dataclass(frozen=True, slots=True)
class Orders:
    """Of each client's events the share `again` are told a second time. They are about the `intents` in turn:
    each a PaymentIntent as Stripe would show it."""

    api: str
    secret: str
    intents: list[dict[str, Any]]
    again: float
    clients: int
    seconds: float
    seed: int = 1


async def run(orders: Orders) -> dict[str, Any]:
    """Deliveries that were accepted, other statuses, latency in milliseconds, and our own CPU."""
    heard = await drive(
        orders.api,
        [events(orders, number) for number in range(orders.clients)],
        seconds=orders.seconds,
    )
    accepted = heard.statuses.pop("200", 0)
    return {
        "clients": orders.clients,
        "accepted": accepted,
        "seconds": heard.seconds,
        "accepted_per_second": accepted / heard.seconds,
        **percentiles(heard.latencies),
        "other_statuses": dict(heard.statuses),
        "client_cpu_ms": heard.cpu_ms,
    }


def events(orders: Orders, number: int) -> Iterator[Ask]:
    """What one client tells, for ever."""
    draw = random.Random(orders.seed * 1000 + number)
    mine, told = uuid4().hex, count(number)
    last: bytes | None = None
    while True:
        if last is None or draw.random() >= orders.again:
            at = next(told)
            last = event(f"evt_{mine}{at}", orders.intents[at % len(orders.intents)])
        yield delivery(orders, last, at=int(time.time()))


def event(id_: str, intent: dict[str, Any]) -> bytes:
    """A payment was captured, written as Stripe writes it: indented."""
    content = {
        "id": id_,
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "data": {"object": intent},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": "req_1", "idempotency_key": None},
        "type": "payment_intent.succeeded",
    }
    return json.dumps(content, indent=2).encode()


def delivery(orders: Orders, body: bytes, *, at: int) -> Ask:
    mac = hmac.new(orders.secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {urlsplit(orders.api).netloc}\r\n"
        "Content-Type: application/json; charset=utf-8\r\nUser-Agent: Stripe/1.0\r\n"
        f"Stripe-Signature: t={at},v1={mac}\r\nContent-Length: {len(body)}\r\n"
        "X-Delivery: %s\r\n\r\n"  # drive() fills in what is never the same twice.
    )
    return Ask(0, head.encode(), body)


def intents(payments: Sequence[tuple[str, str, int, str]]) -> list[dict[str, Any]]:
    """What Stripe would show of these payments: our id, Stripe's, the amount taken and its currency."""
    return [
        {
            "id": reference,
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_received": amount,
            "automatic_payment_methods": None,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic",
            "client_secret": f"{reference}_secret_0123456789abcdef",
            "confirmation_method": "automatic",
            "currency": currency.lower(),
            "customer": None,
            "description": "Order 1001",
            "latest_charge": f"ch_{reference[3:]}",
            "livemode": False,
            "metadata": {"payment": payment},
            "payment_method": "pm_card_visa",
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "receipt_email": None,
            "shipping": None,
            "statement_descriptor": None,
            "status": "succeeded",
        }
        for payment, reference, amount, currency in payments
    ]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Orders(**json.load(sys.stdin))))))
