"""The whole platform running for these tests: web, workers, beat, relay, Redis, PostgreSQL, simulators."""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from stack.up import Stack

#: Less patience than production has, so that a test sees what happens when it ends.
PATIENCE = {
    "PSP_CONNECT_TIMEOUT": "1",
    "PSP_READ_TIMEOUT": "1.5",
    "PSP_HORIZON": "5",
    "CALL_OVER_AFTER": "4",
    "RESEND_FOR": "15",
    "OUTCOME_PATIENCE": "6",
    "DATABASE_POOL_SIZE": "4",
}


class Running:
    """The stack and what a test does with it."""

    _numbers = itertools.count()

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.secret = stack.merchants[0]["secret_key"]

    def post(self, path: str, body: dict[str, Any], key: str, **headers: str) -> requests.Response:
        return requests.post(
            f"{self.stack.api}/v1/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.secret}", "Idempotency-Key": key, **headers},
            timeout=30,
        )

    def pay(
        self, key: str = "", *, headers: dict[str, str] | None = None, **changes: Any
    ) -> requests.Response:
        body = {
            "user_id": "user-1",
            "amount": 1000,
            "currency": "USD",
            "payment_method": "pm_card_visa",
            "psp": "stripe",
        }
        return self.post(
            "payments", body | changes, key or f"story-{next(self._numbers)}", **(headers or {})
        )

    def read(self, payment: str) -> dict[str, Any]:
        reply = requests.get(
            f"{self.stack.api}/v1/payments/{payment}",
            headers={"Authorization": f"Bearer {self.secret}"},
            timeout=30,
        )
        reply.raise_for_status()
        read: dict[str, Any] = reply.json()
        return read

    def followed(self, payment: str, seconds: float = 60) -> dict[str, Any]:
        """The payment once its outcome is known."""
        return until(
            lambda: found if (found := self.read(payment))["outcome"] == "confirmed" else None,
            seconds,
        )

    def faults(self, psp: str = "stripe", **settings: Any) -> None:
        requests.post(
            f"{self.stack.simulators[psp]}/_control/faults", json=settings, timeout=10
        ).raise_for_status()

    def books(self, payment: str, psp: str = "stripe") -> list[tuple[str, int]]:
        """What the PSP's own books say of the payment."""
        entries = requests.get(f"{self.stack.simulators[psp]}/_control/books", timeout=10).json()
        return [(e["kind"], e["amount"]) for e in entries["entries"] if e["payment"] == payment]

    def query(self, sql: str) -> list[Any]:
        with psycopg.connect(self.stack.databases.owner) as connection:
            return connection.execute(sql).fetchall()  # type: ignore[arg-type]

    def pid(self, name: str) -> int:
        """Of a process that may just be starting again."""
        found: int = until(lambda: self.stack.processes.pids().get(name))
        return found

    def is_back(self, name: str, before: int, seconds: float = 60) -> None:
        """Wait until a killed process runs again and, if it is the web server, answers."""
        until(lambda: self.stack.processes.pids().get(name, before) != before, seconds)
        if name == "web":
            self.stack.wait_for("web", f"{self.stack.api}/readyz")


def until(there: Callable[[], Any], seconds: float = 30) -> Any:
    """What `there` returns once it is true. Fails the test when the time is up."""
    deadline = time.monotonic() + seconds
    while not (found := there()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
    return found


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Do the work in that many threads that all begin at the same moment."""
    results: list[Any] = [None] * count
    line = threading.Barrier(count)

    def one(number: int) -> None:
        line.wait()
        results[number] = work(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture(scope="session")
def whole_stack() -> Iterator[Stack]:
    with (
        tempfile.TemporaryDirectory(prefix="paygate-") as folder,
        Stack(Path(folder), environment=PATIENCE, private=True) as stack,
    ):
        yield stack


@pytest.fixture
def running(whole_stack: Stack) -> Iterator[Running]:
    running = Running(whole_stack)
    yield running
    for psp in whole_stack.simulators:
        running.faults(psp)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """These tests share no process with the platform: there is nothing to forget."""
