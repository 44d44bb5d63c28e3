"""Payments in one currency that become another: taken, given back, disputed, through the public API."""

from __future__ import annotations

import pytest

from kernel.clock import now
from tests.disputes.conftest import Case, evidence_folder, reinstated, withdrawn  # noqa: F401
from tests.fx.conftest import correct, publish, row
from tests.proof.holds import holds

pytestmark = pytest.mark.django_db

PENDING, AVAILABLE = "liabilities:merchant:pending", "liabilities:merchant:available"


def theirs(book):
    """What the merchant has, by currency, pending and available together."""
    sums = {}
    for (account, currency), minor in book().items():
        if account in (PENDING, AVAILABLE):
            sums[currency] = sums.get(currency, 0) + minor
    return {currency: minor for currency, minor in sums.items() if minor}


@pytest.fixture
def euros(api):
    """euros(100_00): a payment in euros, captured."""

    def pay(amount=100_00, **more):
        payment = api.pay(psp="stripe", amount=amount, currency="EUR", **more).json()
        assert payment["status"] in ("captured", "authorized"), payment
        return payment

    return pay


@pytest.fixture
def free(merchant):
    """No fee, so that amounts in these stories are easy to follow."""
    from merchants.fees import agree

    agree(merchant.merchant.id, basis_points=0, currency="EUR", effective_from=now())


def test_a_payment_in_euros_becomes_dollars_when_it_is_captured(rates, converting, euros, book):
    converting()
    payment = euros(100_00)

    fee = payment["fee"]
    assert payment["currency"] == "EUR"
    settlement = payment["settlement"]
    assert (settlement["currency"], settlement["rate"]) == ("USD", "1.0692")
    assert settlement["amount"] == round((100_00 - fee) * 1.0692)
    assert theirs(book) == {"USD": settlement["amount"]}
    assert book()["equity:fx:EUR", "EUR"] == 100_00 - fee
    assert book()["equity:fx:USD", "USD"] == -round((100_00 - fee) * 1.08)
    assert book()["income:fx", "USD"] == round((100_00 - fee) * 1.08) - settlement["amount"]
    assert holds()


def test_a_payment_stays_in_its_currency_unless_the_terms_say_otherwise(rates, euros, book):
    payment = euros(100_00)

    assert payment["settlement"] is None
    assert theirs(book) == {"EUR": 100_00 - payment["fee"]}


def test_a_payment_in_the_settlement_currency_is_not_converted(rates, converting, api):
    converting()
    assert api.pay(psp="stripe").json()["settlement"] is None


def test_a_payment_is_never_refused_for_want_of_a_rate(converting, euros, book, caplog):
    converting()
    payment = euros(100_00)
    assert payment["settlement"] is None

    publish(days_ago=30, USD="1.0800")
    assert euros(100_00)["settlement"] is None
    assert [r.message for r in caplog.records].count("fx.not_converted") == 2
    assert set(theirs(book)) == {"EUR"}


def test_a_payment_is_never_refused_for_a_rate_that_is_nonsense(converting, api):
    converting()
    publish(USD="100000000", KWD="0.000000001")

    payment = api.pay(psp="stripe", currency="KWD", amount=10_000)
    assert (payment.status_code, payment.json()["settlement"]) == (201, None)
    quote = api.post("fx/quotes", {"from_currency": "KWD", "to_currency": "USD"})
    assert (quote.status_code, quote.json()["error"]["code"]) == (400, "fx_pair_unsupported")


def test_captures_in_parts_convert_to_what_the_whole_would(
    rates, converting, euros, api, free, book
):
    converting()
    whole = euros(10_00)["settlement"]["amount"]
    payment = euros(10_00, capture_method="manual")
    for amount in (3_33, 3_33, 3_34):
        body = {"amount": amount, "final": False}
        payment = api.post(f"payments/{payment['id']}/capture", body).json()

    assert payment["settlement"]["amount"] == whole == 10_69
    assert theirs(book) == {"USD": 2 * whole}
    assert holds()


def test_a_refund_of_everything_at_the_original_rate_gives_back_exactly_everything(
    rates, converting, euros, api, free, book
):
    converting()
    payment = euros(10_00)
    correct(USD="1.1500")
    for amount in (3_33, 3_33, 3_34):
        assert api.post("refunds", {"payment": payment["id"], "amount": amount}).status_code == 201

    assert theirs(book) == {}
    assert api.get(f"payments/{payment['id']}").json()["settlement"]["amount"] == 0
    # We paid today's rate for the euros: the spread we had earned, and what the dollar lost meanwhile.
    loss = sum(round(part * 1.15) for part in (3_33, 3_33, 3_34)) - 10_80
    assert book()["income:fx", "USD"] == -loss
    assert ("equity:fx:EUR", "EUR") not in book()
    assert holds()


def test_a_refund_at_todays_rate_costs_the_merchant_what_it_costs_today(
    rates, converting, euros, api, free, book
):
    converting(refund_rate="current")
    payment = euros(100_00)
    correct(USD="1.1500")
    api.post("refunds", {"payment": payment["id"], "amount": 40_00})

    assert theirs(book) == {"USD": 106_92 - 46_00}
    assert book()["income:fx", "USD"] == 1_08  # What was earned when it was taken, and no more.
    assert holds()


@pytest.mark.parametrize("refund_rate", ["original", "current"])
def test_a_refund_that_comes_back_undoes_exactly_what_it_did(
    refund_rate, rates, converting, euros, api, free, book
):
    from kernel.money import Money
    from paygate.payments.hear_refunds import refund_reported
    from paygate.psp.events import RefundReported, RefundState

    converting(refund_rate=refund_rate)
    payment = euros(10_00)
    before = book()
    correct(USD="1.1300")
    refund = api.post("refunds", {"payment": payment["id"], "amount": 3_33}).json()
    assert refund["status"] == "succeeded"
    correct(USD="1.1900")
    news = RefundReported(
        psp_reference=payment["psp_reference"],
        payment=payment["id"],
        reference=refund["psp_reference"],
        refund=refund["id"],
        state=RefundState.FAILED,
        amount=Money(3_33, "EUR"),
        code="lost_or_stolen_card",
        why="The card is gone.",
    )
    assert "came back" in refund_reported("stripe", news, livemode=False, now=now())

    assert book() == before
    assert holds()


def test_a_dispute_that_is_won_costs_the_merchant_nothing(rates, converting, euros, free, book):
    converting()
    payment = euros(100_00)
    before = book()
    case = Case(payment)
    case.heard("needs_response", withdrawn("w1", 100_00, currency="EUR"), amount=100_00)
    assert theirs(book)["USD"] < 0
    correct(USD="1.1900")
    back = (withdrawn("w1", 100_00, currency="EUR"), reinstated("r1", 100_00, currency="EUR"))
    case.heard("won", *back, amount=100_00, hours=1)

    assert book() == before
    assert holds()


def test_a_dispute_that_is_lost_is_paid_in_dollars(rates, converting, euros, free, book):
    converting()
    payment = euros(100_00)
    case = Case(payment)
    case.heard("needs_response", withdrawn("w1", 100_00, currency="EUR"), amount=100_00)
    case.heard("lost", withdrawn("w1", 100_00, currency="EUR"), amount=100_00, hours=1)

    assert theirs(book) == {"USD": -round(15_00 * 1.0692)}  # Our fee for it, which is in euros.
    assert holds()


def test_a_part_of_a_dispute_given_back_gives_back_its_part(rates, converting, euros, free, book):
    converting()
    payment = euros(100_00)
    case = Case(payment)
    took = withdrawn("w1", 100_00, currency="EUR")
    case.heard("needs_response", took, amount=100_00)
    case.heard("won", took, reinstated("r1", 60_00, currency="EUR"), amount=100_00, hours=1)

    assert set(theirs(book)) == {"USD"}
    assert abs(theirs(book)["USD"] - round(60_00 * 1.0692)) <= 1
    assert holds()


def test_a_capture_taken_back_and_made_after_all_leaves_what_it_had_made(
    rates, converting, euros, free, book
):
    from kernel.money import Money
    from paygate.payments.hear_captures import capture_failed, recaptured
    from paygate.psp.events import CaptureFailed, Recaptured

    converting()
    payment = euros(100_00)
    before = book()
    attempt = payment["attempts"][0]["id"]
    about = {
        "psp_reference": payment["psp_reference"],
        "payment": payment["id"],
        "attempt": attempt,
        "capture": "cap_1",
        "amount": Money(100_00, "EUR"),
    }
    capture_failed("stripe", CaptureFailed(**about, why="no"), livemode=False, now=now())
    assert theirs(book) == {}
    assert row(payment).amount_captured == 0
    assert holds()

    recaptured("stripe", Recaptured(**about), livemode=False, now=now())
    assert book() == before
    assert holds()
