"""Merchants who give back, as one cheap process: `python -m bench.refunding`, its orders as JSON on standard input."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.load import Ask, drive, request

PATH = "/v1/refunds"


@dataclass(frozen=True, slots=True)
class Orders:
    """Each of the `payments` (the place of its secret, and its id) is given back in `parts` of `amount` each."""

    api: str
    secrets: list[str]
    payments: list[tuple[int, str]]
    parts: int
    amount: int
    clients: int
    seconds: float


async def run(orders: Orders) -> dict[str, Any]:
    """Statuses, every latency in milliseconds, and our own CPU; it ends early when all is given back."""
    asks = [refund(orders, whose, payment) for whose, payment in orders.payments]
    heard = await drive(
        orders.api,
        [iter(share) for share in shares(asks * orders.parts, orders.clients)],
        seconds=orders.seconds,
    )
    return {
        "statuses": dict(heard.statuses),
        "seconds": heard.seconds,
        "latencies": heard.latencies,
        "client_cpu_ms": heard.cpu_ms,
    }


def shares(asks: Sequence[Ask], clients: int) -> list[list[Ask]]:
    """Everyone's share; in the order that is given, so that parts of one payment that lie apart stay apart."""
    return [list(asks[number::clients]) for number in range(clients)]


def refund(orders: Orders, whose: int, payment: str) -> Ask:
    content = {"payment": payment, "amount": orders.amount, "metadata": {"return": "1001"}}
    return request(orders.api, PATH, content, whose=whose, secret=orders.secrets[whose])


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Orders(**json.load(sys.stdin))))))
