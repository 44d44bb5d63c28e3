"""A charge told by many at the same moment, and an outbox told by two relays: each counts once."""

from __future__ import annotations

from collections import Counter

import pytest

from kernel.clock import now
from kernel.outbox.models import OutboxEvent
from merchants.pricing.volume import forget, volume
from paygate.costs.hear import hear
from paygate.costs.models import PspCharge
from paygate.proof.prove import prove
from tests.races import at_once


@pytest.fixture
def db(commits):
    """Each thread has a connection of its own, and what it writes is there for the others."""


def test_of_sixteen_who_learn_of_the_same_charge_one_books_it(api, relay, charge, cost_of):
    payment = api.pay(psp="stripe", amount=100_00).json()
    relay()

    assert Counter(at_once(16, lambda _: charge(payment, 1_65))) == {True: 1, False: 15}

    assert (PspCharge.objects.count(), cost_of(payment).actual) == (1, 1_65)
    assert prove().holds


def test_of_sixteen_charges_at_the_same_moment_none_is_lost(api, relay, charge, cost_of):
    payment = api.pay(psp="stripe", amount=100_00).json()
    relay()

    at_once(16, lambda number: charge(payment, 10 + number, f"txn_{number}"))

    assert cost_of(payment).actual == sum(range(10, 26))
    assert prove().holds


def test_what_many_relays_tell_at_the_same_moment_counts_once(api, merchant):
    for _ in range(5):
        api.pay(psp="stripe", amount=100_00)
    events = list(OutboxEvent.objects.order_by("position"))

    at_once(16, lambda _: hear(events))

    forget()
    taken = volume(merchant.merchant.id, livemode=False, currency="USD", at=now())
    assert taken == 500_00
    assert prove().holds
