"""Merchants as one cheap process: `python -m bench.load`, its orders as JSON on standard input.

Each client has one kept-alive connection and sends its next payment when it has the answer to the
last one. The requests are made by hand, because an HTTP library would cost more than it measures.
"""

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass
from itertools import count, cycle
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

PATH = "/v1/payments"


@dataclass(frozen=True, slots=True)
class Orders:
    """What to send. `psps` are taken in turn, and so are the `secrets` of the merchants."""

    api: str
    secrets: list[str]
    psps: list[str]
    clients: int
    seconds: float


async def run(orders: Orders) -> dict[str, Any]:
    """Payments that ended in 201, all other statuses, latency in milliseconds, and our own CPU."""
    latencies: list[float] = []
    statuses: Counter[str] = Counter()
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(
        *(
            client(orders, number, began + orders.seconds, latencies, statuses)
            for number in range(orders.clients)
        )
    )
    took = time.perf_counter() - began
    payments = statuses.pop("201", 0)
    return {
        "clients": orders.clients,
        "payments": payments,
        "seconds": took,
        "payments_per_second": payments / took,
        **percentiles(latencies),
        "other_statuses": dict(statuses),
        "client_cpu_ms": (time.process_time() - cpu) * 1000,
    }


async def client(
    orders: Orders, number: int, until: float, latencies: list[float], statuses: Counter[str]
) -> None:
    address = urlsplit(orders.api)
    requests = [
        request(address.netloc, secret, psp) for secret in orders.secrets for psp in orders.psps
    ]
    turn = cycle(requests[number % len(requests) :] + requests[: number % len(requests)])
    mine, numbers = uuid4().hex, count()
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    while (sent := time.perf_counter()) < until:
        head, body = next(turn)
        writer.write(head % f"{mine}{next(numbers):08}".encode() + body)
        status = await answer(reader)
        latencies.append((time.perf_counter() - sent) * 1000)
        statuses[status] += 1
    writer.close()
    await writer.wait_closed()


def request(host: str, secret: str, psp: str) -> tuple[bytes, bytes]:
    """The head, with a place for the idempotency key, and the body."""
    body = json.dumps(
        {
            "user_id": "shopper-1",
            "amount": 1000,
            "currency": "EUR",
            "payment_method": "pm_card_visa",
            "psp": psp,
            "description": "Order 1001",
            "metadata": {"order": "1001"},
        }
    ).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Idempotency-Key: %s\r\n\r\n"
    )
    return head.encode(), body


async def answer(reader: asyncio.StreamReader) -> str:
    """The status; the body is read and dropped."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    if "transfer-encoding: chunked" in head:
        await reader.readuntil(b"\r\n0\r\n\r\n")
    else:
        await reader.readexactly(int(head.partition("content-length:")[2].split()[0]))
    return head.split(" ", 2)[1]


def percentiles(milliseconds: list[float]) -> dict[str, float]:
    """Median and 99th percentile."""
    if len(milliseconds) < 2:
        return {"p50_ms": sum(milliseconds), "p99_ms": sum(milliseconds)}
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return {"p50_ms": cuts[49], "p99_ms": cuts[98]}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Orders(**json.load(sys.stdin))))))
