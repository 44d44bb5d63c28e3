"""The fee is what was agreed: by the most specific plan in effect, to the minor unit, and never retold."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from math import floor

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.ids import uuid7
from kernel.money import Money
from ledger.post import post
from ledger.recipes.payments import payment_captured
from merchants import fees
from merchants.fees import agree, dispute_fee, passes_costs_on, processing_fee, refund_fee
from merchants.models import FeePlan, Merchant
from merchants.onboard import BASIS_POINTS, FIXED_MINOR, onboard
from merchants.pricing import volume
from merchants.pricing.scope import Use
from tests.merchants.conftest import NOON
from tests.pricing.test_rate import WRONG_TIERS

DAY = timedelta(days=1)


@pytest.fixture
def whose(db):
    """A merchant with whom nothing is agreed yet."""
    return Merchant.objects.create(
        name="Kiosk", country="US", settlement_currency="USD", created_at=NOON
    ).id


def fee(whose, minor=100_00, currency="USD", psp="stripe", at=NOON) -> int:
    taken = processing_fee(whose, psp=psp, amount=Money(minor, currency), at=at)
    assert taken.currency == currency
    return taken.minor


def test_the_usual_plan_is_a_share_and_some_thirty_cents(db):
    ours = onboard("Kiosk", at=NOON).merchant.id

    assert fee(ours, 100_00, "USD") == 290 + 30
    assert fee(ours, 100_00, "GBP") == 290 + 25
    assert fee(ours, 10_000, "JPY") == 290 + 40
    assert fee(ours, 10_000, "KWD") == 290 + 100
    assert fee(ours, 100_00, "SEK") == 290


def test_without_an_agreement_nothing_is_taken(whose):
    assert fee(whose) == 0


def test_a_plan_holds_from_its_moment_on(whose):
    agree(whose, basis_points=100, effective_from=NOON)

    assert fee(whose, at=NOON - timedelta(microseconds=1)) == 0
    assert fee(whose, at=NOON) == 100


def test_a_newer_plan_supersedes_without_changing_the_past(whose):
    agree(whose, basis_points=100, effective_from=NOON)
    agree(whose, basis_points=200, effective_from=NOON + DAY)

    assert fee(whose, at=NOON) == 100
    assert fee(whose, at=NOON + DAY) == 200


def test_the_most_specific_plan_counts(whose):
    agree(whose, basis_points=100, effective_from=NOON)
    assert fee(whose) == 100
    agree(whose, basis_points=200, effective_from=NOON, currency="USD")
    assert fee(whose) == 200
    agree(whose, basis_points=300, effective_from=NOON, psp="stripe")
    assert fee(whose) == 300
    agree(whose, basis_points=400, effective_from=NOON, psp="stripe", currency="USD")
    assert fee(whose) == 400

    # A newer plan that is less specific changes nothing for those that are more so.
    agree(whose, basis_points=500, effective_from=NOON + DAY)
    assert fee(whose, at=NOON + DAY) == 400
    assert fee(whose, currency="EUR", psp="adyen", at=NOON + DAY) == 500


def test_a_plan_for_another_psp_or_currency_is_not_ours(whose):
    agree(whose, basis_points=100, effective_from=NOON, psp="adyen")
    agree(whose, basis_points=100, effective_from=NOON, currency="EUR")

    assert fee(whose, psp="stripe", currency="USD") == 0


def test_one_merchants_plan_is_not_anothers(whose, another_merchant):
    agree(another_merchant.merchant.id, basis_points=9_000, effective_from=NOON)

    assert fee(whose) == 0


def test_a_fee_is_never_more_than_the_amount(whose):
    agree(whose, basis_points=290, fixed_minor=30, currency="USD", effective_from=NOON)

    assert fee(whose, 30) == 30
    assert fee(whose, 1) == 1
    assert fee(whose, 0) == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.integers(0, 10**12), st.integers(0, 10_000), st.integers(0, 10**6))
def test_a_fee_is_the_exact_share_half_up_plus_the_fixed_part(whose, minor, basis_points, fixed):
    with transaction.atomic():
        agree(
            whose,
            basis_points=basis_points,
            fixed_minor=fixed,
            currency="USD",
            effective_from=NOON,
        )
        exact = Fraction(minor * basis_points, 10_000)
        assert fee(whose, minor) == min(minor, floor(exact + Fraction(1, 2)) + fixed)
        transaction.set_rollback(True)


def test_plans_that_are_known_cost_no_query(whose, django_assert_num_queries):
    agree(whose, basis_points=100, effective_from=NOON)
    with django_assert_num_queries(1):
        assert [fee(whose), fee(whose)] == [100, 100]


def test_a_plan_agreed_on_elsewhere_holds_here_within_seconds(whose, monkeypatch):
    agree(whose, basis_points=100, effective_from=NOON)
    assert fee(whose) == 100
    FeePlan.objects.create(  # As another process would.
        merchant_id=whose, basis_points=200, effective_from=NOON + DAY
    )

    monkeypatch.setattr(fees, "REMEMBERED", 0.0)
    assert fee(whose, at=NOON + DAY) == 200


# ------------------------------------------------------------------------------------- in ink


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE fee_plan SET basis_points = 0 WHERE merchant_id = %s",
        "UPDATE fee_plan SET effective_from = now() WHERE merchant_id = %s",
        "DELETE FROM fee_plan WHERE merchant_id = %s",
        "TRUNCATE fee_plan",
    ],
)
def test_the_database_lets_nobody_change_what_was_agreed(whose, sql):
    agree(whose, basis_points=100, effective_from=NOON)
    with (
        pytest.raises(DatabaseError, match="superseded"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, [whose] if "%s" in sql else None)


@pytest.mark.parametrize(
    "terms",
    [
        {"basis_points": -1},
        {"basis_points": 10_001},
        {"basis_points": 0, "fixed_minor": -1, "currency": "USD"},
        {"basis_points": 0, "fixed_minor": 30},  # Thirty of what?
        {"basis_points": 0, "currency": "usd"},
        {"basis_points": 0, "minimum_minor": 1},  # Of what?
        {"basis_points": 0, "maximum_minor": 1},
        {"basis_points": 0, "refund_fee_minor": 0},
        {"basis_points": 0, "dispute_fee_minor": 1},
        {"basis_points": 0, "tiers": [{"from": 1, "basis_points": 0, "fixed": 0}]},
        {"basis_points": 0, "currency": "USD", "minimum_minor": -1},
        {"basis_points": 0, "currency": "USD", "minimum_minor": 2, "maximum_minor": 1},
        {"basis_points": 0, "currency": "USD", "refund_fee_minor": -1},
        {"basis_points": 0, "currency": "USD", "dispute_fee_minor": -1},
        {"basis_points": 0, "country": "de"},
        {"basis_points": 0, "country": "mars"},
        {"basis_points": 0, "method": "Visa"},
        {"basis_points": 0, "pricing": "free"},
        *({"basis_points": 0, "currency": "USD", "tiers": tiers} for tiers in WRONG_TIERS if tiers),
    ],
)
def test_the_database_refuses_terms_that_make_no_sense(whose, terms):
    with pytest.raises(IntegrityError), transaction.atomic():
        agree(whose, effective_from=NOON, **terms)


def test_tiers_that_rise_are_kept(whose):
    tiers = [
        {"from": 1, "basis_points": 300, "fixed": 30},
        {"from": 10**15, "basis_points": 0, "fixed": 0},
    ]
    plan = agree(whose, basis_points=0, currency="USD", tiers=tiers, effective_from=NOON)

    assert FeePlan.objects.get(merchant_id=whose, id=plan.id).tiers == tiers


def test_two_plans_for_the_same_moment_are_refused(whose):
    agree(whose, basis_points=100, effective_from=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        agree(whose, basis_points=200, effective_from=NOON)


def test_a_plan_belongs_to_a_merchant_that_exists(db):
    with pytest.raises(IntegrityError), transaction.atomic():
        agree(uuid7(), basis_points=100, effective_from=NOON)


def test_the_usual_plan_names_the_same_share_for_every_currency(db):
    ours = onboard("Kiosk", at=NOON).merchant.id
    plans = FeePlan.objects.filter(merchant_id=ours)

    assert {plan.basis_points for plan in plans} == {BASIS_POINTS}
    assert {plan.currency for plan in plans} == {"", *FIXED_MINOR}


@pytest.mark.parametrize(
    "currency, minor",
    [
        ("USD", 15_00),
        ("EUR", 15_00),
        ("GBP", 15_00),
        ("CHF", 15_00),
        ("JPY", 2_000),
        ("KWD", 5_000),
        ("SEK", 0),
    ],
)
def test_a_dispute_costs_about_fifteen_dollars_where_nothing_else_is_agreed(whose, currency, minor):
    agree(whose, basis_points=290, currency="USD", fixed_minor=30, effective_from=NOON)

    assert dispute_fee(whose, currency=currency, at=NOON) == Money(minor, currency)


def test_a_refund_costs_nothing_where_nothing_else_is_agreed(whose):
    assert refund_fee(whose, currency="USD", at=NOON) == Money(0, "USD")


def test_what_a_refund_and_a_dispute_cost_is_agreed_by_plan_and_moment(whose):
    agree(
        whose,
        basis_points=290,
        currency="USD",
        refund_fee_minor=25,
        dispute_fee_minor=20_00,
        effective_from=NOON,
    )
    agree(
        whose,
        basis_points=290,
        currency="USD",
        refund_fee_minor=50,
        dispute_fee_minor=0,
        effective_from=NOON + DAY,
    )

    def fees_at(at):
        return [which(whose, currency="USD", at=at).minor for which in (refund_fee, dispute_fee)]

    assert fees_at(NOON - DAY) == [0, 15_00]
    assert fees_at(NOON) == [25, 20_00]
    assert fees_at(NOON + DAY) == [50, 0]


def test_what_a_plan_does_not_say_of_refunds_a_less_specific_one_does(whose):
    agree(whose, basis_points=0, currency="USD", refund_fee_minor=25, effective_from=NOON)
    agree(whose, basis_points=0, currency="USD", psp="stripe", effective_from=NOON)
    agree(
        whose,
        basis_points=0,
        currency="USD",
        method="visa",
        refund_fee_minor=40,
        effective_from=NOON,
    )

    assert refund_fee(whose, currency="USD", psp="stripe", at=NOON).minor == 25
    assert refund_fee(whose, currency="USD", psp="stripe", brand="visa", at=NOON).minor == 40


# ------------------------------------------------------------------ method, country, volume


def test_a_fee_goes_by_the_cards_brand_and_its_issuers_country(whose):
    agree(whose, basis_points=100, effective_from=NOON)
    agree(whose, basis_points=200, method="amex", effective_from=NOON)
    agree(whose, basis_points=300, country="eea", effective_from=NOON)
    agree(whose, basis_points=50, country="domestic", effective_from=NOON)

    def taken(**card):
        amount = Money(100_00, "USD")
        return processing_fee(whose, psp="stripe", amount=amount, at=NOON, **card).minor

    assert taken() == 100
    assert taken(brand="visa", country="GB") == 100
    assert taken(brand="amex") == 200
    assert taken(brand="visa", country="FR") == 300
    assert taken(brand="visa", country="US") == 50  # Where the merchant is at home.


def took(whose, minor, month="2026-11-01", livemode=False, currency="USD"):
    volume.forget()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO merchant_volume VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (merchant_id, livemode, currency, month) DO UPDATE SET captured = excluded.captured",
            [whose, livemode, currency, month, minor],
        )


def test_a_fee_steps_down_with_the_volume_of_the_month(whose):
    tiers = [{"from": 1_000_00, "basis_points": 200, "fixed": 0}]
    agree(whose, basis_points=300, currency="USD", tiers=tiers, effective_from=NOON)

    assert fee(whose) == 300
    took(whose, 999_99)
    assert fee(whose) == 300
    took(whose, 1_000_00)
    assert fee(whose) == 200
    assert fee(whose, at=NOON + 30 * DAY) == 300  # Another month begins at the first tier.


def test_what_was_taken_in_another_mode_or_currency_is_no_volume(whose):
    tiers = [{"from": 1_000_00, "basis_points": 200, "fixed": 0}]
    agree(whose, basis_points=300, currency="USD", tiers=tiers, effective_from=NOON)
    took(whose, 10**9, livemode=True)
    took(whose, 10**9, currency="EUR")

    assert fee(whose) == 300


def test_the_volume_is_asked_for_only_where_there_are_tiers_and_not_again(
    whose, django_assert_num_queries
):
    agree(whose, basis_points=100, effective_from=NOON)
    tiers = [{"from": 1_000_00, "basis_points": 200, "fixed": 0}]
    agree(whose, basis_points=300, currency="USD", tiers=tiers, effective_from=NOON)
    volume.forget()

    with django_assert_num_queries(2):  # The plans, and the volume in dollars.
        assert [fee(whose), fee(whose), fee(whose, currency="EUR")] == [300, 300, 100]


def test_a_plan_may_pass_the_psps_costs_on(whose):
    agree(whose, basis_points=20, psp="adyen", pricing="interchange_plus_plus", effective_from=NOON)

    assert passes_costs_on(whose, Use("adyen", "EUR"), at=NOON)
    assert not passes_costs_on(whose, Use("adyen", "EUR"), at=NOON - DAY)
    assert not passes_costs_on(whose, Use("stripe", "EUR"), at=NOON)


# ------------------------------------------------------------------------- never for the past


def capture(whose, at):
    book = payment_captured(
        merchant=whose,
        livemode=False,
        psp="stripe",
        source=f"att_{at.isoformat()}",
        gross=Money(100_00, "USD"),
        fee=Money(0, "USD"),
    )
    post(book, effective_at=at)


def test_no_plan_begins_before_a_capture_that_is_in_the_books(whose):
    capture(whose, NOON)

    for moment in (NOON - DAY, NOON):
        with (
            pytest.raises(DatabaseError, match="captures since then are priced"),
            transaction.atomic(),
        ):
            agree(whose, basis_points=100, effective_from=moment)
    agree(whose, basis_points=100, effective_from=NOON + timedelta(microseconds=1))


def test_anothers_captures_keep_no_plan_from_beginning(whose, another_merchant):
    capture(another_merchant.merchant.id, NOON)

    agree(whose, basis_points=100, effective_from=NOON - DAY)
