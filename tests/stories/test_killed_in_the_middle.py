"""kill -9 in the middle of a payment: nothing is lost and nothing is charged twice."""

import contextlib
import json
import signal
import threading
import time

import pytest
import requests

from tests.stories.conftest import until

pytestmark = pytest.mark.stack


def sent_and_hanging(running, key):
    """Begin a payment whose PSP executes it but does not answer; returns when the PSP has it."""
    running.faults(next=["timeout_after"], hang_seconds=3)

    def send():
        with contextlib.suppress(requests.RequestException):  # A killed web server breaks the line.
            running.pay(key)

    threading.Thread(target=send, daemon=True).start()
    [(payment,)] = until(
        lambda: running.query(
            "SELECT public_id('pay', payment_id) FROM payment_attempt"
            f" WHERE taken_at IS NOT NULL AND idempotency_key = '{key}'"
        )
    )
    until(lambda: running.books(payment))
    return payment


@pytest.mark.parametrize("victim", ["web", "worker-stripe"])
def test_a_payment_survives_the_death_of(running, victim):
    key = f"{victim} dies"
    payment = sent_and_hanging(running, key)
    before = running.pid(victim)

    running.stack.processes.kill(victim, signal.SIGKILL)
    running.is_back(victim, before)

    assert running.followed(payment)["status"] == "captured"
    assert running.books(payment) == [("authorized", 1000), ("captured", 1000)]
    again = running.pay(key)
    assert (again.status_code, again.json()["id"]) == (201, payment)


def test_a_payment_written_down_but_never_sent_is_carried_out_later(running):
    """The web server dies between the claim and the message."""
    for name in ("worker-stripe", "beat"):
        running.stack.processes.kill(name, signal.SIGSTOP)
    try:
        reply = running.pay("never sent", headers={"Prefer": "respond-async"})
        assert reply.status_code == 202
        assert running.books(reply.json()["id"]) == []
    finally:
        for name in ("worker-stripe", "beat"):
            running.stack.processes.kill(name, signal.SIGCONT)

    assert running.followed(reply.json()["id"])["status"] == "captured"


def told(running):
    """(subject, sequence) of every event in the relay's log, in the order of telling."""
    lines = (running.stack.folder / "logs" / "relay.log").read_text().splitlines()
    events = [json.loads(line) for line in lines if '"logger":"events"' in line]
    return [(event["subject"], event["sequence"]) for event in events]


def test_events_are_told_in_order_though_the_relay_is_killed(running):
    payments = []
    for turn in range(6):
        if turn in {1, 3}:
            before = running.pid("relay")
            running.stack.processes.kill("relay", signal.SIGKILL)
            running.is_back("relay", before)
        payments.append(running.pay().json()["id"])

    until(lambda: all((payment, 2) in told(running) for payment in payments))
    for payment in payments:
        sequences = [sequence for subject, sequence in told(running) if subject == payment]
        assert sorted(set(sequences)) == [1, 2]
        assert sequences.index(1) < sequences.index(2)


def test_postgresql_killed_and_recovered_loses_no_acknowledged_payment(running):
    acknowledged = [running.pay().json() for _ in range(5)]
    before = running.pid("postgres")

    running.stack.processes.kill("postgres", signal.SIGKILL)
    running.is_back("postgres", before)
    until(lambda: answers(running))

    assert [running.read(payment["id"]) for payment in acknowledged] == acknowledged
    until(lambda: running.pay().status_code == 201)


def answers(running):
    try:
        return requests.get(f"{running.stack.api}/readyz", timeout=5).status_code == 200
    except requests.RequestException:
        time.sleep(0.2)
        return False
