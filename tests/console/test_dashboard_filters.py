"""What an address asks for: whole days in UTC, what they are compared with, and words for what cannot be read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from merchants.onboard import onboard
from paygate.console.dashboard.filters import LONGEST, Stretch, read

AT = datetime(2026, 11, 25, 14, 2, 3, tzinfo=UTC)
ALWAYS = datetime(2020, 1, 1, tzinfo=UTC)


def asked(**query):
    return read(query, at=AT)


def hours(day, until=0, since=0):
    begins = datetime(2026, *day, tzinfo=UTC)
    return Stretch("hour", begins + timedelta(hours=since), begins + timedelta(hours=until))


def whole(first, last):
    """Up to the beginning of the last one."""
    return Stretch("day", datetime(2026, *first, tzinfo=UTC), datetime(2026, *last, tzinfo=UTC))


class TestPeriods:
    @pytest.mark.parametrize(
        ("name", "since"),
        [("today", (11, 25)), ("7", (11, 19)), ("30", (10, 27)), ("90", (8, 28)), ("", (11, 19))],
    )
    def test_those_that_have_a_name_end_today(self, name, since):
        period = asked(period=name).period
        assert (period.since, period.until) == (date(2026, *since), date(2026, 11, 25))

    def test_a_day_begins_and_ends_at_midnight_utc_wherever_one_looks_from(self):
        """In the night in which clocks are changed elsewhere it has 24 hours, too."""
        period = read(
            {"since": "2026-10-25", "until": "2026-10-25"}, at=datetime(2026, 11, 1, tzinfo=UTC)
        ).period
        assert len(period.bars()) == 24
        assert period.ends - period.starts == timedelta(hours=24)

    def test_up_to_two_days_are_by_the_hour_and_then_by_the_day_and_then_by_seven_days(self):
        assert len(asked(period="today").period.bars()) == 15  # The 15th has begun.
        assert len(asked(since="2026-11-24").period.bars()) == 39
        assert len(asked(period="7").period.bars()) == 7
        assert len(asked(period="90").period.bars()) == 13

    def test_one_day_alone_may_be_given(self):
        assert asked(since="2026-11-23").period.until == date(2026, 11, 25)
        assert asked(until="2026-11-23").period.since == date(2026, 11, 23)

    def test_what_is_to_come_is_left_out(self):
        assert asked(since="2026-11-20", until="2027-02-01").period.until == date(2026, 11, 25)


class TestComparisons:
    def test_a_day_that_is_not_over_is_compared_as_far_as_its_last_full_hour(self):
        now, before = asked(period="today").period.comparable(ALWAYS)
        assert now == [whole((11, 25), (11, 25)), hours((11, 25), 14)]
        assert before == [whole((11, 24), (11, 24)), hours((11, 24), 14)]

    def test_days_of_which_the_last_is_not_over_are_compared_as_far_as_the_same_hour(self):
        now, before = asked(period="7").period.comparable(ALWAYS)
        assert now == [whole((11, 19), (11, 25)), hours((11, 25), 14)]
        assert before == [whole((11, 12), (11, 18)), hours((11, 18), 14)]

    def test_days_that_are_over_are_compared_whole(self):
        period = asked(since="2026-11-01", until="2026-11-10").period
        assert period.comparable(ALWAYS) == (
            [whole((11, 1), (11, 11))],
            [whole((10, 22), (11, 1))],
        )

    def test_where_hours_are_not_kept_that_far_back_the_last_days_are_left_out(self):
        now, before = asked(period="90").period.comparable(datetime(2026, 9, 1, tzinfo=UTC))
        assert now == [whole((8, 28), (11, 25)), hours((11, 25))]
        assert before == [whole((5, 30), (8, 27)), hours((8, 27))]

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ({"period": "today"}, "yesterday"),
            ({"period": "7"}, "in the 7 days before"),
            ({"until": "2026-11-20"}, "the day before"),
        ],
    )
    def test_what_is_compared_with_is_said(self, query, words):
        assert asked(**query).period.before_words == words


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        ("query", "why"),
        [
            ({"period": "8"}, "The period is"),
            ({"since": "2026-13-01"}, "is not a day. Write it like 2026-11-25."),
            ({"since": "x" * 5000}, "is not a day"),
            ({"since": "\0"}, "is not a day"),
            ({"since": "0001-01-01"}, "is not a day on which anybody paid"),
            ({"until": "9999-12-31", "since": "9999-12-31"}, "is not a day on which anybody paid"),
            ({"since": "2026-11-26"}, "is still to come"),
            ({"since": "2026-11-20", "until": "2026-11-19"}, "is before the first one"),
            ({"since": "2025-11-24", "until": "2026-11-25"}, f"At most {LONGEST} days"),
            ({"mode": "both"}, "The mode is"),
            ({"currency": "XXZ"}, "is not a currency"),
            ({"currency": "'; DROP"}, "is not a currency"),
        ],
    )
    def test_is_said_and_something_sensible_is_shown_instead(self, query, why):
        found = asked(**query)
        [said] = found.refused
        assert why in said
        assert len(said) < 120
        assert (found.period.days, found.livemode, found.currency) == (7, None, None)

    def test_a_currency_may_be_typed_small(self):
        assert asked(currency=" eur ").currency == "EUR"


@pytest.mark.django_db
class TestMerchants:
    def test_one_is_found_by_its_id_its_name_or_a_part_of_it_that_is_nobody_elses(self):
        kiosk, bakery = onboard("Kiosk am Park").merchant, onboard("Bakery").merchant

        for typed in (kiosk.public_id, "Kiosk am Park", "kiosk AM park", " kios "):
            found = asked(merchant=typed)
            assert (found.merchant, found.whose, found.refused) == (kiosk, kiosk.id, [])
        assert asked(merchant="bak").merchant == bakery

    def test_one_whose_whole_name_it_is_goes_before_those_of_which_it_is_a_part(self):
        kiosk = onboard("Kiosk").merchant
        onboard("Kiosk am Park")

        assert asked(merchant="kiosk").merchant == kiosk

    def test_of_several_one_is_to_be_chosen(self):
        both = {onboard("Kiosk am Park").merchant, onboard("Kiosk am See").merchant}

        found = asked(merchant="Kiosk")
        assert (found.merchant, set(found.meant)) == (None, both)
        assert "Choose one" in found.refused[0]

    @pytest.mark.parametrize(
        "typed", ["nobody", "50%", "_", "a\0b", "mer_01m88ea4ypfxw9fpnh47vv3myt"]
    )
    def test_where_there_is_none_that_is_said(self, typed):
        onboard("Kiosk")
        found = asked(merchant=typed)

        assert found.merchant is None
        assert "No merchant is called" in found.refused[0]

    def test_without_one_nothing_is_asked(self, django_assert_num_queries):
        with django_assert_num_queries(0, connection=connection):
            asked()
