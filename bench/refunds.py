"""Refunds: POST /v1/refunds until its 201 or 202, and what one costs beside a payment.

Payments and refunds are measured in turns, so that both have the same neighbours. What is given back are
the payments of the same turn, each in parts. Costs are those until the outcome is known (Adyen tells it by
webhook), less what the platform takes with nothing to do in the time for which we only waited.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench import cpu, database
from bench.ask import ask
from bench.load import AMOUNT, percentiles
from bench.run import measure
from bench.spent import added, each, reading
from bench.whole_path import CORES
from stack.up import PSPS, Stack

PARTS = 5  # In which a payment is given back.
TURNS = 2  # Of payments and refunds, for one figure.
IDLE = 3.0  # Seconds at most for which we watch the platform do nothing.
GIVEN = frozenset(("201", "202"))

Spent = Mapping[str, float]
"""As bench.spent reads it."""


def refunds(
    stack: Stack,
    *,
    clients: Sequence[int],
    seconds: float,
    psps: Sequence[str] = PSPS,
    told: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Each PSP at each number of clients; and what the platform takes in a second of doing nothing."""
    idle = at_rest(stack, seconds=min(IDLE, seconds))
    measured = []
    for psp in psps:
        one(stack, psp, clients=max(clients), seconds=min(2.0, seconds), idle=idle)  # Warms up.
        for number in clients:
            told(f"refunds, {psp}, {number} clients")
            measured.append(one(stack, psp, clients=number, seconds=seconds, idle=idle))
    resting = sum(idle[part] for part in cpu.PLATFORM)
    return {"idle_cpu_ms_per_second": resting, "parts": PARTS, "measured": measured}


def one(stack: Stack, psp: str, *, clients: int, seconds: float, idle: Spent) -> dict[str, Any]:
    """One PSP at one number of clients; costs are per refund."""
    paid: list[dict[str, Any]] = []
    given: list[dict[str, Any]] = []
    spent: list[tuple[Spent, Spent]] = []
    for _ in range(TURNS):
        bought, on_payments = costing(
            stack, idle, "load", psps=[psp], keep=True, clients=clients, seconds=seconds / TURNS
        )
        if psp == "braintree":  # It refunds only what is settled, which is so the next morning.
            ask("POST", f"{stack.simulators[psp]}/_control/acts", {"act": "settle"})
        returned, on_refunds = costing(
            stack,
            idle,
            "refunding",
            payments=bought.pop("made"),
            parts=PARTS,
            amount=AMOUNT // PARTS,
            clients=clients,
            seconds=seconds / TURNS,
        )
        paid.append(bought)
        given.append(returned)
        spent.append((on_payments, on_refunds))
    statuses = added(turn["statuses"] for turn in given)
    done = sum(number for status, number in statuses.items() if status in GIVEN)
    refund = each(added(on_refunds for _, on_refunds in spent), done)
    payments = sum(turn["payments"] for turn in paid)
    payment = each(added(on_payments for on_payments, _ in spent), payments)
    platform = sum(refund[part] for part in cpu.PLATFORM)
    of_a_payment = sum(payment[part] for part in cpu.PLATFORM)
    return {
        "psp": psp,
        "clients": clients,
        "refunds": done,
        "refunds_per_second": done / sum(turn["seconds"] for turn in given),
        "platform_refunds_per_second": CORES * 1000 / platform,
        **percentiles([latency for turn in given for latency in turn["latencies"]]),
        "statuses": statuses,
        "undecided": given[-1]["undecided"],
        "platform_cpu_ms": platform,
        "cpu_ms": {part: refund[part] for part in cpu.PARTS},
        "client_cpu_ms": sum(turn["client_cpu_ms"] for turn in given) / max(done, 1),
        "wal_bytes": refund["wal_bytes"],
        "commits": refund["commits"],
        "payments": payments,
        "payments_per_second": payments / sum(turn["seconds"] for turn in paid),
        "payment_platform_cpu_ms": of_a_payment,
        "payment_cpu_ms": {part: payment[part] for part in cpu.PARTS},
        "cpu_of_a_payment": platform / of_a_payment,
    }


def costing(
    stack: Stack, idle: Spent, module: str, **orders: Any
) -> tuple[dict[str, Any], dict[str, float]]:
    """What the load says, with the number of refunds `undecided` after all patience; and what it cost."""
    before, undecided = reading(stack), database.undecided(stack)
    said = measure(
        stack,
        module,
        api=stack.api,
        secrets=[merchant["secret_key"] for merchant in stack.merchants],
        **orders,
    )
    began = time.monotonic()
    said["undecided"] = database.wait_until_decided(stack, but=undecided)
    waited = time.monotonic() - began
    after = reading(stack)
    return said, {
        name: max(0.0, after[name] - before[name] - waited * idle[name]) for name in after
    }


def at_rest(stack: Stack, *, seconds: float) -> dict[str, float]:
    """What a second costs in which nothing happens."""
    database.wait_until_decided(stack)
    before, began = reading(stack), time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return {name: value / took for name, value in cpu.between(before, reading(stack)).items()}
