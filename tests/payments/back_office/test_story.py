"""A payment's timeline holds what every room knows of it, and reading it asks as often for one attempt as for fifty."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kernel.clock import now
from kernel.ids import uuid7
from kernel.money import Money
from kernel.outbox.models import OutboxEvent
from merchants.notices.hear import hear
from merchants.notices.models import Notice
from merchants.notices.register import register
from paygate.costs.learn import learn
from paygate.costs.models import PaymentCost
from paygate.payments.models import Attempt, Payment
from paygate.webhooks.models import PspEvent
from tests.disputes.conftest import Case, reinstated, withdrawn

pytestmark = pytest.mark.django_db

#: What the page asks, however much there is: login and rights, the payment and its parts, each room's own, the books.
QUERIES = 32


@pytest.fixture
def office():
    user = User.objects.create_user("lena", is_staff=True)
    user.groups.set(Group.objects.filter(name__in=["support lead", "finance"]))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def words_of(office):
    def read(payment_id) -> str:
        answer = office.get(f"/admin/payments/payment/{payment_id}/change/")
        assert answer.status_code == 200
        body = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", answer.content.decode())
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))

    return read


def test_a_refund_and_its_answer(api, words_of):
    paid = api.pay(amount=2495, currency="EUR", psp="stripe").json()
    api.post("refunds", {"payment": paid["id"], "amount": 2240, "reason": "duplicate"})
    words = words_of(Payment.objects.get().id)
    assert "Refund of 22.40 EUR asked for by the merchant duplicate" in words
    assert "Refund of 22.40 EUR at Stripe: approved" in words
    assert "refund.succeeded re_" in words


def test_a_decline_with_the_psps_own_words_and_what_staff_alone_should_know(api, words_of):
    api.pay(amount=1000, psp="stripe", payment_method="pm_card_insufficient_funds")
    words = words_of(Payment.objects.get().id)
    assert "Declined by the bank at" in words
    assert "insufficient_funds: insufficient funds" in words
    assert "Stripe said:" in words
    assert "Nothing was posted: no money has moved." in words


def test_a_dispute_its_money_and_its_books(api, words_of):
    case = Case(api.pay(amount=1000, psp="stripe").json())
    case.heard("needs_response", withdrawn("txn_1"))
    case.heard("won", reinstated("txn_2"), hours=2)
    words = words_of(Payment.objects.get().id)
    assert "Dispute opened: 10.00 USD, fraudulent" in words
    assert "Stripe took back 10.00 USD for the dispute txn_1" in words
    assert "Stripe gave back 10.00 USD for the dispute txn_2" in words
    assert "Dispute won: 10.00 USD" in words
    assert "dispute.opened dp_" in words
    assert "dispute.won dp_" in words


def test_a_notice_and_whether_it_arrived(api, merchant, words_of):
    register(
        merchant.merchant.id,
        livemode=False,
        url="https://shop.example/hook",
        enabled_events=["*"],
        at=now(),
    )
    api.pay(amount=1000, psp="stripe")
    hear(list(OutboxEvent.objects.order_by("position")))
    assert Notice.objects.exists()
    words = words_of(Payment.objects.get().id)
    assert "Notice payment.captured: not delivered yet https://shop.example/hook · 0 tries" in words


def test_what_the_psp_told_unasked(api, words_of):
    api.pay(amount=1000, psp="stripe")
    payment = Payment.objects.get()
    for reference, kind in ((payment.psp_reference, "charge.succeeded"), ("pi_other", "charge.x")):
        PspEvent.objects.create(
            psp="stripe",
            livemode=False,
            key=f"evt_{kind}",
            kind=kind,
            payload={},
            said_at=now(),
            received_at=now(),
            next_try_at=now(),
            concerns=reference,
        )
    words = words_of(payment.id)
    assert "Stripe told us charge.succeeded: received" in words
    assert "charge.x" not in words


def test_what_the_psp_charged_and_that_it_was_booked(api, words_of):
    api.pay(amount=1000, psp="stripe")
    payment = Payment.objects.get()
    PaymentCost.objects.create(
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        livemode=False,
        psp="stripe",
        psp_reference=payment.psp_reference,
        currency="USD",
        brand="visa",
        country="",
        captured=1000,
        captures=1,
        passed_on=False,
        sequence=2,
        captured_at=now(),
    )
    learn(
        "stripe",
        "txn_cost",
        Money(59, "USD"),
        of=payment.public_id,
        livemode=False,
        charged_at=now(),
        now=now(),
    )
    words = words_of(payment.id)
    assert "Stripe charged us 0.59 USD txn_cost" in words
    assert "Stripe's costs 0.59 USD charged" in words
    assert re.search(r"psp\.fee_charged pay_\w+:txn_cost", words)


def test_who_did_what_and_why(api, office, words_of):
    api.pay(amount=1000, psp="stripe", capture_method="manual")
    payment = Payment.objects.get()
    office.post(
        f"/admin/payments/payment/{payment.id}/do/cancel/",
        {"key": "k", "because": "Ordered twice."},
    )
    words = words_of(payment.id)
    assert "Cancel: done by lena Ordered twice." in words
    assert "Canceled at" in words


def test_it_asks_as_often_for_one_attempt_as_for_fifty(api, office):
    api.pay(amount=5000, psp="stripe", capture_method="manual")
    payment = Payment.objects.get()
    office.get(f"/admin/payments/payment/{payment.id}/change/")  # Whatever is asked once alone.

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert office.get(f"/admin/payments/payment/{payment.id}/change/").status_code == 200
        return len(queries)

    first = asked()
    Attempt.objects.bulk_create(
        Attempt(
            id=uuid7(),
            merchant_id=payment.merchant_id,
            payment_id=payment.id,
            operation="capture",
            psp="stripe",
            amount=100,
            outcome="declined",
            decline_code="processing_error",
            started_at=now(),
            taken_at=now(),
            finished_at=now(),
        )
        for _ in range(50)
    )
    assert asked() == first <= QUERIES
