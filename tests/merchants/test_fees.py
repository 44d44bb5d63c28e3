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
from merchants import fees
from merchants.fees import agree, dispute_fee, processing_fee
from merchants.models import FeePlan, Merchant
from merchants.onboard import BASIS_POINTS, FIXED_MINOR, onboard
from tests.merchants.conftest import NOON

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
    ],
)
def test_the_database_refuses_terms_that_make_no_sense(whose, terms):
    with pytest.raises(IntegrityError), transaction.atomic():
        agree(whose, effective_from=NOON, **terms)


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
def test_a_dispute_costs_about_fifteen_dollars_where_that_is_agreed(currency, minor):
    assert dispute_fee(uuid7(), currency=currency, at=NOON) == Money(minor, currency)
