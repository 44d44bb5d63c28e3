"""Webhooks to merchants: how many a second, what each costs, and whether one who never answers holds others up.

What is delivered are events that exist already, sent again in bulk; merchants' endpoints are a process of
their own. A figure begins with the first delivery that arrives, and ends when the platform has written down
the last one as delivered. The cases take turns, so that all have the same neighbours.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from bench import cpu, database
from bench.ask import ask
from bench.run import UnableToMeasure, measure
from bench.spent import added, each, reading
from stack.processes import Program, free_port
from stack.up import Stack

ALONE, BESIDE, BOTH = "one merchant", "one, beside one who never answers", "two merchants"
#: Where the second merchant's endpoint is meanwhile.
CASES = {ALONE: None, BESIDE: "/hangs", BOTH: "/second"}
ROUNDS = 3  # Of each case.
PAYMENTS = 100  # Whose events are delivered, for each second that a figure is to take.
CLIENTS = 8
PATIENCE = 300.0  # Seconds for a round to end.


def deliveries(
    stack: Stack, *, seconds: float, told: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Each case, its rounds together; and what of a merchant's rate is `kept` beside one who never answers."""
    since = datetime.now(UTC).isoformat()
    told("payments, to tell merchants of")
    pay(stack, round(PAYMENTS * seconds))
    rounds: dict[str, list[dict[str, Any]]] = {case: [] for case in CASES}
    with receiving(stack) as place, registered(stack, place, since) as (first, second):
        deliver(stack, place, [first])  # Warms up: who has answered well is served in another lane.
        for number in range(1, ROUNDS + 1):
            for case, path in CASES.items():
                told(f"deliveries, {case}, {number} of {ROUNDS}")
                if path:
                    second.change(url=f"{place}{path}", status="enabled")
                rounds[case].append(
                    deliver(
                        stack,
                        place,
                        [first, second] if case == BOTH else [first],
                        hanging=[second] if case == BESIDE else [],
                    )
                )
                if path:
                    second.change(status="disabled")
                    ask("GET", f"{place}/let-go")
    measured = {case: together(case, those) for case, those in rounds.items()}
    kept = measured[BESIDE]["deliveries_per_second"] / measured[ALONE]["deliveries_per_second"]
    return {"measured": list(measured.values()), "kept": kept}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint in the API, with its merchant's key; `since` is when what it is to hear began."""

    address: str
    secret: str
    id: str
    since: str

    def change(self, **changes: str) -> None:
        ask("PATCH", self.address, changes, secret=self.secret)

    def send_again(self) -> int:
        """Everything, whether it was delivered before or not; how much it is."""
        asked = {"since": self.since, "only_failed": False}
        return int(ask("POST", f"{self.address}/redeliver", asked, secret=self.secret)["count"])


def deliver(
    stack: Stack, place: str, answering: Sequence[Endpoint], *, hanging: Sequence[Endpoint] = ()
) -> dict[str, Any]:
    """One round to all of these. What `hanging` ones should hear is under way before, and not counted."""
    for endpoint in hanging:
        endpoint.send_again()
    wait_until(lambda: bool(heard(place)["hanging"]) == bool(hanging), "a connection that hangs")
    before = heard(place)["answered"]
    last = before + sum(endpoint.send_again() for endpoint in answering)
    asked = time.monotonic()
    wait_until(lambda: heard(place)["answered"] > before, "a first delivery")
    ids = [endpoint.id for endpoint in answering]
    with psycopg.connect(stack.databases.app, autocommit=True) as connection:
        number = database.undelivered(connection, ids)
        began, spent = time.monotonic(), reading(stack)
        wait_until(lambda: heard(place)["answered"] >= last, "the last delivery's answer")
        wait_until(lambda: not database.undelivered(connection, ids), "the last delivery")
        took = time.monotonic() - began
    return {
        "deliveries": number,
        "seconds": took,
        "first_ms": (began - asked) * 1000,
        "hanging": heard(place)["hanging"],
        "spent": cpu.between(spent, reading(stack)),
    }


def together(case: str, rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Costs are per delivery."""
    number = sum(one["deliveries"] for one in rounds)
    delivery = each(added(one["spent"] for one in rounds), number)
    return {
        "case": case,
        "deliveries": number,
        "deliveries_per_second": number / sum(one["seconds"] for one in rounds),
        "rounds_per_second": [one["deliveries"] / one["seconds"] for one in rounds],
        "first_ms": max(one["first_ms"] for one in rounds),
        "hanging": max(one["hanging"] for one in rounds),
        "platform_cpu_ms": sum(delivery[part] for part in cpu.PLATFORM),
        "cpu_ms": {part: delivery[part] for part in cpu.PARTS},
        "wal_bytes": delivery["wal_bytes"],
        "commits": delivery["commits"],
    }


def pay(stack: Stack, number: int) -> None:
    """So many payments or a few more, by both merchants in turn, and all of it told."""
    made = 0
    while made < number:
        sent = measure(
            stack,
            "load",
            api=stack.api,
            secrets=[merchant["secret_key"] for merchant in stack.merchants[:2]],
            psps=["stripe"],
            clients=CLIENTS,
            seconds=1.0,
        )
        if not sent["payments"]:
            raise UnableToMeasure(f"no payment was made: {sent['other_statuses']}")
        made += sent["payments"]
    database.wait_until_decided(stack)


@contextmanager
def receiving(stack: Stack) -> Iterator[str]:
    """The address where both merchants' endpoints are."""
    port = free_port()
    command = [sys.executable, "-m", "bench.receiving", "--port", str(port)]
    stack.processes.start(Program("endpoints", command, stack.environment))
    try:
        place = f"http://127.0.0.1:{port}"
        stack.wait_for("endpoints", f"{place}/heard")
        yield place
    finally:
        stack.processes.stop("endpoints")


@contextmanager
def registered(stack: Stack, place: str, since: str) -> Iterator[list[Endpoint]]:
    """An endpoint for each of two merchants, the second one disabled; they are gone afterwards."""
    endpoints = []
    for merchant, path in zip(stack.merchants[:2], ("/first", "/second"), strict=True):
        secret, address = merchant["secret_key"], f"{stack.api}/v1/webhook_endpoints"
        wanted = {"url": f"{place}{path}", "enabled_events": ["*"]}
        made = ask("POST", address, wanted, secret=secret)
        endpoints.append(Endpoint(f"{address}/{made['id']}", secret, made["id"], since))
    endpoints[1].change(status="disabled")
    try:
        yield endpoints
    finally:
        for endpoint in endpoints:
            ask("DELETE", endpoint.address, secret=endpoint.secret)


def heard(place: str) -> dict[str, int]:
    """How many deliveries were answered so far, and how many connections hang."""
    return ask("GET", f"{place}/heard")


def wait_until(so: Callable[[], bool], what: str) -> None:
    """Raises UnableToMeasure when it is not so in time."""
    deadline = time.monotonic() + PATIENCE
    while not so():
        if time.monotonic() > deadline:
            raise UnableToMeasure(f"{PATIENCE:.0f} seconds went by without {what}")
        time.sleep(0.05)
