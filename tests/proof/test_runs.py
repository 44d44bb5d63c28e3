"""Each run of the proof is kept, told and shown; people may have it run, and nobody may change what it found."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from kernel.clock import now
from paygate.proof import dispatch
from paygate.proof.metrics import READINGS
from paygate.proof.models import Run
from paygate.proof.prove import prove
from paygate.proof.runs import _ONE_AT_A_TIME, prove_and_keep
from paygate.proof.tasks import run as task
from paygate.settings.queues import CELERY_BEAT_SCHEDULE
from tests.proof.test_prove import tamper

LIST = "/admin/proof/run/"


@pytest.fixture
def paid(api):
    api.pay(psp="stripe")


@pytest.fixture
def wrong(paid):
    tamper("UPDATE payment SET fee = fee + 1")


def person_without(right):
    """Somebody of ours who has not this right."""
    user = User.objects.create_user("eve", is_staff=True)
    assert not user.has_perm(f"proof.{right}")
    client = Client()
    client.force_login(user)
    return client


def person(*rights):
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="proof", codename__in=rights)
    )
    client = Client()
    client.force_login(user)
    return client


def test_a_run_says_what_was_proved_when_and_how_long_it_took(paid):
    kept = prove_and_keep(by="ada")

    assert kept.holds
    assert (kept.payments, kept.discrepancies, kept.by) == (1, 0, "ada")
    assert kept.result["summary"].startswith("1 payments, 10.00 USD captured, 0 unresolved, 0 disc")
    assert all(found["seconds"] >= 0 for found in kept.result["findings"])


def test_a_run_that_finds_nothing_is_told_in_the_log(paid, caplog):
    caplog.set_level(logging.INFO)
    prove_and_keep()
    assert "proof.holds" in caplog.messages


def test_one_that_does_not_hold_is_told_at_once_with_its_example(wrong, caplog):
    kept = prove_and_keep()

    assert not kept.holds
    assert kept.discrepancies == 1
    [told] = [record for record in caplog.records if record.levelname == "CRITICAL"]
    assert told.message == "proof.fails"
    assert told.statement == "every payment's fee is what the books say we earned on it"
    assert told.example


def test_runs_are_in_ink(paid):
    prove_and_keep()
    for change in ("UPDATE proof_run SET holds = true", "DELETE FROM proof_run"):
        with pytest.raises(DatabaseError, match="in ink"), transaction.atomic():
            connection.cursor().execute(change)


def test_two_do_not_run_at_once(paid):
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_ONE_AT_A_TIME])
        assert prove_and_keep() is None
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_ONE_AT_A_TIME])
    finally:
        other.close()
    assert prove_and_keep() is not None


def test_the_nightly_task_keeps_its_run(paid):
    task()
    assert Run.objects.get().by == ""
    assert CELERY_BEAT_SCHEDULE["prove"]["task"] == task.name


def test_the_command_keeps_its_run_unless_it_is_told_not_to(paid):
    out = StringIO()
    call_command("prove", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["holds"] is True
    assert Run.objects.get().result == told

    call_command("prove", "--forget", stdout=out)
    assert Run.objects.count() == 1


# ------------------------------------------------------------------------------------- the back office


def prove_now(client, **options):
    return client.post(
        f"{LIST}prove-now/", {"_form_submitted": "True", "reason": "Audit."}, **options
    )


def test_the_page_shows_the_counter_example_first(wrong):
    kept = prove_and_keep(by="ada")
    reader = person("view_run")

    assert "ada" in reader.get(LIST).content.decode()
    page = reader.get(f"{LIST}{kept.id}/change/").content.decode()
    assert "1 discrepancies" in page
    assert page.index("FAIL") < page.index("every payment&#x27;s fee is") < page.index(">ok<")
    assert "The books contradict themselves" in page
    for typed in ("x", "0", "00000000-0000-7000-8000-000000000000"):
        assert reader.get(f"{LIST}{typed}/change/").status_code == 404
    assert reader.post(f"{LIST}{kept.id}/change/").status_code == 403
    assert person_without("view_run").get(f"{LIST}{kept.id}/change/").status_code == 403


def test_whoever_may_has_it_run_and_nobody_else(paid, monkeypatch):
    asked = []
    monkeypatch.setattr(dispatch.run, "apply_async", lambda **options: asked.append(options))

    assert prove_now(person("view_run")).status_code == 403
    assert asked == []
    User.objects.all().delete()
    runner = person("view_run", "run")
    assert "Prove now" in runner.get(LIST).content.decode()
    runner.get(f"{LIST}prove-now/")
    assert asked == []
    assert prove_now(runner).status_code == 302
    [options] = asked
    assert options["kwargs"] == {"by": "bob"}
    assert options["queue"] == "default"


def test_a_broker_that_is_gone_is_said(paid, monkeypatch):
    def gone(**_):
        raise dispatch.BROKER_GONE[0]("no broker")

    monkeypatch.setattr(dispatch.run, "apply_async", gone)
    page = prove_now(person("view_run", "run"), follow=True)
    assert "the broker is gone" in page.content.decode()


def test_nothing_can_be_changed_on_the_pages(paid):
    kept = prove_and_keep()
    root = Client()
    root.force_login(User.objects.create_superuser("ada"))
    assert root.get(f"{LIST}add/").status_code == 403
    assert root.post(f"{LIST}{kept.id}/delete/", {"post": "yes"}).status_code == 403
    assert root.post(f"{LIST}{kept.id}/change/", {"holds": ""}).status_code == 403


# ---------------------------------------------------------------------------------------- the numbers


def test_prometheus_reads_the_last_run(wrong):
    [question, _] = READINGS
    with connection.cursor() as cursor:
        cursor.execute(question.asks, {"at": now()})
        assert cursor.fetchall() == []
        prove_and_keep()
        cursor.execute(question.asks, {"at": now() + timedelta(hours=2)})
        [(holds, discrepancies, seconds, age)] = cursor.fetchall()
    assert (holds, discrepancies) == (0, 1)
    assert seconds > 0
    assert 7200 <= age < 7300


# ------------------------------------------------------------------------------------------- seals


def test_an_earlier_run_remembers_what_was_sealed(paid):
    with (
        connection.cursor() as cursor
    ):  # As seal() does, which waits for this test's own transaction.
        cursor.execute(
            "INSERT INTO ledger_closing (after, upto) VALUES (to_timestamp(0), clock_timestamp()) RETURNING upto"
        )
        cursor.execute("SELECT ledger_seal_closing(%s)", cursor.fetchone())
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    kept = prove_and_keep()
    assert kept.holds
    assert set(kept.heads) == {"live", "test"}

    tables = ("ledger_roll", "ledger_seal", "ledger_closing")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"DELETE FROM {table}")
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    [failed] = [finding for finding in prove().findings if finding.contradictions]
    assert failed.says == "the days that earlier proofs saw sealed are sealed as they were"
    assert failed.contradictions == 2
