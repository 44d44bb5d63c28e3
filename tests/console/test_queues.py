"""The sidebar's queues: each page shows exactly what its badge counts, and no page fails for a count."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from disputes.models import Dispute
from kernel.clock import now
from kernel.ids import uuid7
from kernel.queues import MOST
from kernel.shortcuts import client as redis
from merchants.notices.models import Notice, WebhookEndpoint
from paygate.console import queue_counts
from paygate.console.queue_counts import Length, lengths, queues
from paygate.payments.models import Payment
from paygate.proof.models import Run
from paygate.reconciliation.models import Break
from paygate.webhooks.models import PspEvent
from payouts.models import Batch, Destination, Report, ReportException


@pytest.fixture
def anybody(db):
    client = Client()
    client.force_login(User.objects.create_superuser("anybody"))
    return client


@pytest.fixture
def waiting(merchant):
    """In each queue one or two, and beside them what is in none; returns how many by title."""
    at, whose = now(), merchant.merchant.id
    _disputes(whose, at)
    for number, state in enumerate(("quarantined", "quarantined", "applied")):
        PspEvent.objects.create(
            psp="stripe",
            livemode=False,
            key=f"evt_{number}",
            kind="charge.captured",
            payload={},
            said_at=at,
            received_at=at,
            state=state,
            settled_at=at if state == "applied" else None,
        )
    _endpoints(whose, at)
    _breaks(whose, at)
    _payouts(whose, at)
    for minutes, holds in ((50, False), (40, True), (30, False), (20, False)):
        Run.objects.create(
            at=at - timedelta(minutes=minutes),
            seconds=1,
            holds=holds,
            discrepancies=0 if holds else 1,
            payments=1,
            heads={},
            result={"summary": "", "findings": []},
        )
    return {
        "Disputes to answer": 2,
        "Batches to approve": 1,
        "Destinations to approve": 1,
        "Bank exceptions": 1,
        "Open breaks": 3,
        "Breaks to approve": 1,
        "Quarantined webhooks": 2,
        "Failed notices": 1,
        "Endpoints given up": 1,
        "Proof fails": 2,
    }


def test_each_page_shows_exactly_what_its_badge_counts(waiting, anybody):
    from django.urls import reverse

    counted = dict(zip((q.title for q in queues()), lengths(now()), strict=True))

    assert {name: counted[name].waiting for name in waiting} == waiting
    for queue in queues():
        page = anybody.get(f"{reverse(queue.page)}?{queue.query}")
        assert page.status_code == 200, queue.title
        shown = page.context["cl"]
        assert len(shown.result_list) == counted[queue.title].waiting, queue.title


def test_a_deadline_of_the_next_day_is_urgent(waiting, anybody):
    counted = dict(zip((q.title for q in queues()), lengths(now()), strict=True))

    assert counted["Disputes to answer"] == Length(waiting=2, urgent=1)
    assert counted["Open breaks"].urgent == 1
    page = anybody.get("/admin/search/").content.decode()
    assert page.count("bg-red-500") >= 3  # With the proof that fails.


def test_all_queues_are_counted_at_once_and_believed_for_some_seconds(
    db, django_assert_max_num_queries
):
    at = now()
    first = lengths(at)
    PspEvent.objects.create(
        psp="stripe",
        livemode=False,
        key="evt_1",
        kind="x",
        payload={},
        said_at=at,
        received_at=at,
        state="quarantined",
    )

    with django_assert_max_num_queries(0):
        assert lengths(at) == first
    queue_counts.forget()
    assert lengths(at) != first


def test_a_count_that_fails_is_not_known_and_breaks_no_page(db, anybody, monkeypatch, caplog):
    from dataclasses import replace

    from django.db import connection

    def broken(at):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    first, *others = queues()
    monkeypatch.setattr(
        queue_counts, "queues", lambda: [replace(first, counts=broken, urgent=None), *others]
    )

    counted = lengths(now())

    assert counted[0].written == "?"
    assert all(one.waiting is not None for one in counted[1:])
    assert "queue.unknown" in caplog.text


def test_a_count_that_takes_too_long_is_ended_and_what_comes_after_it_is_not(db, monkeypatch):
    from dataclasses import replace

    from django.db import connection

    def slow(at):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")

    def timeout():
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            return cursor.fetchone()[0]

    before = timeout()
    first, *others = queues()
    monkeypatch.setattr(
        queue_counts, "queues", lambda: [replace(first, counts=slow, urgent=None), *others]
    )
    monkeypatch.setattr(queue_counts, "PATIENCE", 50)

    assert lengths(now())[0].waiting is None
    assert timeout() == before


def test_without_redis_postgresql_is_asked(waiting, monkeypatch):
    monkeypatch.setattr(queue_counts, "shortcut", lambda work, otherwise: otherwise)

    counted = dict(zip((q.title for q in queues()), lengths(now()), strict=True))

    assert {name: counted[name].waiting for name in waiting} == waiting


def test_what_another_version_kept_in_redis_is_not_believed(db):
    redis().set("console:queues", b'[{"waiting": 7, "urgent": 0}]')

    assert len(lengths(now())) == len(queues())


@pytest.mark.parametrize(
    ("length", "written"),
    [
        (Length(0, 0), ""),
        (Length(12, 0), "12"),
        (Length(MOST, 0), "1000+"),
        (Length(None, None), "?"),
    ],
)
def test_a_badge_says_no_more_than_was_counted(length, written):
    assert length.written == written


def _disputes(whose, at):
    for number, (status, due) in enumerate(
        [("needs_response", 5), ("needs_response", 50), ("won", 5)]
    ):
        payment = Payment.objects.create(
            merchant_id=whose,
            livemode=False,
            sequence=1,
            amount=1000,
            currency="EUR",
            user_id="user-1",
            payment_method="pm_card_visa",
            capture_method="automatic",
            risk={},
            created_at=at,
            updated_at=at,
        )
        Dispute.objects.create(
            merchant_id=whose,
            payment_id=payment.id,
            livemode=False,
            psp="stripe",
            psp_reference=f"dp_{number}",
            stage="chargeback",
            status=status,
            sequence=1,
            amount=1000,
            currency="EUR",
            fee=0,
            reason="fraudulent",
            evidence_due_by=at + timedelta(hours=due),
            opened_at=at,
            reported_at=at,
            closed_at=at if status == "won" else None,
            created_at=at,
            updated_at=at,
        )


def _endpoints(whose, at):
    for number, reason in enumerate(("failing", "requested", "")):
        endpoint = WebhookEndpoint.objects.create(
            merchant_id=whose,
            livemode=False,
            url=f"https://shop.example/{number}",
            enabled_events=["*"],
            status="disabled" if reason else "enabled",
            disabled_reason=reason,
            disabled_at=at if reason else None,
            secret=b"sealed",
            created_at=at,
            updated_at=at,
        )
    for status in ("failed", "delivered"):
        Notice.objects.create(
            merchant_id=whose,
            webhook_endpoint=endpoint,
            event_id=uuid7(),
            event_at=at,
            topic="payment.captured",
            subject="pay_1",
            sequence=1,
            status=status,
            created_at=at,
            finished_at=at,
        )


def _breaks(whose, at):
    for number, (state, days) in enumerate(
        [("open", 9), ("investigating", 1), ("proposed", 1), ("resolved", 1)]
    ):
        proposed = {
            "proposed_as": "draft",
            "proposed_by": "ada",
            "proposed_because": "so",
            "proposed_digest": "0" * 64,
        }
        Break.objects.create(
            psp="stripe",
            livemode=False,
            key=f"key-{number}",
            cause="amount",
            state=state,
            merchant_id=whose,
            subject="pi_1",
            currency="EUR",
            amount=100,
            opened_at=at - timedelta(days=days),
            updated_at=at,
            closed_at=at if state == "resolved" else None,
            closed_by="later_line" if state == "resolved" else "",
            **(proposed if state == "proposed" else {}),
        )


def _payouts(whose, at):
    for state in ("pending_approval", "draft"):
        submitted = {"submitted_by": "ada", "submitted_at": at, "digest": "0" * 64}
        Batch.objects.create(
            livemode=False,
            rail="bank",
            state=state,
            value_date=at.date(),
            created_by="ada",
            created_at=at,
            updated_at=at,
            **(submitted if state == "pending_approval" else {}),
        )
    for state in ("proposed", "rejected"):
        destination = Destination.objects.create(
            merchant_id=whose,
            livemode=False,
            currency="EUR",
            rail="bank",
            kind="iban",
            holder="Kiosk",
            country="DE",
            sealed=b"sealed",
            last4="3000",
            proposed_by="ada",
            created_at=at,
        )
        if state == "rejected":
            Destination.objects.filter(merchant_id=whose, id=destination.id).update(
                state=state, decided_by="grace", decided_because="no", decided_at=at
            )
    report = Report.objects.create(
        livemode=False,
        number=1,
        name="camt.054",
        kind="camt.054",
        sha256="0" * 64,
        content=b"x",
        received_at=at,
    )
    for place, seen in enumerate((None, at)):
        ReportException.objects.create(
            report=report,
            place=place,
            reference="po_1",
            became="returned",
            why="unknown",
            created_at=at,
            settled_at=seen,
            settled_by="ada" if seen else "",
            settled_because="seen" if seen else "",
        )
