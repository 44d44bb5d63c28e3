"""Figures told by many relays at the same moment, and made anew while they are told: each fact counts once."""

from __future__ import annotations

import pytest

from kernel.clock import now
from kernel.outbox.models import OutboxEvent
from paygate.console.figures.hear import hear
from paygate.console.figures.rebuild import rebuild
from tests.console.counting import differ, of
from tests.races import at_once


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
