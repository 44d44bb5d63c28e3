"""What every scene of the demo needs: clocks that are set forward together, shops that sell, and patience."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import requests
from celery import Celery

from stack.finance import Finance
from stack.mischief import Psps, lever
from stack.people import People
from stack.up import Stack

DAY = 86_400
PATIENCE = 45.0  # Seconds for anything to come about.
CURRENCY = "EUR"  # Of the sales, where nothing else is said.
BANKERS = {"Authorization": "Bearer bank_test_paygate"}


class Stagehands:
    """`clock` is the file that says by how much ours is set forward; `complaints` are what did not come about."""

    scene = ""

    def __init__(self, stack: Stack, psps: Psps, *, clock: Path, seed: int) -> None:
        self.complaints: list[str] = []
        self._stack = stack
        self._psps = psps
        self._clock = clock
        self._draw = random.Random(seed)
        self._people = People(stack)
        self._finance = Finance(self._people)
        self._sales = 0
        self._counting = threading.Lock()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While they look into the database, and send what beat sends."""
        with (
            psycopg.connect(self._stack.databases.owner, autocommit=True) as self._db,
            Celery(broker=self._stack.redis_url, set_as_current=False) as self._celery,
        ):
            yield

    def _morning(self, *, days: int = 1) -> None:
        """Nobody is in the middle of anything when the clocks are set forward."""
        self._until(
            "nothing is asked of a PSP",
            lambda: (
                not self._count("SELECT count(*) FROM payment_attempt WHERE finished_at IS NULL")
            ),
        )
        self._psps.days_pass(days)
        self._set_forward(days)

    def _set_forward(self, days: int) -> None:
        """Our clock, and the bank's."""
        fresh = self._clock.with_suffix(".new")
        fresh.write_text(str(self._ahead() + days * DAY))
        fresh.replace(self._clock)
        lever(self._stack.bank, "clock", {"advance_seconds": days * DAY})
        time.sleep(0.3)  # Until every process has read it.

    def _sale(self, merchant: dict[str, str], amount: int, **more: str) -> Any:
        with self._counting:
            self._sales += 1
            number = self._sales
        body = {
            "user_id": self.scene,
            "amount": amount,
            "currency": CURRENCY,
            "payment_method": "pm_card_visa",
            **more,
        }
        return self._ask(merchant, "payments", body, key=f"{self.scene}-{number}")

    def _bank_heard_out(self) -> bool:
        """Is everything that the bank has to say kept here, and applied?"""
        newest = self._count("SELECT coalesce(max(number), 0) FROM payout_report")
        more = requests.get(
            f"{self._stack.bank}/reports",
            params={"after": newest},
            headers=BANKERS,
            timeout=10,
        ).json()["reports"]
        return not more and not self._count(
            "SELECT count(*) FROM payout_report WHERE state = 'received'"
        )

    def _count(self, sql: Any, *arguments: Any) -> int:
        row = self._db.execute(sql, arguments).fetchone()
        return int(row[0]) if row else 0

    def _until(self, what: str, holds: Callable[[], bool], task: str = "") -> None:
        """Wait for it, and meanwhile send the task of reconciliation's, as beat does, only sooner."""
        deadline = time.monotonic() + PATIENCE
        sent = 0.0
        while not holds():
            if time.monotonic() > deadline:
                self.complaints.append(f"in vain was it waited until {what}")
                return
            if task and time.monotonic() - sent > 2.0:
                self._send(task, "reconciliation")
                sent = time.monotonic()
            time.sleep(0.2)

    def _today(self) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime(time.time() + self._ahead()))

    def _ahead(self) -> float:
        """Seconds by which our clocks are set forward."""
        return float(self._clock.read_text()) if self._clock.exists() else 0.0

    def _send(self, task: str, queue: str) -> None:
        """As beat does, only now."""
        self._celery.send_task(task, queue=queue)

    def _ask(
        self, merchant: dict[str, str], path: str, body: dict[str, Any], *, key: str = ""
    ) -> Any:
        headers = {"Authorization": f"Bearer {merchant['secret_key']}"}
        if key:
            headers["Idempotency-Key"] = key
        for _ in range(30):
            reply = requests.post(
                f"{self._stack.api}/v1/{path}", json=body, headers=headers, timeout=30
            )
            if reply.status_code in (200, 201, 202):
                return reply.json()
            time.sleep(0.5)
        raise RuntimeError(f"{path}: {reply.status_code} {reply.text[:300]}")

    def _read(self, merchant: dict[str, str], path: str) -> Any:
        headers = {"Authorization": f"Bearer {merchant['secret_key']}"}
        return requests.get(f"{self._stack.api}/v1/{path}", headers=headers, timeout=30).json()
