"""What we charge for a refund: agreed when it is asked for, booked when it succeeds, returned when it comes back."""

import pytest
from django.db import DatabaseError, connection, transaction

from kernel.clock import now
from kernel.ids import decode
from kernel.money import Money
from ledger import chart
from ledger.balances import balance
from merchants.fees import agree
from merchants.payment_methods.bind import bind
from paygate.payments.hear_refunds import refund_reported
from paygate.payments.models import Payment, Refund
from paygate.payments.refund import refund
from paygate.proof.prove import prove
from paygate.psp.events import RefundReported, RefundState

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def agreed(merchant):
    agree(
        merchant.merchant.id,
        basis_points=0,
        currency="USD",
        psp="adyen",
        refund_fee_minor=25,
        effective_from=now(),
    )


@pytest.fixture
def payment(api):
    return api.pay(psp="adyen", amount=100_00).json()


@pytest.fixture
def stands(merchant):
    """What we earned by refunds, and what the merchant has that is payable."""

    def read():
        accounts = (chart.refund_fees(), chart.merchant_available())
        whose = {"livemode": False, "currency": "USD"}
        return tuple(balance(merchant.merchant.id, account=a, **whose).minor for a in accounts)

    return read


@pytest.fixture
def tell(payment):
    def hear(state, *, reference="R1", **changes):
        news = {"psp_reference": payment["psp_reference"], "reference": reference}
        news |= {"state": state, "amount": Money(40_00, "USD")} | changes
        return refund_reported("adyen", RefundReported(**news), livemode=False, now=now())

    return hear


@pytest.fixture
def ours(merchant, payment):
    id_ = decode("pay", payment["id"])
    whose = {"livemode": False, "bind": None, "now": now()}
    return refund(merchant.merchant.id, id_, amount=40_00, **whose).attempt.refund


@pytest.mark.parametrize("psp, fee", [("stripe", 0), ("braintree", 0)])
def test_a_refund_costs_what_was_agreed_for_its_psp(api, psp, fee):
    payment = api.pay(psp=psp, amount=100_00).json()["id"]

    assert api.post("refunds", {"payment": payment}).json()["fee"] == fee
    assert prove().holds


def test_a_refund_that_is_asked_for_costs_nothing_yet(ours, stands):
    assert (ours.fee, stands()) == (25, (0, 0))


def test_a_refund_that_succeeds_costs_its_fee_once(ours, stands, tell, api):
    for _ in range(2):
        tell(RefundState.SUCCEEDED, refund=ours.public_id)

    assert stands() == (25, -40_25)
    assert api.get(f"refunds/{ours.public_id}").json()["fee"] == 25
    assert prove().holds


def test_a_refund_that_comes_back_gives_its_fee_back(ours, stands, tell, api):
    tell(RefundState.SUCCEEDED, refund=ours.public_id)
    tell(RefundState.FAILED, refund=ours.public_id)

    assert stands() == (0, 0)
    assert api.get(f"refunds/{ours.public_id}").json()["fee"] == 0
    assert prove().holds


@pytest.mark.parametrize("state", [RefundState.FAILED, RefundState.CANCELED])
def test_a_refund_that_never_succeeded_costs_nothing(ours, stands, tell, api, state):
    tell(state, refund=ours.public_id)

    assert stands() == (0, 0)
    assert api.get(f"refunds/{ours.public_id}").json()["fee"] == 0
    assert prove().holds


def test_a_refund_made_at_the_psp_costs_the_same(payment, stands, tell):
    tell(RefundState.SUCCEEDED)

    assert (Refund.objects.get().fee, stands()) == (25, (25, -40_25))
    tell(RefundState.FAILED)
    assert stands() == (0, 0)
    assert prove().holds


def test_new_terms_do_not_change_what_a_refund_costs_that_was_asked_for(
    merchant, ours, stands, tell
):
    agree(
        merchant.merchant.id,
        basis_points=0,
        currency="USD",
        psp="adyen",
        refund_fee_minor=99,
        effective_from=now(),
    )
    tell(RefundState.SUCCEEDED, refund=ours.public_id)

    assert stands()[0] == 25


def test_the_database_lets_nobody_change_what_a_refund_costs(ours):
    with (
        pytest.raises(DatabaseError, match="agreed when it was asked for"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE refund SET fee = 1, sequence = sequence + 1")


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE refund SET fee = 24, sequence = sequence + 1",
        "UPDATE refund SET fee = 0, sequence = sequence + 1",
    ],
)
def test_the_proof_finds_a_refund_whose_fee_is_not_in_the_books(ours, tell, wrong):
    tell(RefundState.SUCCEEDED, refund=ours.public_id)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE refund DISABLE TRIGGER USER")
        cursor.execute(wrong)

    found = [finding.says for finding in prove().findings if finding.contradictions]
    assert "every refund that stands as succeeded has its fee in the books, and no other" in found


# ------------------------------------------------------------------------- what fees go by


def test_a_payments_fee_goes_by_its_cards_brand_and_country(merchant, api):
    whose = merchant.merchant.id
    agree(whose, basis_points=500, method="amex", effective_from=now())
    agree(whose, basis_points=700, method="amex", country="eea", effective_from=now())

    def taken(**card):
        method = bind(whose, livemode=False, tokens={"stripe": "pm_card_visa"}, at=now(), **card)
        made = api.pay(psp="stripe", amount=100_00, payment_method=method.public_id).json()
        return made["fee"], made["risk"]["card"]

    assert taken(brand="visa", country="DE") == (3_20, {"brand": "visa", "country": "DE"})
    assert taken(brand="amex") == (5_00, {"brand": "amex", "country": ""})
    assert taken(brand="amex", country="DE") == (7_00, {"brand": "amex", "country": "DE"})
    assert prove().holds


def test_what_is_not_known_of_an_older_payments_card_is_any(payment):
    row = Payment.objects.get(id=decode("pay", payment["id"]))
    del row.risk["card"]

    assert row.card == {}
