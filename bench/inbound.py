"""Webhooks from PSPs: how many a second are accepted, how many applied, and what one costs.

Stripe tells of payments that exist, each event anew, or a share of them a second time. Accepted is what is verified,
committed and answered; a figure ends when all of it has had its effect as well. What is told is what we know
already, so that the cost is the inbox's and that of looking, and no payment's.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from bench import cpu
from bench.run import UnableToMeasure, measure
from bench.spent import each, reading
from bench.telling import intents
from bench.whole_path import CORES
from stack.up import Stack

SECRET = "whsec_paygate_test"  # noqa: S105 - what the stack's own simulator signs with.
SHARES = (0.0, 0.2)  # Of what is told, told again.
PAYMENTS = 200  # At least, that are told of.
PATIENCE = 300.0  # Seconds for all of it to be applied.


def inbound(
    stack: Stack,
    *,
    clients: Sequence[int],
    seconds: float,
    told: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Each share of what is told again, at each number of clients."""
    told("payments, to be told of")
    about = intents(payments(stack))
    one(stack, about, again=0.0, clients=max(clients), seconds=min(2.0, seconds))  # Warms up.
    measured = []
    for again in SHARES:
        for number in clients:
            told(f"webhooks, {again:.0%} told again, {number} clients")
            measured.append(one(stack, about, again=again, clients=number, seconds=seconds))
    return measured


def one(
    stack: Stack, about: list[dict[str, Any]], *, again: float, clients: int, seconds: float
) -> dict[str, Any]:
    """One share at one number of clients; costs are per delivery that was accepted, its effect included."""
    with psycopg.connect(stack.databases.app, autocommit=True) as connection:
        before, began, spent = applied(connection), time.monotonic(), reading(stack)
        sent = measure(
            stack,
            "telling",
            api=stack.api,
            secret=SECRET,
            intents=about,
            again=again,
            clients=clients,
            seconds=seconds,
        )
        backlog = waiting(connection)
        while waiting(connection):
            if time.monotonic() - began > seconds + PATIENCE:
                raise UnableToMeasure(f"{waiting(connection)} webhooks were not applied in time")
            time.sleep(0.02)
        took, done = time.monotonic() - began, applied(connection) - before
    delivery = each(cpu.between(spent, reading(stack)), sent["accepted"])
    platform = sum(delivery[part] for part in cpu.PLATFORM)
    return {
        **sent,
        "again": again,
        "applied": done,
        "applied_per_second": done / took,
        "backlog": backlog,
        "platform_cpu_ms": platform,
        "platform_accepted_per_second": CORES * 1000 / platform,
        "cpu_ms": {part: delivery[part] for part in cpu.PARTS},
        "client_cpu_ms": sent["client_cpu_ms"] / max(sent["accepted"], 1),
        "wal_bytes": delivery["wal_bytes"],
        "commits": delivery["commits"],
    }


def payments(stack: Stack) -> list[tuple[str, str, int, str]]:
    """Captured payments at Stripe: our id, Stripe's, amount and currency."""
    found: list[tuple[str, str, int, str]] = []
    while len(found) < PAYMENTS:
        sent = measure(
            stack,
            "load",
            api=stack.api,
            secrets=[merchant["secret_key"] for merchant in stack.merchants],
            psps=["stripe"],
            clients=8,
            seconds=1.0,
        )
        if not sent["payments"]:
            raise UnableToMeasure(f"no payment was made: {sent['other_statuses']}")
        with psycopg.connect(stack.databases.app) as connection:
            found = connection.execute(
                "SELECT public_id('pay', id), psp_reference, amount, currency FROM payment"
                " WHERE psp = 'stripe' AND state = 'captured' ORDER BY id DESC LIMIT %s",
                [PAYMENTS],
            ).fetchall()
    return found


def applied(connection: psycopg.Connection) -> int:
    return _count(connection, "state = 'applied'")


def waiting(connection: psycopg.Connection) -> int:
    return _count(connection, "state = 'received'")


def _count(connection: psycopg.Connection, which: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM psp_event WHERE {which}").fetchone()  # noqa: S608
    assert row is not None
    return int(row[0])
