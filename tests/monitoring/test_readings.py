"""What is read of the platform: asked now and then, each question by itself, and gone when it is not so any more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from kernel.clock import now
from kernel.readings import Reading
from paygate.monitoring.models import Taken
from paygate.monitoring.read import ask, patience, read, readings
from paygate.routing import health
from tests.monitoring.conftest import label

pytestmark = pytest.mark.django_db


def test_every_reading_can_be_asked_of_an_empty_platform():
    assert read(at=now()) == len(readings())


def test_no_two_readings_tell_the_same_gauge():
    names = [name for reading in readings() for name in reading.tells]

    assert len(names) == len(set(names))
    assert all(name.startswith("paygate_") for name in names)


def test_what_is_not_due_is_not_asked_again():
    asked = []
    reading = Reading(tells={"paygate_x": ""}, asks=lambda at: asked.append(at) or [(1,)], every=60)
    at = now()
    for seconds in (0, 30, 58, 59.5, 61):
        read(at=at + timedelta(seconds=seconds), of=[reading])

    assert [(moment - at).total_seconds() for moment in asked] == [0, 59.5]


def test_a_question_that_fails_keeps_its_last_answer_and_nobody_else_from_theirs(caplog):
    at = now()
    good = Reading(tells={"paygate_good": ""}, asks="SELECT 1")
    read(at=at, of=[Reading(tells={"paygate_bad": ""}, asks="SELECT 7")])
    bad = Reading(tells={"paygate_bad": ""}, asks="SELECT 1 / 0")
    assert read(at=at + timedelta(minutes=1), of=[bad, good]) == 1

    assert Taken.objects.get(name="paygate_bad").samples == [[[], 7]]
    assert "reading.failed" in caplog.text


def test_a_question_is_cut_short_that_keeps_postgresql_busy(monkeypatch):
    from django.db import OperationalError

    monkeypatch.setattr("paygate.monitoring.read.LEAST", 0.05)
    asleep = "SELECT pg_sleep(5)"
    for asks in (asleep, lambda _: connection.cursor().execute(asleep)):
        with pytest.raises(OperationalError, match="statement timeout"):
            ask(Reading(tells={"paygate_x": ""}, asks=asks, every=1), at=now())


def test_what_is_seldom_asked_may_take_longer():
    def patience_every(seconds):
        return patience(Reading(tells={"paygate_x": ""}, asks="", every=seconds))

    assert [patience_every(seconds) for seconds in (15, 60, 3600, 86_400)] == [5, 5, 60, 60]


def test_a_label_that_is_not_there_any_more_is_gone(shown):
    at = now()
    asks = iter([[("a", 1), ("b", 2)], [("b", 3)]])
    reading = Reading(tells={"paygate_x": ""}, asks=lambda _: next(asks), labels=("l",))
    for seconds in (0, 60):
        read(at=at + timedelta(seconds=seconds), of=[reading])

    assert Taken.objects.get(name="paygate_x").samples == [[["b"], 3]]


def test_unresolved_money_is_told_by_psp_and_currency(api, shown, simulators):
    simulators["stripe"].faults(next=["timeout_after"] * 2)
    api.pay(psp="stripe", amount=12_34, currency="EUR")
    api.pay(psp="stripe", amount=1_00, currency="EUR")
    page = shown(at=now() + timedelta(minutes=20))

    of = {
        "psp": "stripe",
        "livemode": "false",
        "operation": "authorize",
        "currency": "EUR",
        "outcome": "unknown",
    }
    assert page[label("paygate_unresolved_attempts", **of)] == 2
    assert page[label("paygate_unresolved_minor", **of)] == 13_34
    assert 1200 < page[label("paygate_unresolved_seconds", **of)] < 1300
    assert page[label("paygate_minor_units", currency="JPY")] == 1
    assert page[label("paygate_minor_units", currency="EUR")] == 100


def test_the_outbox_s_lag_is_the_age_of_the_oldest_untold(api, shown, relay):
    api.pay(psp="stripe")
    page = shown(at=now() + timedelta(minutes=2))
    assert page[label("paygate_outbox_untold")] > 0
    assert 119 < page[label("paygate_outbox_lag_seconds")] < 130

    relay()
    page = shown(at=now() + timedelta(minutes=4))
    assert page[label("paygate_outbox_untold")] == 0
    assert page[label("paygate_outbox_lag_seconds")] == 0


def test_a_breaker_that_is_open_is_told(shown):
    for _ in range(health.ENOUGH):
        health.record("adyen", well=False)
    page = shown()

    assert page[label("paygate_psp_breaker_open", psp="adyen")] == 1
    assert page[label("paygate_psp_breaker_open", psp="stripe")] == 0
    assert page[label("paygate_psp_unanswered_ratio", psp="adyen")] == 1


def test_queues_are_counted_by_name(shown):
    from kernel.shortcuts import client

    client().rpush("psp.stripe", "message", "message")
    page = shown()

    assert page[label("paygate_queue_messages", queue="psp.stripe")] == 2
    assert page[label("paygate_queue_messages", queue="default")] == 0


def test_what_is_asked_every_few_seconds_is_found_by_an_index():
    """With sequential scans as dear as they are on a large table, none is left in a plan, save of small tables."""
    small = {"reading", "w", "routing_weight"}
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for reading in readings():
            if isinstance(reading.asks, str):
                cursor.execute(f"EXPLAIN (FORMAT JSON) {reading.asks}", {"at": now()})
                [[plan]] = cursor.fetchall()
                found |= {
                    table: reading for table in _scanned(plan[0]["Plan"]) if table not in small
                }

    assert not found


def _scanned(plan):
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for inner in plan.get("Plans", []):
        yield from _scanned(inner)
