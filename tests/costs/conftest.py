"""Payments of which the outbox has told, and a price list that we expect their cost by."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.clock import now
from kernel.ids import decode
from kernel.money import Money
from kernel.outbox.relay import tell
from paygate.costs import expect, hear
from paygate.costs.learn import learn
from paygate.costs.models import PaymentCost, PspPrice


@pytest.fixture(autouse=True)
def nothing_known():
    def forget():
        expect.forget()
        hear.forget()

    forget()
    yield
    forget()


@pytest.fixture
def relay():
    """Tell all that the outbox holds."""

    def told():
        while tell([hear.hear], at=now()):
            pass

    return told


@pytest.fixture
def price(db):
    def agreed(basis_points, fixed_minor=0, **of):
        of = {"psp": "stripe", "currency": "USD", "effective_from": now() - timedelta(days=1)} | of
        made = PspPrice.objects.create(basis_points=basis_points, fixed_minor=fixed_minor, **of)
        expect.forget()
        return made

    return agreed


@pytest.fixture
def cost_of():
    def read(payment):
        return PaymentCost.objects.get(payment_id=decode("pay", payment["id"]))

    return read


@pytest.fixture
def charge():
    """The PSP says what it charged."""

    def told(payment, minor, reference="txn_1", *, psp="stripe", currency="USD", of=None):
        return learn(
            psp,
            reference,
            Money(minor, currency),
            of=of or payment["id"],
            livemode=False,
            charged_at=now(),
            now=now(),
        )

    return told
