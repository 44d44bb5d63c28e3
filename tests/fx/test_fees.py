"""Fees and costs of a converted payment beside its captures: they are converted as well."""

from __future__ import annotations

import pytest

from kernel.clock import now
from kernel.db import atomic
from kernel.ids import decode
from kernel.money import Money
from kernel.outbox.relay import tell
from ledger.recipes.fees import cost_passed_on
from merchants.fees import agree
from paygate.costs import expect, hear
from paygate.costs.learn import learn
from paygate.payments.convert import with_conversions
from paygate.payments.models import Payment
from paygate.payments.pass_on import pass_on
from paygate.proof.prove import prove
from paygate.psp.events import NotYet
from tests.fx.conftest import correct, row
from tests.fx.test_payments import theirs
from tests.proof.holds import holds

pytestmark = pytest.mark.django_db


@pytest.fixture
def interchange(merchant, converting, rates):
    """The merchant bears what the PSP charges, and nothing of ours."""
    expect.forget()
    hear.forget()
    converting()
    agree(
        merchant.merchant.id,
        basis_points=0,
        currency="EUR",
        pricing="interchange_plus_plus",
        effective_from=now(),
    )


@pytest.fixture
def paid(interchange, api):
    payment = api.pay(psp="stripe", amount=100_00, currency="EUR").json()
    while tell([hear.hear], at=now()):
        pass
    return payment


def charged(payment, minor=1_65, reference="txn_1"):
    return learn(
        "stripe",
        reference,
        Money(minor, "EUR"),
        of=payment["id"],
        livemode=False,
        charged_at=now(),
        now=now(),
    )


def test_a_cost_that_is_passed_on_is_paid_in_the_settlement_currency(paid, api, book):
    assert charged(paid)
    assert not charged(paid)

    assert theirs(book) == {"USD": 106_92 - round(1_65 * 1.0692)}
    shown = api.get(f"payments/{paid['id']}").json()
    assert shown["settlement"]["amount"] == theirs(book)["USD"]
    assert shown["sequence"] == paid["sequence"] + 1
    assert holds()


def test_a_cost_of_a_payment_that_changes_in_this_moment_comes_again(paid, merchant, monkeypatch):
    stale = row(paid)
    stale.sequence -= 1
    monkeypatch.setattr(Payment.objects, "get", lambda **_: stale)
    cost = cost_passed_on(
        merchant=merchant.merchant.id,
        livemode=False,
        source=f"{paid['id']}:txn_1",
        cost=Money(1_65, "EUR"),
    )
    with pytest.raises(NotYet), atomic():
        pass_on(merchant.merchant.id, decode("pay", paid["id"]), cost, at=now())


def test_a_fee_for_a_refund_is_paid_in_the_settlement_currency(merchant, paid, api, book):
    agree(
        merchant.merchant.id,
        basis_points=0,
        currency="EUR",
        refund_fee_minor=50,
        effective_from=now(),
    )
    correct(USD="1.1500")
    refund = api.post("refunds", {"payment": paid["id"], "amount": 40_00}).json()

    assert refund["status"] == "succeeded"
    assert theirs(book) == {"USD": 106_92 - round(40_50 * 1.0692)}
    assert holds()


def test_the_proof_finds_what_was_not_converted(paid, api, monkeypatch):
    monkeypatch.setattr(
        "paygate.payments.answer_refund.with_conversions",
        lambda payment, transactions: list(transactions),
    )
    api.post("refunds", {"payment": paid["id"], "amount": 40_00})

    wrong = [f.says for f in prove().findings if f.contradictions]
    assert "a converted payment leaves its merchant nothing in its own currency" in wrong


def test_the_proof_finds_a_conversion_that_its_payment_does_not_know(paid, api, monkeypatch):
    def forgetful(payment, transactions):
        kept = payment.conversion
        posted = with_conversions(payment, transactions)
        payment.conversion = kept
        return posted

    monkeypatch.setattr("paygate.payments.answer_refund.with_conversions", forgetful)
    api.post("refunds", {"payment": paid["id"], "amount": 40_00})

    wrong = [f.says for f in prove().findings if f.contradictions]
    assert "what payments say was converted is what the books say, and nothing else was" in wrong
