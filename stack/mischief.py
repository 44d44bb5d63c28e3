"""What people and banks do at the PSPs themselves in the demo, and what goes wrong with the webhooks of it."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import psycopg
import requests

#: How often what befalls a webhook, of a hundred. Adyen never gives up: there "lost" is only late.
WEBHOOKS = {
    "duplicate": 0.15,
    "late": 0.30,
    "lost": 0.05,
    "forged": 0.03,
    "stale": 0.02,
    "tampered": 0.03,
}
#: … where nothing but the webhook tells (a refund that comes back): the nightly files make up for those.
TOLD_AT_LAST = {name: p for name, p in WEBHOOKS.items() if name != "lost"}

UNTOUCHED = """
    SELECT public_id('pay', p.id) FROM payment p
    WHERE p.psp = %(psp)s AND p.state = 'captured' AND p.payment_method <> 'pm_card_disputed'
        AND p.amount_refunded + p.amount_refund_pending + p.amount_disputed = 0
        AND p.amount_captured = p.amount
    ORDER BY p.id
"""
REFUNDED = """
    SELECT public_id('pay', r.payment_id) FROM refund r
    WHERE r.psp = %(psp)s AND r.state = 'succeeded' AND r.source = 'api'
    GROUP BY r.payment_id HAVING count(*) = 1 ORDER BY r.payment_id
"""


class Psps:
    """The simulators, by their levers; `done` counts what was done there."""

    def __init__(self, simulators: dict[str, str], *, seed: int) -> None:
        self._urls = simulators
        self._draw = random.Random(seed)
        self.done: Counter[str] = Counter()

    def webhooks_go_wrong(self, probabilities: dict[str, float], *, seed: int) -> None:
        for place, psp in enumerate(self._urls):
            lever(
                self._urls[psp],
                "webhooks",
                {"seed": seed * 10 + place, "probabilities": probabilities, "late_seconds": 4},
            )

    def days_pass(self, days: float) -> None:
        for psp in self._urls:
            lever(self._urls[psp], "clock", {"advance_seconds": days * 86_400})

    def act(self, psp: str, act: str, **arguments: Any) -> bool:
        """Whether it could be done there."""
        reply = requests.post(
            f"{self._urls[psp]}/_control/acts", json={"act": act, **arguments}, timeout=10
        )
        if reply.ok:
            self.done[f"{act} at {psp}"] += 1
        return reply.ok

    def people_at_work(self, database_url: str, *, each: int = 3) -> None:
        """Refunds from dashboards, refunds that come back, captures that come to nothing and come after all."""
        with psycopg.connect(database_url) as connection:
            untouched = {psp: _ids(connection, UNTOUCHED, psp) for psp in self._urls}
            refunded = {psp: _ids(connection, REFUNDED, psp) for psp in self._urls}
        for psp, payment in self._some(refunded, each):
            self.act(psp, "fail_refund", payment=payment)
        for psp, payment in self._some({p: untouched[p] for p in ("stripe", "adyen")}, 2 * each):
            if not self.act(psp, "refund", payment=payment):
                continue
            untouched[psp].remove(payment)
        failing = self._draw.sample(untouched["adyen"], min(each, len(untouched["adyen"])))
        for number, payment in enumerate(failing):
            if self.act("adyen", "fail_capture", payment=payment) and number % 2:
                self.act("adyen", "recapture", payment=payment)

    def escalate(self, *, most: int) -> int:
        """Banks take won cases up again; how many."""
        before = sum(self.done.values())
        for psp in self._urls:
            won = [
                dispute for dispute in self.disputes(psp) if str(dispute["status"]).lower() == "won"
            ]
            for dispute in won[:most]:
                self.act(psp, "escalate", dispute=dispute["id"])
        return sum(self.done.values()) - before

    def disputes(self, psp: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = requests.get(
            f"{self._urls[psp]}/_control/disputes", timeout=10
        ).json()["disputes"]
        return found

    def told(self) -> Counter[str]:
        """What became of all webhooks, by what befell them."""
        total: Counter[str] = Counter()
        for url in self._urls.values():
            total.update(requests.get(f"{url}/_control/webhooks", timeout=10).json()["counts"])
        return total

    def waiting(self) -> int:
        """Webhooks that were not acknowledged yet."""
        return sum(
            requests.get(f"{url}/_control/webhooks", timeout=10).json()["waiting"]
            for url in self._urls.values()
        )

    def _some(self, payments: dict[str, list[str]], each: int) -> list[tuple[str, str]]:
        return [
            (psp, payment)
            for psp, ids in payments.items()
            for payment in self._draw.sample(ids, min(each, len(ids)))
        ]


def lever(url: str, name: str, body: dict[str, Any]) -> None:
    """Pull one at a simulator (simulators/control.py)."""
    requests.post(f"{url}/_control/{name}", json=body, timeout=30).raise_for_status()


def _ids(connection: psycopg.Connection[Any], sql: Any, psp: str) -> list[str]:
    return [row[0] for row in connection.execute(sql, {"psp": psp})]
