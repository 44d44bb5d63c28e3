"""Merchants as one cheap process: `python -m bench.load`, its orders as JSON on standard input.

Each client has one kept-alive connection and sends its next payment when it has the answer to the
last one. The requests are made by hand, because an HTTP library would cost more than it measures.
"""

import asyncio
import json
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

PATH = "/v1/payments"
AMOUNT = 1000  # Of each payment, in minor units.
MADE = re.compile(rb'"id": ?"((?:pay|re)_[0-9a-z]{26})"')


@dataclass(frozen=True, slots=True)
class Orders:
    """What to send. `psps` are taken in turn, and so are the `secrets` of the merchants.

    With `keep` the result names every payment made, each with the place of its secret.
    """

    api: str
    secrets: list[str]
    psps: list[str]
    clients: int
    seconds: float
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: the place of its secret, the head (with a place for the idempotency key), the body."""

    whose: int
    head: bytes
    body: bytes


@dataclass(slots=True)
class Heard:
    """What came back: milliseconds, statuses and, where they are kept, the ids in all 2xx."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    made: list[tuple[int, str]] = field(default_factory=list)
    seconds: float = 0.0
    cpu_ms: float = 0.0  # Our own.


async def run(orders: Orders) -> dict[str, Any]:
    """Payments that ended in 201, all other statuses, latency in milliseconds, and our own CPU."""
    payments = [
        payment(orders.api, whose, secret, psp)
        for whose, secret in enumerate(orders.secrets)
        for psp in orders.psps
    ]
    turns = [number % len(payments) for number in range(orders.clients)]
    heard = await drive(
        orders.api,
        [cycle(payments[turn:] + payments[:turn]) for turn in turns],
        seconds=orders.seconds,
        keep=orders.keep,
    )
    made = heard.statuses.pop("201", 0)
    return {
        "clients": orders.clients,
        "payments": made,
        "seconds": heard.seconds,
        "payments_per_second": made / heard.seconds,
        **percentiles(heard.latencies),
        "other_statuses": dict(heard.statuses),
        "client_cpu_ms": heard.cpu_ms,
        **({"made": heard.made} if orders.keep else {}),
    }


async def drive(
    api: str, clients: Sequence[Iterator[Ask]], *, seconds: float, keep: bool = False
) -> Heard:
    """Each client sends its own requests, one after the other, for so long or until it has no more."""
    heard = Heard()
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(
        *(client(api, asks, began + seconds, heard, keep=keep) for asks in clients)
    )
    heard.seconds = time.perf_counter() - began
    heard.cpu_ms = (time.process_time() - cpu) * 1000
    return heard


async def client(
    api: str, asks: Iterator[Ask], until: float, heard: Heard, *, keep: bool = False
) -> None:
    address = urlsplit(api)
    mine, numbers = uuid4().hex, count()
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    while (sent := time.perf_counter()) < until and (ask := next(asks, None)):
        writer.write(ask.head % f"{mine}{next(numbers):08}".encode() + ask.body)
        status, body = await answer(reader)
        heard.latencies.append((time.perf_counter() - sent) * 1000)
        heard.statuses[status] += 1
        if keep and status.startswith("2") and (found := MADE.search(body)):
            heard.made.append((ask.whose, found[1].decode()))
    writer.close()
    await writer.wait_closed()


def payment(api: str, whose: int, secret: str, psp: str) -> Ask:
    content = {
        "user_id": "shopper-1",
        "amount": AMOUNT,
        "currency": "EUR",
        "payment_method": "pm_card_visa",
        "psp": psp,
        "description": "Order 1001",
        "metadata": {"order": "1001"},
    }
    return request(api, PATH, content, whose=whose, secret=secret)


def request(api: str, path: str, content: dict[str, Any], *, whose: int, secret: str) -> Ask:
    """A POST with an idempotency key."""
    body = json.dumps(content).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(api).netloc}\r\nAuthorization: Bearer {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Idempotency-Key: %s\r\n\r\n"
    )
    return Ask(whose, head.encode(), body)


async def answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """The status, and the body as it came."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    if "transfer-encoding: chunked" in head:
        body = await reader.readuntil(b"\r\n0\r\n\r\n")
    else:
        body = await reader.readexactly(int(head.partition("content-length:")[2].split()[0]))
    return head.split(" ", 2)[1], body


def percentiles(milliseconds: list[float]) -> dict[str, float]:
    """Median and 99th percentile."""
    if len(milliseconds) < 2:
        return {"p50_ms": sum(milliseconds), "p99_ms": sum(milliseconds)}
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return {"p50_ms": cuts[49], "p99_ms": cuts[98]}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Orders(**json.load(sys.stdin))))))
