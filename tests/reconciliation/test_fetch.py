"""Files are asked for once a day is over, waited for, and kept once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from kernel.clock import now
from paygate.psp import registry
from paygate.psp.events import StatementReady
from paygate.psp.statements import Offered, StatementUnavailable
from paygate.reconciliation.fetch import fetch_due, order_all, order_days
from paygate.reconciliation.hear import statement_ready
from paygate.reconciliation.models import Order, Statement
from tests.races import at_once

FRIDAY = datetime(2026, 11, 6, 2, tzinfo=UTC)


@pytest.fixture
def db(commits: None) -> None:
    """Two workers fetch at once."""


class Desk:
    """A PSP that does as the test says: `files` by what was ordered, None while it is not ready."""

    name = "stripe"

    def __init__(self) -> None:
        self.files: dict[str, bytes | None] = {}
        self.ordered: list[date] = []
        self.fetched: list[str] = []
        self.trouble: Exception | None = None

    def order_statements(self, day: date) -> list[Offered]:
        if self.trouble:
            raise self.trouble
        self.ordered.append(day)
        return [Offered(f"report_{day}.csv", f"run_{day}")]

    def fetch_statement(self, offered: Offered) -> Iterator[bytes] | None:
        self.fetched.append(offered.where)
        if (content := self.files.get(offered.where)) is None:
            return None

        def pieces() -> Iterator[bytes]:
            yield content[:2]
            if self.trouble:
                raise self.trouble
            yield content[2:]

        return pieces()


@pytest.fixture
def desk(monkeypatch: Any, db: None) -> Desk:
    one = Desk()
    monkeypatch.setattr(registry, "statement_desk", lambda psp, *, livemode: one)
    return one


def order(at: datetime = FRIDAY) -> int:
    return order_days("stripe", livemode=False, at=at)


# ------------------------------------------------------------------------------------------ ordered


def test_a_day_is_ordered_an_hour_after_it_is_over(desk: Desk) -> None:
    midnight = datetime(2026, 11, 6, tzinfo=UTC)
    order(midnight + timedelta(minutes=59))
    assert desk.ordered == [date(2026, 11, 4)]
    order(midnight + timedelta(minutes=60))
    assert desk.ordered == [date(2026, 11, 4), date(2026, 11, 5)]


def test_days_of_long_ago_are_ordered_by_hand_and_what_we_have_is_left_alone(desk: Desk) -> None:
    desk.files = {"run_2026-09-01": b"one", "run_2026-09-02": None}
    call_command("order_statements", "stripe", "2026-09-01..2026-09-02", stdout=StringIO())
    fetch_due(at=now())
    Order.objects.filter(day=date(2026, 9, 2)).update(next_look_at=None, problem="Given up.")

    call_command("order_statements", "stripe", "2026-09-01..2026-09-02", stdout=StringIO())

    looked_for = Order.objects.filter(next_look_at__isnull=False)
    assert [one.day for one in looked_for] == [date(2026, 9, 2)]
    assert Statement.objects.count() == 1


def test_what_cannot_be_ordered_by_hand_is_said(desk: Desk) -> None:
    desk.trouble = StatementUnavailable("not today")
    with pytest.raises(CommandError, match="not today"):
        call_command("order_statements", "stripe", "2026-09-01")


def test_a_day_is_ordered_once(desk: Desk) -> None:
    assert [order(), order(), order(FRIDAY + timedelta(hours=20))] == [1, 0, 0]
    [one] = Order.objects.all()
    assert (one.psp, one.livemode, one.name) == ("stripe", False, "report_2026-11-05.csv")
    assert (one.place, one.day, one.next_look_at) == ("run_2026-11-05", date(2026, 11, 5), FRIDAY)


def test_a_worker_that_was_away_catches_up(desk: Desk) -> None:
    order()
    assert order(FRIDAY + timedelta(days=4)) == 4
    assert desk.ordered == [date(2026, 11, day) for day in range(5, 10)]


def test_it_catches_up_so_many_days_and_no_more(desk: Desk, settings: Any) -> None:
    settings.STATEMENTS_DAYS_BACK = 3
    order()
    assert order(FRIDAY + timedelta(days=100)) == 3


def test_a_file_that_was_told_of_before_it_was_written_down_is_of_its_day(desk: Desk) -> None:
    told = StatementReady("report_2026-11-05.csv", "run_2026-11-05")
    statement_ready("stripe", told, livemode=False, now=FRIDAY)
    order()
    assert Order.objects.get().day == date(2026, 11, 5)


def test_a_psp_that_does_not_answer_is_asked_again(desk: Desk) -> None:
    desk.trouble = StatementUnavailable("busy")
    assert order_all(at=FRIDAY) == 0
    desk.trouble = None
    assert order_all(at=FRIDAY) == 3  # All of them are this desk here.
    assert order_all(at=FRIDAY) == 0


# ------------------------------------------------------------------------------------------ fetched


def test_a_file_that_is_ready_is_kept(desk: Desk) -> None:
    order()
    desk.files["run_2026-11-05"] = b"a,b\n1,2\n"

    assert fetch_due(at=FRIDAY) == 1

    statement, done = Statement.objects.get(), Order.objects.get()
    assert (statement.name, statement.source) == ("report_2026-11-05.csv", "fetched")
    assert (done.statement_id, done.next_look_at, done.problem) == (statement.id, None, "")
    assert fetch_due(at=FRIDAY + timedelta(days=1)) == 0
    assert len(desk.fetched) == 1


def test_a_file_that_is_not_ready_is_looked_for_at_growing_pauses(
    desk: Desk, settings: Any
) -> None:
    settings.STATEMENTS_LOOK_AGAIN, settings.LONGEST_PAUSE = 10.0, 60
    order()
    pauses, at = [], FRIDAY
    for _ in range(5):
        assert fetch_due(at=at) == 0
        assert fetch_due(at=at) == 0  # Not before its time.
        next_ = Order.objects.get().next_look_at
        assert next_ is not None
        pauses.append((next_ - at).total_seconds())
        at = next_
    assert pauses == [10, 20, 40, 60, 60]
    assert (Order.objects.get().looks, len(desk.fetched)) == (5, 5)

    desk.files["run_2026-11-05"] = b"late"
    assert fetch_due(at=at) == 1


def test_a_file_that_never_comes_is_given_up(desk: Desk) -> None:
    order()
    fetch_due(at=FRIDAY + timedelta(days=14))
    gone = Order.objects.get()
    assert (gone.next_look_at, gone.problem) == (None, "It was not there for 14 days.")


@pytest.mark.parametrize("trouble", [StatementUnavailable("cut off"), RuntimeError("cut off")])
def test_a_file_that_breaks_off_is_fetched_again(desk: Desk, trouble: Exception) -> None:
    order()
    desk.files["run_2026-11-05"], desk.trouble = b"a,b\n1,2\n", trouble

    assert fetch_due(at=FRIDAY) == 0
    assert "cut off" in Order.objects.get().problem
    assert not Statement.objects.exists()

    desk.trouble = None
    assert fetch_due(at=FRIDAY + timedelta(hours=2)) == 1
    assert Order.objects.get().problem == ""


def test_one_file_that_fails_does_not_stop_the_others(desk: Desk) -> None:
    order()
    order(FRIDAY + timedelta(days=1))
    desk.files["run_2026-11-06"] = b"fine"
    assert fetch_due(at=FRIDAY + timedelta(days=1)) == 1


def test_a_file_that_is_too_large_is_a_problem(desk: Desk, settings: Any) -> None:
    settings.STATEMENT_MOST = 3
    order()
    desk.files["run_2026-11-05"] = b"four"
    assert fetch_due(at=FRIDAY) == 0
    assert Order.objects.get().problem == "a file has at most 3 bytes"


def test_a_worker_that_was_killed_fetches_again_and_changes_nothing(desk: Desk) -> None:
    order()
    desk.files["run_2026-11-05"] = b"a,b\n"
    fetch_due(at=FRIDAY)
    # As if it had died between what it kept and what it said of the order.
    Order.objects.update(next_look_at=FRIDAY, statement_id=None)

    assert fetch_due(at=FRIDAY) == 1
    assert Statement.objects.count() == 1
    assert Order.objects.get().statement_id == Statement.objects.get().id


def test_of_two_workers_one_fetches(desk: Desk) -> None:
    order()
    desk.files["run_2026-11-05"] = b"a,b\n"
    assert sorted(at_once(4, lambda _: fetch_due(at=FRIDAY))) == [0, 0, 0, 1]
    assert len(desk.fetched) == 1
