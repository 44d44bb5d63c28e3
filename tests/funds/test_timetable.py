"""What beat and the command line set going, and who is said to owe us."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from kernel.clock import now
from ledger.post import post
from ledger.recipes.refunds import refund_succeeded
from merchants.funds import tasks
from merchants.funds.metrics import READINGS
from merchants.funds.models import BusinessDay
from merchants.funds.owing import watch
from merchants.onboard import onboard
from paygate.settings.queues import CELERY_BEAT_SCHEDULE
from tests.funds.conftest import NOON, Book, usd


@pytest.fixture
def kiosk(commits: None) -> Book:
    return Book(onboard("Kiosk", at=NOON).merchant.id)


def refund(book: Book, minor: int) -> None:
    post(
        refund_succeeded(
            merchant=book.merchant,
            livemode=False,
            psp="stripe",
            source="re_1",
            amount=usd(minor),
        ),
        effective_at=NOON,
    )


def test_the_task_makes_available_what_is_due(kiosk):
    kiosk.capture(1_00, when=NOON.replace(year=2025))
    tasks.release_due()
    assert kiosk.stands == (0, 1_00, 0)


def test_the_command_makes_available_what_is_due_and_says_so(kiosk):
    kiosk.capture(1_00, when=NOON.replace(year=2025))
    out = StringIO()
    call_command("release_funds", stdout=out)
    assert kiosk.stands == (0, 1_00, 0)
    assert "funds.available test: 1.00 USD in 1 transactions\n1 merchants" in out.getvalue()
    again = StringIO()
    call_command("release_funds", begin_anew=True, stdout=again)
    assert again.getvalue() == "0 merchants\n"


def test_who_owes_us_is_said_until_later_captures_have_made_it_good(kiosk, caplog):
    [owing] = READINGS
    refund(kiosk, 40_00)
    tasks.watch_owing()
    assert "1 merchants owe us 40.00 USD in all" in caplog.text
    assert list(owing.asks(now())) == [(False, "USD", 1, 40_00)]
    kiosk.capture(50_00, when=NOON.replace(year=2025))
    tasks.release_due()
    assert watch() == []
    assert kiosk.stands == (0, 10_00, 0)
    assert list(owing.asks(now())) == []


@pytest.mark.django_db
def test_calendars_are_filled_again():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM business_day WHERE calendar = 'us'")
    tasks.fill_calendars()
    assert BusinessDay.objects.filter(calendar="us").exists()


def test_beat_knows_the_tasks():
    known = {entry["task"] for entry in CELERY_BEAT_SCHEDULE.values()}
    assert {"funds.release", "funds.owing", "funds.calendars"} <= known
