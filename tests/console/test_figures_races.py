"""Figures told by many relays at the same moment, and made anew while they are told: each fact counts once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.transaction import atomic

from kernel.clock import now
from kernel.outbox.models import OutboxEvent
from paygate.console.figures import rebuild as rebuilding
from paygate.console.figures.hear import hear
from paygate.console.figures.rebuild import rebuild
from tests.console.counting import differ, of
from tests.disputes.conftest import case as case
from tests.races import at_once

SOON = 0.5  # Seconds in which the other one has come as far as it gets.


@pytest.fixture
def db(commits):
    """Each thread has a connection of its own, and what it writes is there for the others."""


def test_what_many_relays_tell_at_the_same_moment_counts_once(api):
    for _ in range(4):
        paid = api.pay(psp="stripe", amount=100_00).json()
    api.post("refunds", {"payment": paid["id"], "amount": 40_00})
    told = list(OutboxEvent.objects.order_by("position"))

    at_once(12, lambda number: hear(told[number % 3 :] + told[: number % 3]))

    assert of("captured") == (4, 400_00)
    assert of("refunded") == (1, 40_00)
    assert differ() == 0


def test_what_is_made_anew_while_it_is_told_counts_once(api):
    for _ in range(4):
        paid = api.pay(psp="stripe", amount=100_00).json()
    api.post("refunds", {"payment": paid["id"], "amount": 40_00})
    told = list(OutboxEvent.objects.order_by("position"))
    today = now().date()

    at_once(9, lambda n: rebuild(today, at=now()) if n % 3 == 0 else [hear([e]) for e in told])

    assert of("captured") == (4, 400_00)
    assert of("refunded") == (1, 40_00)
    assert differ() == 0


def test_what_was_counted_by_a_relay_that_has_not_committed_is_waited_for(case):
    """Else the second change of a dispute would not know what the first was counted as, and both would count."""
    disputed = case()
    disputed.heard("needs_response")
    disputed.heard("lost", hours=24)
    before = list(OutboxEvent.objects.order_by("position"))
    disputed.heard("won", hours=48)
    after = OutboxEvent.objects.order_by("position")[len(before) :]

    with ThreadPoolExecutor(1) as other:
        with atomic():
            hear(before)
            second = other.submit(_in_a_thread, hear, list(after))
            time.sleep(SOON)
            assert not second.done()
        second.result()

    assert (of("dispute_lost"), of("dispute_won")) == ((0, 0), (1, 10_00))
    assert differ() == 0


def test_what_happens_while_a_day_is_made_anew_is_counted(api, monkeypatch):
    """The statement sees what was there when it began; whatever is told meanwhile comes behind it."""
    api.pay(psp="stripe", amount=100_00)
    slowly = rebuilding._rebuild().replace(
        "WITH truth AS MATERIALIZED (",
        "WITH asleep AS MATERIALIZED (SELECT pg_sleep(1.5)), truth AS MATERIALIZED (SELECT t.* FROM asleep, (",
    )
    slowly = slowly.replace("),\n    wanted AS", ") t),\n    wanted AS", 1)
    monkeypatch.setattr(rebuilding, "_rebuild", lambda: slowly)
    today = now().date()

    with ThreadPoolExecutor(1) as other:
        made = other.submit(_in_a_thread, lambda day: rebuild(day, at=now()), today)
        time.sleep(SOON)
        api.pay(psp="stripe", amount=20_00)
        hear(list(OutboxEvent.objects.order_by("position")))
        made.result()

    assert of("captured") == (2, 120_00)
    assert differ() == 0


def _in_a_thread(work, *given):
    try:
        return work(*given)
    finally:
        connection.close()
