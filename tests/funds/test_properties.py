"""Whatever is captured, undone, agreed and passed in whatever order: nothing is lost, nothing comes before its day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.money import Money
from ledger.balances import off_balance, trial_balance
from merchants.funds.release import begin_anew, release_due
from merchants.funds.terms import agree_terms, terms_in_effect
from merchants.onboard import onboard
from tests.funds.conftest import NOON, Book
from tests.funds.test_races import contradictions


@pytest.fixture
def db(commits: None) -> None:
    """Everything here commits."""


TERMS = st.fixed_dictionaries(
    {
        "calendar": st.sampled_from(["target", "us", "weekdays"]),
        "time_zone": st.sampled_from(["UTC", "America/Los_Angeles", "Pacific/Auckland"]),
        "cutoff": st.sampled_from([None, time(9), time(17)]),
        "delay_days": st.integers(0, 4),
    }
)
RESERVES = st.sampled_from(
    [(0, 0), (500, 1), (1_000, 3), (3_333, 2), (10_000, 5)],
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("capture"), st.integers(1, 99_999)),
        st.tuples(st.just("reverse"), st.integers(0, 20)),
        st.tuples(st.just("wait"), st.integers(1, 40)),  # Hours.
        st.tuples(st.just("pass"), st.integers(0, 1)),
        st.tuples(st.just("agree"), st.tuples(TERMS, RESERVES)),
        st.tuples(st.just("anew"), st.just(0)),
    ),
    max_size=30,
)


class Model:
    """What should be: each capture is due on a day by the terms of its moment, whole."""

    def __init__(self, merchant: UUID) -> None:
        self.merchant = merchant
        self.book = Book(merchant)
        self.captures: list[tuple[tuple[UUID, str, Money], datetime, date]] = []
        self.reversed: set[int] = set()

    def capture(self, minor: int, now: datetime) -> None:
        taken = self.book.capture(minor, when=now)
        terms = terms_in_effect(self.merchant, at=now)
        day = terms.due_on(now)
        self.captures.append((taken, terms.start_of(day), day))

    def reverse(self, which: int, now: datetime) -> None:
        if which < len(self.captures) and which not in self.reversed:
            self.reversed.add(which)
            self.book.reverse(self.captures[which][0], when=now)

    def due(self, now: datetime) -> int:
        """What a pass makes available or holds back, of all that was captured until now and not undone.

        Captures of one day count from the latest beginning of it, where the merchant has moved.
        """
        starts: dict[date, datetime] = {}
        for _, start, day in self.captures:
            starts[day] = max(start, starts.get(day, start))
        return sum(
            taken[2].minor
            for which, (taken, _, day) in enumerate(self.captures)
            if which not in self.reversed and starts[day] <= now
        )

    @property
    def captured(self) -> int:
        return sum(
            taken[2].minor
            for which, (taken, _, _) in enumerate(self.captures)
            if which not in self.reversed
        )


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_nothing_is_lost_and_nothing_comes_before_its_day(db, steps):
    now = NOON
    model = Model(onboard("Kiosk", at=NOON - timedelta(days=1)).merchant.id)
    for step, value in [*steps, ("pass", 0)]:
        if step == "capture":
            model.capture(value, now)
        elif step == "reverse":
            model.reverse(value, now)
        elif step == "wait":
            now += timedelta(hours=value)
        elif step == "agree":
            terms, (basis_points, days) = value
            now += timedelta(microseconds=1)  # Two terms never begin at one moment.
            agree_terms(
                model.merchant,
                reserve_basis_points=basis_points,
                reserve_days=days,
                effective_from=now,
                **terms,
            )
        elif step == "anew":
            begin_anew(at=now)
        else:
            release_due(at=now)
            pending, available, reserve = model.book.stands
            assert pending + available + reserve == model.captured
            assert available + reserve == model.due(now)
            assert reserve >= 0
            assert contradictions() == []
    end = now + timedelta(days=60)
    release_due(at=end)
    assert model.book.stands == (0, model.captured, 0)
    assert off_balance(trial_balance(livemode=False)) == []
