"""What the tests share: the simulators running, a merchant, and a client that speaks the public API."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.transaction import atomic
from django.test import Client

from kernel import shortcuts
from merchants import authentication, fees
from merchants.funds import terms
from merchants.onboard import Onboarded, onboard
from paygate.fx import agree, market
from paygate.psp import registry
from paygate.routing import choose, health
from simulators.run import Simulator, start

QUICK = (0.5, 0.6)  # Connect and read time-outs in seconds: tests do not wait for a PSP that hangs.


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Simulator]]:
    """The three simulators, as processes of their own."""
    folder = tmp_path_factory.mktemp("simulators")
    started = {psp: start(psp, folder=folder) for psp in registry.PSPS}
    yield started
    for simulator in started.values():
        simulator.stop()


@pytest.fixture
def simulators(running: dict[str, Simulator], settings: Any) -> Iterator[dict[str, Simulator]]:
    """The simulators without a fault, and the adapters pointed at them."""
    psps = deepcopy(settings.PSPS)
    for psp, simulator in running.items():
        simulator.faults()
        mode = psps[psp]["test"]
        mode |= {name: simulator.url for name in mode if name.endswith("_base")}
        mode |= {"timeout": QUICK, "horizon": 1.0}
    settings.PSPS = psps
    registry.gateway.cache_clear()
    yield running
    for simulator in running.values():
        simulator.faults()
    registry.gateway.cache_clear()


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """What processes believe for some seconds must not leak from test to test."""

    def forget() -> None:
        authentication.forget()
        fees.forget()
        terms.forget()
        choose.forget()
        health.forget()
        market.forget()
        agree.forget()
        shortcuts.client().flushdb()

    forget()
    yield
    forget()


@pytest.fixture
def commits(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """For tests whose threads commit: what they left is taken out again.

    Their module has a `db` of its own, which is this.
    """
    with django_db_blocker.unblock():
        yield
        forget_commits()


def forget_commits() -> None:
    """Take out what was committed, as only the tables' owner can, behind the backs of the triggers that refuse it."""
    with atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('r', 'p')"
            " AND c.relnamespace = 'public'::regnamespace"
            # What migrations filled.
            " AND c.relname !~ '^((django|auth)_|business_day$|approval_limit$|figure_since$)'"
        )
        tables = [table for (table,) in cursor.fetchall()]
        for order in ("DISABLE", "ENABLE"):
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} {order} TRIGGER USER")
            if order == "DISABLE":
                cursor.execute(f"TRUNCATE {', '.join(tables)}")
    connection.close()


@pytest.fixture
def merchant(db: None) -> Onboarded:
    return onboard("Kiosk")


@pytest.fixture
def another_merchant(merchant: Onboarded) -> Onboarded:
    return onboard("Bakery")


class Api:
    """One merchant's client. Keys number themselves where a test does not care."""

    _numbers = itertools.count()

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.client = Client(raise_request_exception=False)

    def post(self, path: str, body: Any = None, *, key: str | None = "", **headers: str) -> Any:
        if key == "":
            key = f"key-{next(self._numbers)}"
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.client.post(
            f"/v1/{path}",
            body if body is not None else {},
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.secret}", **headers},
        )

    def get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        return self.client.get(
            f"/v1/{path}", query, headers={"Authorization": f"Bearer {self.secret}"}
        )

    def pay(self, *, key: str | None = "", **changes: Any) -> Any:
        """POST /v1/payments with an ordinary body, changed as the test says."""
        body = {
            "user_id": "user-1",
            "amount": 1000,
            "currency": "USD",
            "payment_method": "pm_card_visa",
        }
        return self.post("payments", body | changes, key=key)


@pytest.fixture
def api(merchant: Onboarded, simulators: dict[str, Simulator]) -> Api:
    return Api(merchant.secret_key)


@pytest.fixture
def client_for(simulators: dict[str, Simulator]) -> Callable[[Onboarded], Api]:
    return lambda whose: Api(whose.secret_key)


@pytest.fixture
def books_of(simulators: dict[str, Simulator]) -> Callable[[str, str], list[tuple[str, int]]]:
    """What a PSP's own books say of a payment: [("authorized", 1000), ("captured", 1000)]."""

    def read(psp: str, payment: str) -> list[tuple[str, int]]:
        return [
            (entry["kind"], entry["amount"])
            for entry in simulators[psp].books()["entries"]
            if entry["payment"] == payment
        ]

    return read


@pytest.fixture
def root() -> Path:
    return Path(__file__).resolve().parent.parent
