"""What was agreed about a merchant's money: which terms count when, and that they are never changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection
from django.db.transaction import atomic

from kernel.ids import uuid7
from merchants.funds.models import Terms
from merchants.funds.terms import UnknownTimeZone, agree_terms, forget, terms_in_effect
from merchants.onboard import onboard

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=30)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("country", "calendar"), [("US", "us"), ("GB", "gb"), ("JP", "jp"), ("DE", "target")]
)
def test_without_an_agreement_the_usual_terms_count(country, calendar):
    merchant = onboard("Kiosk", country=country).merchant
    terms = terms_in_effect(merchant.id, at=NOON)
    assert (terms.calendar, terms.time_zone, terms.cutoff) == (calendar, "UTC", None)
    assert (terms.delay_days, terms.reserve_basis_points, terms.reserve_days) == (2, 0, 0)
    assert (terms.refund_rate, terms.convert) == ("original", False)
    assert terms.fx_spread_basis_points == 100
    assert not Terms.objects.exists()


@pytest.mark.django_db
def test_a_merchant_nobody_knows_has_the_usual_terms():
    assert terms_in_effect(uuid7(), at=NOON).calendar == "target"


@pytest.mark.django_db
def test_new_terms_count_from_their_day_on_and_the_past_keeps_its_own(merchant):
    whose = merchant.merchant.id
    agree_terms(whose, delay_days=5, effective_from=LATER)
    agree_terms(whose, delay_days=7, effective_from=NOON)
    assert [
        terms_in_effect(whose, at=at).delay_days
        for at in (
            NOON - timedelta(seconds=1),
            NOON,
            LATER - timedelta(seconds=1),
            LATER,
            LATER + timedelta(days=9_999),
        )
    ] == [2, 7, 7, 5, 5]


@pytest.mark.django_db
def test_terms_hold_at_once_in_the_process_that_agreed_on_them(merchant):
    whose = merchant.merchant.id
    assert terms_in_effect(whose, at=NOON).delay_days == 2
    agree_terms(whose, delay_days=1, effective_from=NOON)
    assert terms_in_effect(whose, at=NOON).delay_days == 1


@pytest.mark.django_db
def test_terms_are_asked_for_once_in_a_while(merchant, django_assert_num_queries):
    forget()
    terms_in_effect(merchant.merchant.id, at=NOON)
    with django_assert_num_queries(0):
        terms_in_effect(merchant.merchant.id, at=LATER)


@pytest.mark.django_db
def test_without_a_calendar_it_is_that_of_the_country():
    merchant = onboard("Kiosk", country="GB").merchant
    assert agree_terms(merchant.id, delay_days=1, effective_from=NOON).calendar == "gb"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"delay_days": -1},
        {"delay_days": 61},
        {"reserve_basis_points": 10_001, "reserve_days": 90},
        {"reserve_basis_points": 1_000},  # For how long?
        {"reserve_days": 90},  # Of what?
        {"refund_rate": "best"},
        {"fx_spread_basis_points": -1},
    ],
)
def test_terms_that_make_no_sense_are_refused(merchant, wrong):
    with pytest.raises(IntegrityError), atomic():
        agree_terms(merchant.merchant.id, effective_from=NOON, **wrong)


@pytest.mark.django_db
def test_a_time_zone_nobody_knows_is_refused(merchant):
    with pytest.raises(UnknownTimeZone):
        agree_terms(merchant.merchant.id, time_zone="Europe/Atlantis", effective_from=NOON)
    with pytest.raises(DatabaseError, match="not recognized"), atomic():
        Terms.objects.create(
            merchant_id=merchant.merchant.id,
            calendar="us",
            time_zone="Europe/Atlantis",
            effective_from=NOON,
        )


@pytest.mark.django_db
def test_two_terms_of_one_moment_are_refused(merchant):
    agree_terms(merchant.merchant.id, effective_from=NOON)
    with pytest.raises(IntegrityError), atomic():
        agree_terms(merchant.merchant.id, effective_from=NOON, delay_days=3)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE merchant_terms SET delay_days = 0",
        "DELETE FROM merchant_terms",
        "TRUNCATE merchant_terms",
    ],
)
def test_what_was_agreed_is_never_changed(merchant, change):
    agree_terms(merchant.merchant.id, effective_from=NOON)
    with pytest.raises(DatabaseError) as refused, atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert refused.value.__cause__.sqlstate == "PG081"


def terms(**changes) -> Terms:
    return Terms(calendar="target", effective_from=NOON, **changes)


def test_the_day_is_the_merchants_own():
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # Tuesday in Berlin, Monday in New York.
    assert terms().due_on(late) == date(2026, 11, 25)
    assert terms(time_zone="Europe/Berlin").due_on(late) == date(2026, 11, 26)
    assert terms(time_zone="America/New_York").due_on(late) == date(2026, 11, 25)


def test_after_the_cut_off_it_counts_as_the_next_days():
    at_five = terms(time_zone="Europe/Berlin", cutoff=time(17))
    five = datetime(2026, 11, 23, 16, tzinfo=UTC)
    assert at_five.due_on(five) == date(2026, 11, 25)
    assert at_five.due_on(five + timedelta(microseconds=1)) == date(2026, 11, 26)


def test_what_is_captured_late_on_friday_counts_from_saturday():
    friday = datetime(2026, 11, 27, 20, tzinfo=UTC)
    assert terms().due_on(friday) == date(2026, 12, 1)
    assert terms(cutoff=time(17)).due_on(friday) == date(
        2026, 12, 1
    )  # Saturday or Friday, all the same.
    assert terms(delay_days=0).due_on(friday) == date(2026, 11, 27)
    assert terms(delay_days=0, cutoff=time(17)).due_on(friday) == date(2026, 11, 30)


def test_a_day_begins_at_midnight_where_the_merchant_is():
    assert terms(time_zone="Europe/Berlin").start_of(date(2026, 7, 1)) == datetime(
        2026, 6, 30, 22, tzinfo=UTC
    )
