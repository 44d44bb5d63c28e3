"""The simulated PSPs tell a running server what happens there, and the platform ends up knowing it, once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.utils import timezone

from paygate.payments.models import Payment, Refund
from paygate.proof.prove import prove
from paygate.webhooks.apply import LEASE, apply
from paygate.webhooks.models import PspEvent
from simulators.run import Simulator
from tests.webhooks.signed import PSPS

ASTRAY = dict.fromkeys(("forged", "stale", "tampered", "duplicate"), 1.0) | {"late": 0.5}


@pytest.fixture
def db(commits: None) -> None:
    """The server's threads see what this one does."""


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def served() -> Iterator[str]:
    """The platform, listening."""
    server = make_server(
        "127.0.0.1", 0, get_wsgi_application(), server_class=Server, handler_class=Quiet
    )
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def telling(served: str, simulators: dict[str, Simulator]) -> Iterator[dict[str, Simulator]]:
    """The simulators, which tell the platform what happens."""
    for psp, simulator in simulators.items():
        simulator.webhooks(url=f"{served}/webhooks/{psp}")
    yield simulators
    for simulator in simulators.values():
        simulator.webhooks(url="")


def until_all_is_told(simulator: Simulator, before: dict[str, int]) -> Counter[str]:
    """How the platform answered since `before`, once it has acknowledged everything; and all is applied."""
    deadline = time.monotonic() + 30
    since: Counter[str] = Counter()
    while not since["told"] or since["acknowledged"] < since["told"]:
        assert time.monotonic() < deadline, since
        time.sleep(0.3)  # Doubles are sent after the acknowledgement.
        since = Counter(simulator.told()["counts"])
        since.subtract(before)
    while apply(simulator.psp, at=timezone.now() + LEASE):
        pass
    return since


@pytest.mark.parametrize("psp", PSPS)
@pytest.mark.parametrize("probabilities", [{}, ASTRAY], ids=["well", "astray"])
def test_what_happens_at_a_psp_is_known_here(
    psp: str, probabilities: dict[str, float], api: Any, telling: dict[str, Simulator]
) -> None:
    simulator = telling[psp]
    before = simulator.told()["counts"]
    simulator.webhooks(probabilities=probabilities, seed=7, late_seconds=0.5)

    disputed = api.pay(psp=psp, amount=50_00).json()
    refunded = api.pay(psp=psp, amount=80_00).json()
    if psp == "braintree":
        for payment in (disputed, refunded):
            simulator.act("settle", payment=payment["id"])
    case = simulator.act("dispute", payment=disputed["id"])["id"]
    if psp != "braintree":  # It tells nothing of refunds that succeed.
        simulator.act("refund", payment=refunded["id"], amount=30_00)
        simulator.clock(advance=2)  # Adyen takes its time.
    until_all_is_told(simulator, before)
    simulator.act("decide", dispute=case, outcome="lost")
    since = until_all_is_told(simulator, before)

    states = list(PspEvent.objects.filter(psp=psp).values_list("state", "kind", "why"))
    assert {state for state, _, _ in states} <= {"applied", "irrelevant"}, states
    # Braintree's have no id, so one that is signed at two moments is two; it has its effect once all the same.
    again = since["stale"] if psp == "braintree" else 0
    assert len(states) == since["told"] + again
    if probabilities:
        assert since["status 401"] >= since["told"]
    if psp != "braintree":
        refund = Refund.objects.get()
        assert (refund.amount, refund.state, refund.source) == (30_00, "succeeded", "psp")
    assert Payment.objects.get(amount=50_00).amount_disputed == 50_00
    proof = prove()
    assert proof.holds, [f for f in proof.findings if f.contradictions]
