"""What the outbox tells of payments is counted once: their expected cost, and their merchant's month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from kernel.clock import now
from kernel.money import Money
from kernel.outbox.models import OutboxEvent
from merchants.fees import agree
from merchants.payment_methods.bind import bind
from merchants.pricing.volume import forget, month_of, volume
from paygate.costs.hear import hear
from paygate.costs.models import PaymentCost
from paygate.payments.hear_captures import capture_failed, recaptured
from paygate.proof.prove import prove
from paygate.psp.events import CaptureFailed, Recaptured

pytestmark = pytest.mark.django_db


def taken(merchant, currency="USD", livemode=False):
    forget()
    return volume(merchant.merchant.id, livemode=livemode, currency=currency, at=now())


def test_a_capture_is_expected_to_cost_what_the_price_list_says(api, relay, price, cost_of):
    price(140, 25)
    payment = api.pay(psp="stripe", amount=100_00).json()
    relay()

    cost = cost_of(payment)
    assert (cost.captured, cost.captures, cost.expected, cost.actual) == (100_00, 1, 1_65, None)
    assert (cost.psp_reference, cost.passed_on) == (payment["psp_reference"], False)
    assert prove().holds


def test_the_most_specific_line_of_the_price_list_counts(api, merchant, relay, price, cost_of):
    price(100)
    price(200, method="amex")
    price(300, country="eea")
    price(400, psp="adyen", method="amex")
    price(500, currency="EUR", method="amex")

    def expected(**card):
        whose = merchant.merchant.id
        method = bind(whose, livemode=False, tokens={"stripe": "pm_card_visa"}, at=now(), **card)
        payment = api.pay(psp="stripe", amount=100_00, payment_method=method.public_id).json()
        relay()
        return cost_of(payment).expected

    assert expected() == 1_00
    assert expected(brand="amex") == 2_00
    assert expected(brand="visa", country="FR") == 3_00


def test_without_a_price_list_nothing_is_expected(api, relay, cost_of):
    payment = api.pay(psp="stripe").json()
    relay()

    assert cost_of(payment).expected is None


def test_a_price_that_began_after_the_payment_was_made_does_not_count(api, relay, price, cost_of):
    price(100)
    payment = api.pay(psp="stripe", amount=100_00).json()
    price(900, effective_from=now())
    relay()

    assert cost_of(payment).expected == 1_00


def test_captures_in_parts_are_expected_to_cost_the_fixed_part_each(api, relay, price, cost_of):
    price(100, 10)
    payment = api.pay(psp="stripe", amount=100_00, capture_method="manual").json()
    for part in (40_00, 60_00):
        api.post(f"payments/{payment['id']}/capture", {"amount": part, "final": part == 60_00})
        relay()

    cost = cost_of(payment)
    assert (cost.captured, cost.captures, cost.expected) == (100_00, 2, 1_20)


def test_what_took_nothing_costs_nothing(api, relay):
    api.pay(psp="stripe", capture_method="manual")
    api.pay(psp="stripe", payment_method="pm_card_declined")
    relay()

    assert not PaymentCost.objects.exists()


def test_the_month_is_the_sum_of_its_captures_however_often_they_are_told(
    api, merchant, relay, price
):
    for amount in (100_00, 20_00):
        api.pay(psp="stripe", amount=amount)
    api.pay(psp="stripe", amount=7_00, currency="EUR")
    relay()
    for _ in range(2):
        hear(list(OutboxEvent.objects.order_by("position")))  # As after a relay that died.

    assert taken(merchant) == 120_00
    assert taken(merchant, "EUR") == 7_00
    assert taken(merchant, livemode=True) == 0
    assert prove().holds


def test_parts_count_once_each_whichever_of_them_are_told_together(api, merchant, relay):
    payment = api.pay(psp="stripe", amount=100_00, capture_method="manual").json()["id"]
    for n, part in enumerate((10_00, 20_00, 30_00)):
        api.post(f"payments/{payment}/capture", {"amount": part, "final": n == 2})
        if n != 1:
            relay()

    assert taken(merchant) == 60_00


def test_a_refund_takes_nothing_from_the_month(api, merchant, relay):
    payment = api.pay(psp="stripe", amount=100_00).json()["id"]
    api.post("refunds", {"payment": payment})
    relay()

    assert taken(merchant) == 100_00
    assert prove().holds


def test_a_capture_that_came_to_nothing_counts_no_more_and_counts_again_when_it_was_made_after_all(
    api, merchant, relay, price, cost_of
):
    price(100, psp="adyen")
    payment = api.pay(psp="adyen", amount=100_00).json()
    api.pay(psp="adyen", amount=5_00)
    relay()
    news = {
        "psp_reference": payment["psp_reference"],
        "capture": payment["psp_reference"],
        "amount": Money(100_00, "USD"),
    }

    capture_failed("adyen", CaptureFailed(**news), livemode=False, now=now())
    relay()
    assert (taken(merchant), cost_of(payment).expected) == (5_00, 0)
    assert prove().holds

    recaptured("adyen", Recaptured(**news), livemode=False, now=now())
    relay()
    assert (taken(merchant), cost_of(payment).expected) == (105_00, 1_00)
    assert prove().holds


def test_a_capture_that_came_to_nothing_before_anybody_told_of_it_never_counts(
    api, merchant, relay
):
    payment = api.pay(psp="adyen", amount=100_00).json()
    news = CaptureFailed(payment["psp_reference"], payment["psp_reference"], Money(100_00, "USD"))
    capture_failed("adyen", news, livemode=False, now=now())
    relay()

    assert taken(merchant) == 0
    assert not PaymentCost.objects.exists()


def test_the_next_capture_pays_the_rate_of_the_tier_that_the_month_reached(api, merchant, relay):
    agree(
        merchant.merchant.id,
        basis_points=300,
        currency="USD",
        tiers=[{"from": 100_00, "basis_points": 100, "fixed": 0}],
        effective_from=now(),
    )

    first = api.pay(psp="stripe", amount=100_00).json()
    relay()
    forget()
    second = api.pay(psp="stripe", amount=100_00).json()

    assert (first["fee"], second["fee"]) == (3_00, 1_00)
    assert api.get(f"payments/{first['id']}").json()["fee"] == 3_00  # And stays so.


def test_what_is_told_late_counts_in_its_month_and_is_borne_as_was_agreed_then(
    api, merchant, cost_of
):
    payment = api.pay(psp="stripe", amount=100_00, capture_method="manual").json()
    api.post(f"payments/{payment['id']}/capture", {"amount": 40_00, "final": False})
    api.post(f"payments/{payment['id']}/capture", {"amount": 60_00})
    events = list(OutboxEvent.objects.filter(topic__startswith="payment.").order_by("position"))
    for (
        event
    ) in events:  # The first part was taken as the old month ended, by what was agreed then.
        part = event.body["amount_captured"]
        event.created_at = datetime(2027, 1, 31 if part <= 40_00 else 1, 23, tzinfo=UTC)
        event.created_at += timedelta(days=31 if part > 40_00 else 0)
    agree(
        merchant.merchant.id,
        basis_points=10,
        pricing="interchange_plus_plus",
        effective_from=datetime(2027, 2, 1, 12, tzinfo=UTC),
    )
    hear(events)

    months = [datetime(2027, month, 2, tzinfo=UTC) for month in (1, 2)]
    forget()
    whose = {"livemode": False, "currency": "USD"}
    assert [volume(merchant.merchant.id, at=at, **whose) for at in months] == [40_00, 60_00]
    cost = cost_of(payment)
    assert (cost.captured, cost.passed_on, cost.captured_at.month) == (100_00, False, 1)


def test_an_event_that_is_older_than_what_is_known_changes_nothing(api, relay, cost_of, merchant):
    payment = api.pay(psp="stripe", amount=100_00, capture_method="manual").json()
    api.post(f"payments/{payment['id']}/capture", {"amount": 40_00, "final": False})
    api.post(f"payments/{payment['id']}/capture", {"amount": 60_00})
    relay()
    [first] = [
        event
        for event in OutboxEvent.objects.filter(topic__startswith="payment.")
        if event.body["amount_captured"] == 40_00 and event.body["status"] == "partially_captured"
    ]
    hear([first])

    assert (cost_of(payment).captured, taken(merchant)) == (100_00, 100_00)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE payment_cost SET passed_on = NOT passed_on",
        "UPDATE payment_cost SET sequence = sequence - 1",
        "DELETE FROM payment_cost",
        "UPDATE psp_price SET basis_points = 1",
        "DELETE FROM psp_price",
        "TRUNCATE psp_price",
    ],
)
def test_the_database_refuses_to_forget_what_was_counted_and_priced(api, relay, price, sql):
    price(100)
    api.pay(psp="stripe")
    relay()
    with (
        pytest.raises(DatabaseError, match=r"never changes|refused"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_a_month_begins_at_midnight_of_the_first_in_utc():
    assert month_of(now().replace(month=12, day=31)).isoformat()[5:] == "12-01"


@pytest.mark.parametrize(
    "wrong, says",
    [
        ("UPDATE merchant_volume SET captured = captured + 1", "months add up"),
        ("UPDATE payment_cost SET captured = captured + 1", "change that was heard of last"),
        ("UPDATE payment_cost SET actual = 1", "the sum of what was charged"),
    ],
)
def test_the_proof_finds_what_was_counted_wrongly(api, relay, wrong, says):
    api.pay(psp="stripe")
    relay()
    with connection.cursor() as cursor:
        cursor.execute(wrong)

    assert any(says in f.says for f in prove().findings if f.contradictions)
