"""One quote and many payments at the same moment, with real threads and real commits: exactly one."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import DatabaseError
from django.db.transaction import atomic

from kernel.clock import now
from kernel.ids import decode
from kernel.money import Money
from paygate.fx.models import Quote
from paygate.payments.create import Order, create
from paygate.payments.models import Payment
from paygate.payments.write import Written, write_many
from tests.fx.conftest import publish
from tests.proof.holds import holds
from tests.races import at_once


@pytest.fixture
def db(commits):
    """Each thread has a connection of its own, and what it writes is there for the others."""


def test_of_sixteen_payments_with_one_quote_exactly_one_has_it(api):
    publish(USD="1.0800")
    quote = api.post("fx/quotes", {"from_currency": "EUR", "to_currency": "USD"}).json()

    def pay(number):
        reply = api.pay(psp="stripe", currency="EUR", fx_quote=quote["id"], key=f"race-{number}")
        return reply.status_code, reply.json().get("error", {}).get("code")

    became = Counter(at_once(16, pay))

    assert became == {(201, None): 1, (409, "fx_quote_used"): 15}
    assert Payment.objects.count() == 1
    assert Quote.objects.get().payment_id == Payment.objects.get().id
    assert holds()


def test_of_the_same_request_sixteen_times_all_are_answered_by_one_payment(api):
    publish(USD="1.0800")
    quote = api.post("fx/quotes", {"from_currency": "EUR", "to_currency": "USD"}).json()

    def pay(_):
        reply = api.pay(psp="stripe", currency="EUR", fx_quote=quote["id"], key="the-same")
        return reply.status_code, reply.json().get("id")

    became = set(at_once(16, pay))

    assert len(became) == 1
    assert became.pop()[0] == 201
    assert Payment.objects.count() == 1


def test_of_a_group_that_shares_a_commit_only_the_second_user_of_a_quote_fails(
    merchant, api, monkeypatch
):
    publish(USD="1.0800")
    quote = api.post("fx/quotes", {"from_currency": "EUR", "to_currency": "USD"}).json()
    steps = []
    monkeypatch.setattr("paygate.payments.create.write", lambda step: steps.append(step))
    for _ in range(2):
        order = Order(
            user_id="user-1",
            amount=Money(10_00, "EUR"),
            payment_method="pm_card_visa",
            fx_quote=decode("fxq", quote["id"]),
        )
        create(merchant.merchant.id, order, livemode=False, bind=None, now=now())

    with pytest.raises(DatabaseError) as refused, atomic():
        write_many(steps)
    assert refused.value.__cause__.sqlstate == "PG101"
    # So the group is written one by one (kernel.grouping), and of two one goes.
    assert write_many(steps[:1]) == [Written.WRITTEN]
    with pytest.raises(DatabaseError), atomic():
        write_many(steps[1:])
