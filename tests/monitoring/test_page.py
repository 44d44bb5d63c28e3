"""Who may read /metrics, and what it says when PostgreSQL is away or nobody asks any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.clock import now
from kernel.readings import Reading
from paygate.metrics import ATTEMPTS
from paygate.monitoring import page
from paygate.monitoring.models import Taken
from tests.monitoring.conftest import label

pytestmark = pytest.mark.django_db

TOKEN = "a-token-that-nobody-guesses"


def status(client, **how):
    return client.get("/metrics", **how).status_code


def test_with_a_token_only_who_presents_it_may_read(client, settings):
    settings.METRICS_TOKEN = TOKEN
    settings.METRICS_FOR_THIS_MACHINE = True

    assert status(client, headers={"Authorization": f"Bearer {TOKEN}"}) == 200
    refused = client.get("/metrics")
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')
    for wrong in ("Bearer ", "Bearer x", TOKEN, f"Basic {TOKEN}", "Bearer é"):
        assert status(client, headers={"Authorization": wrong}) == 401


def test_without_a_token_there_is_nothing_to_be_read(client, settings):
    settings.METRICS_TOKEN = ""

    assert status(client) == 404
    assert b"paygate_" not in client.get("/metrics").content


def test_on_a_developers_machine_that_machine_may_read_and_nobody_else(client, settings):
    settings.METRICS_FOR_THIS_MACHINE = True

    assert status(client) == 200
    assert status(client, REMOTE_ADDR="::1") == 200
    assert status(client, REMOTE_ADDR="10.1.2.3") == 404
    # Behind a proxy everybody comes from this machine.
    for passed_on in page.PASSED_ON:
        assert status(client, **{passed_on: "203.0.113.7"}) == 404


def test_production_shows_nothing_without_a_token():
    from paygate.settings import base

    assert base.METRICS_FOR_THIS_MACHINE is False


def test_calls_and_attempts_are_counted_where_they_are_made(api, shown):
    before = ATTEMPTS.labels("stripe", "authorize", "approved")._value.get()
    calls = shown().get(
        label("paygate_psp_call_seconds_count", psp="stripe", operation="authorize"), 0
    )
    api.pay(psp="stripe")
    page = shown(asked=False)

    counted = label(
        "paygate_attempts_total", psp="stripe", operation="authorize", outcome="approved"
    )
    assert page[counted] == before + 1
    assert (
        page[label("paygate_psp_call_seconds_count", psp="stripe", operation="authorize")]
        == calls + 1
    )
    done = label("paygate_task_seconds_count", task="payments.carry_out", became="done")
    assert page[done] >= 1
    assert page[label("paygate_task_done_at_seconds", task="payments.carry_out")] > 0


def test_an_answer_that_is_too_old_is_not_shown_and_its_age_is(shown, settings):
    shown()
    Taken.objects.update(taken_at=now() - timedelta(minutes=10))
    page = shown(asked=False)

    assert label("paygate_outbox_lag_seconds") not in page  # Asked every 15 seconds.
    assert label("paygate_minor_units", currency="EUR") in page  # Asked every hour.
    assert page[label("paygate_reading_age_seconds", reading="paygate_outbox_lag_seconds")] > 599
    assert page[label("paygate_readings_age_seconds")] > 599


def test_without_postgresql_the_page_still_shows_what_processes_count(shown, monkeypatch):
    from django.db import OperationalError

    def away(*_):
        raise OperationalError("gone")

    monkeypatch.setattr(Taken.objects, "all", away)
    page = shown(asked=False)

    assert page[label("paygate_database_up")] == 0
    assert label("paygate_outbox_lag_seconds") not in page
    assert any(name == "paygate_request_seconds_count" for name, *_ in page)


def test_the_page_asks_one_small_table(shown, django_assert_num_queries):
    shown()
    with django_assert_num_queries(1):
        shown(asked=False)


def test_a_reading_of_nobody_is_not_shown(shown):
    from paygate.monitoring.read import read

    read(at=now(), of=[Reading(tells={"paygate_of_another_release": ""}, asks="SELECT 1")])
    assert label("paygate_of_another_release") not in shown()
