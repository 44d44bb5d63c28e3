"""What was told has its effect once, and is never lost: whatever hearers do, and whoever dies."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from paygate.metrics import PSP_EVENTS
from paygate.psp.events import NotYet, Quarantined
from paygate.webhooks import apply as applying
from paygate.webhooks import tasks
from paygate.webhooks.apply import LEASE, PAUSES, apply, take_due
from paygate.webhooks.models import PspEvent
from tests.webhooks import hearers
from tests.webhooks.conftest import only
from tests.webhooks.signed import adyen, letter, stripe

on_the_database = pytest.mark.usefixtures("db", "silent")
committed = pytest.mark.usefixtures("commits", "silent")

NOW = datetime.now(UTC)


def tell(payment: str = "pi_1", **about: Any) -> None:
    """Stripe tells that a payment was captured."""
    about.setdefault("kind", "payment_intent.succeeded")
    told = {"id": payment, "object": "payment_intent", "amount": 1000, "currency": "usd"}
    assert stripe(object=told, **about).send().status_code == 200


def later(**pause: float) -> datetime:
    return datetime.now(UTC) + timedelta(**pause)


# ------------------------------------------------------------------------------- what comes of it


@on_the_database
def test_what_was_heard_is_applied_and_never_heard_again(listening, heard):
    tell()

    assert [apply("stripe", at=later()) for _ in range(3)] == [1, 0, 0]

    event = only()
    assert (event.state, event.result, event.why) == ("applied", "heard", "")
    assert event.settled_at
    assert heard == ["pi_1"]
    assert apply("stripe", at=later(days=30)) == 0


@on_the_database
def test_one_psps_turn_is_no_others(listening, heard):
    tell()

    assert apply("adyen", at=later()) == 0
    assert heard == []


@on_the_database
def test_what_contradicts_what_we_know_waits_for_a_person(listening, heard, caplog):
    listening(raises=Quarantined("we know no such payment"))
    alarms = PSP_EVENTS.labels("stripe", "quarantined")._value
    before = alarms.get()
    tell()

    apply("stripe", at=later())

    event = only()
    assert (event.state, event.why) == ("quarantined", "we know no such payment")
    assert event.settled_at is None
    assert [r.levelno for r in caplog.records if r.message == "psp_event.quarantined"] == [
        logging.CRITICAL
    ]
    assert alarms.get() == before + 1
    assert apply("stripe", at=later(days=30)) == 0


@on_the_database
def test_what_is_not_as_documented_waits_for_a_person():
    stripe("payment_intent.succeeded", object={"object": "payment_intent"}).send()

    apply("stripe", at=later())

    assert only().state == "quarantined"
    assert only().why


@on_the_database
def test_what_comes_too_early_is_applied_when_its_time_has_come(listening, heard):
    listening(raises=NotYet("the refund is not known yet"))
    tell()
    apply("stripe", at=later())

    event = only()
    assert (event.state, event.why) == ("received", "the refund is not known yet")
    assert apply("stripe", at=later(seconds=0)) == 0

    listening()
    assert apply("stripe", at=later(seconds=PAUSES[0])) == 1
    assert (only().state, only().why) == ("applied", "")


@on_the_database
@pytest.mark.parametrize("mishap", [KeyError("4111111111111111"), DatabaseError("gone")])
def test_a_mishap_loses_nothing_and_its_words_stay_in_the_log(listening, mishap):
    listening(raises=mishap)
    tell()
    apply("stripe", at=later())

    assert (only().state, only().why) == ("received", type(mishap).__name__)

    listening()
    apply("stripe", at=later(seconds=PAUSES[0]))
    assert only().state == "applied"


@on_the_database
def test_a_kind_that_nobody_is_wired_for_is_kept_until_somebody_is(listening, monkeypatch):
    monkeypatch.delitem(applying.wiring.NEWS, "PaymentMoved")
    tell()
    apply("stripe", at=later())

    assert (only().state, only().why) == ("received", "KeyError")


@on_the_database
@pytest.mark.parametrize("mishap", [NotYet("too early"), RuntimeError()])
def test_its_turn_comes_again_at_growing_pauses_and_after_three_days_a_person_must_look(
    listening, heard, mishap, monkeypatch
):
    listening(raises=mishap)
    tell()
    clock = [later()]
    monkeypatch.setattr(applying, "now", lambda: clock[0])
    pauses = []
    while only().state == "received":
        before = clock[0]
        assert apply("stripe", at=clock[0]) == 1
        if (due := only().next_try_at) is not None:
            clock[0] = due
            pauses.append(round((clock[0] - before).total_seconds()))

    assert tuple(pauses[: len(PAUSES)]) == PAUSES
    assert set(pauses[len(PAUSES) :]) == {3600}
    assert timedelta(days=3) < clock[0] - only().received_at < timedelta(days=3, hours=2)
    assert only().state == "quarantined"
    assert only().why == f"for 3 days: {mishap if isinstance(mishap, NotYet) else 'RuntimeError'}"
    assert len(heard) == only().tries == len(pauses) + 1


@on_the_database
def test_a_hearer_says_how_long_it_is_worth_waiting(listening, monkeypatch):
    listening(raises=NotYet("we know no such payment", patience=timedelta(hours=1)))
    tell()

    for moment in (later(minutes=59), later(minutes=61), later(minutes=90)):
        monkeypatch.setattr(applying, "now", lambda moment=moment: moment)
        apply("stripe", at=moment)
        assert (only().state == "quarantined") is (moment > later(minutes=60))
        PspEvent.objects.filter(state="received").update(next_try_at=only().received_at)

    assert only().why == "for 60 minutes: we know no such payment"


@on_the_database
def test_one_bad_event_holds_up_none_of_the_others(listening, heard):
    listening(raises=RuntimeError(), only_of="pi_3")
    for number in range(6):
        tell(f"pi_{number}")

    apply("stripe", at=later())

    assert Counter(PspEvent.objects.values_list("state", flat=True)) == {
        "applied": 5,
        "received": 1,
    }


@on_the_database
def test_within_a_batch_they_are_heard_in_the_order_in_which_they_were_said(listening, heard):
    order = list(range(12))
    random.Random(7).shuffle(order)
    for number in order:
        tell(f"pi_{number:02}", created=NOW - timedelta(minutes=60 - number))

    apply("stripe", at=later())

    assert heard == sorted(heard)


@on_the_database
def test_a_flood_is_applied_in_batches_and_each_round_ends(listening, heard, monkeypatch):
    monkeypatch.setattr(tasks, "apply", lambda psp, at: apply(psp, at=at, most=2))
    for number in range(25):
        tell(f"pi_{number}")
    letter("adyen").send()
    sent = []
    monkeypatch.setattr(tasks.apply_due, "apply_async", lambda **options: sent.append(options))

    tasks.apply_due(psp="stripe")

    assert len(heard) == 2 * tasks.ROUNDS
    assert sent == [{"kwargs": {"psp": "stripe"}, "queue": "default"}]  # At the end of the line.

    tasks.apply_due(psp="stripe")
    tasks.apply_due(psp="stripe")
    assert len(heard) == 25
    assert len(sent) == 2


@on_the_database
def test_a_batch_is_no_larger_than_it_may_be_though_postgresql_takes_the_table_for_small():
    with contextlib.suppress(NotYet), transaction.atomic():
        for number in range(25):
            tell(f"pi_{number}")
        for _ in range(40):
            PspEvent.objects.update(tries=1)
        raise NotYet("so many pages, and nothing in them")
    tell()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE psp_event")  # The plan is now one for a table of one row.
    for number in range(25):
        tell(f"pi_{number}")

    assert len(take_due("stripe", at=later(), most=2)) == 2


@on_the_database
def test_who_finds_another_at_it_leaves(listening, heard):
    tell()
    with tasks._turns["stripe"]:
        tasks.apply_due(psp="stripe")
        assert heard == []

    tasks.apply_due(psp="stripe")
    assert heard == ["pi_1"]


# ---------------------------------------------------------------------------------- side by side


@committed
def test_eight_who_apply_the_same_backlog_hear_each_thing_once(listening, heard, settings):
    for number in range(160):
        tell(f"pi_{number}")
    line = Barrier(8)

    def work(_: int) -> int:
        line.wait(30)
        try:
            taken, done = 0, 1
            while done:
                taken += (done := apply("stripe", at=later(), most=7))
            return taken
        finally:
            connection.close()

    settings.GROUP_COMMITS = True  # As workers do: each of the eight shares its rows out again.
    with ThreadPoolExecutor(8) as workers:
        taken = list(workers.map(work, range(8)))

    assert sum(taken) == 160
    assert Counter(heard) == Counter(f"pi_{number}" for number in range(160))
    assert set(PspEvent.objects.values_list("state", "tries")) == {("applied", 1)}


@committed
def test_of_one_payment_one_thing_is_heard_at_a_time_and_of_others_meanwhile(
    listening, heard, settings
):
    listening(seconds=0.02)
    for number in range(24):
        tell(f"pi_{number % 4}", created=NOW - timedelta(minutes=60 - number), id=f"evt_{number}")
    settings.GROUP_COMMITS = True

    apply("stripe", at=later())

    assert len(heard) == 24
    assert set(hearers.at_once.values()) == {1}
    assert heard[:4] != ["pi_0"] * 4
    assert set(PspEvent.objects.values_list("state", flat=True)) == {"applied"}


# ------------------------------------------------------------------------------ dying, and being late


@committed
def test_killed_between_hearing_and_writing_it_is_heard_again(listening, heard, tmp_path):
    told = tmp_path / "heard"

    def note_it_and_die() -> None:
        told.touch()
        os.kill(os.getpid(), signal.SIGKILL)

    tell()
    connection.close()
    child = os.fork()
    if not child:
        try:
            listening(then=note_it_and_die)
            apply("stripe", at=later())
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)

    assert os.WTERMSIG(status) == signal.SIGKILL
    assert told.exists()
    assert (only().state, only().tries) == ("received", 1)
    assert apply("stripe", at=later()) == 0  # It is leased to the dead.

    assert apply("stripe", at=later() + LEASE) == 1
    assert (only().state, only().tries) == ("applied", 2)
    assert heard == ["pi_1"]


@on_the_database
def test_who_comes_too_late_hears_nothing(listening, heard, monkeypatch):
    tell()
    monkeypatch.setattr(applying, "now", lambda: later() + LEASE)

    apply("stripe", at=later())

    assert heard == []
    assert only().state == "received"


@on_the_database
@pytest.mark.parametrize("late", [NotYet("too early"), Quarantined("unknown")])
def test_who_was_overtaken_says_no_more_than_that_it_is_done(listening, late):
    """One takes it, is slow, and another takes it as well: what the slow one could not do, the other may."""
    tell()
    [slow] = take_due("stripe", at=later(), most=1)
    [quick] = take_due("stripe", at=later() + LEASE, most=1)
    meant = applying._translate(slow)

    listening(raises=late)
    applying._hear(slow, meant)
    applying.write([slow])
    assert (only().state, only().tries) == ("received", 2)

    listening()
    applying._hear(quick, meant)
    applying.write([quick])
    assert only().state == "applied"


@on_the_database
def test_what_the_overtaken_one_did_is_done(listening):
    tell()
    [slow] = take_due("stripe", at=later(), most=1)
    [quick] = take_due("stripe", at=later() + LEASE, most=1)
    meant = applying._translate(slow)

    applying._hear(slow, meant)
    applying.write([slow])
    assert only().state == "applied"

    listening(raises=Quarantined("what was done contradicts it"))
    applying._hear(quick, meant)
    applying.write([quick])
    assert only().state == "applied"


@committed
def test_should_the_database_go_away_meanwhile_it_is_heard_again(listening, heard, monkeypatch):
    tell()
    with monkeypatch.context() as away:

        def pull_the_plug() -> None:
            connection.close()
            away.setitem(connection.settings_dict, "HOST", "127.0.0.1")
            away.setitem(connection.settings_dict, "PORT", "1")

        listening(then=pull_the_plug)
        with pytest.raises(DatabaseError):
            apply("stripe", at=later())
    connection.close()

    assert only().state == "received"


# ----------------------------------------------------------------------------------------- at once


@pytest.mark.usefixtures("db")
def test_it_is_applied_as_soon_as_it_is_stored(listening, heard):
    tell()

    assert only().state == "applied"


@pytest.mark.usefixtures("db")
def test_what_needs_nothing_is_settled_without_anybody_hearing_of_it(heard):
    adyen("REPORT_AVAILABLE").send()

    assert only().state == "irrelevant"
    assert heard == []
