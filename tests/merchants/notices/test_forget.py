"""What is too old goes, and nothing before its time; secrets go when they sign no longer, and follow the newest key."""

from __future__ import annotations

import base64
import os
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.transaction import atomic

from kernel.clock import now
from kernel.sealed import is_newest
from merchants.models import Notice, NoticeAttempt, WebhookEndpoint
from merchants.notices import forget as forgetting
from merchants.notices.forget import forget, forget_old_secrets, seal_anew
from merchants.notices.register import remove, roll_secret
from merchants.notices.tasks import forget as task
from tests.merchants.notices.conftest import deliver, verified

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick")]


def days_ago(days, table, column):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE {table} SET {column} = now() - interval '{days} days'")
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_notices_and_attempts_go_after_90_days(listens, happens, monkeypatch):
    monkeypatch.setattr(forgetting, "CHUNK", 2)
    listens()
    for number in range(5):
        happens(f"pay_{number}", 1)
    deliver()
    days_ago(91, "notice", "created_at")
    days_ago(91, "notice_attempt", "started_at")
    happens("pay_new", 1)
    deliver()

    assert forget(at=now()) == 10
    assert [notice.subject for notice in Notice.objects.all()] == ["pay_new"]
    assert NoticeAttempt.objects.count() == 1
    assert forget(at=now()) == 0


def test_the_database_lets_no_attempt_go_before(listens, happens):
    listens()
    happens("pay_a", 1)
    deliver()
    days_ago(89, "notice_attempt", "started_at")

    with (
        pytest.raises(DatabaseError, match="is history"),
        atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM notice_attempt")


def test_an_old_secret_is_destroyed_when_its_overlap_is_over(listens, merchant):
    endpoint = listens().endpoint
    whose = (merchant.merchant.id, endpoint.public_id)
    roll_secret(*whose, livemode=False, overlap=timedelta(hours=1), at=now())

    assert forget_old_secrets(at=now()) == 0
    assert forget_old_secrets(at=now() + timedelta(hours=1)) == 1
    assert WebhookEndpoint.objects.get().previous_secret is None


def test_secrets_are_sealed_anew_under_a_new_key_and_the_old_key_can_go(
    shop, listens, happens, merchant, settings
):
    old, new = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    settings.SEALING_KEYS = [old]
    endpoint, rolled, deleted = listens("/hook"), listens("/rolled"), listens("/deleted")
    whose = merchant.merchant.id
    roll_secret(
        whose, rolled.endpoint.public_id, livemode=False, overlap=timedelta(hours=1), at=now()
    )
    remove(whose, deleted.endpoint.public_id, livemode=False, at=now())
    assert seal_anew() == 0

    settings.SEALING_KEYS = [new, old]
    assert seal_anew() == 2
    assert seal_anew() == 0
    kept = WebhookEndpoint.objects.exclude(secret=None).values_list("secret", "previous_secret")
    assert all(is_newest(one) for pair in kept for one in pair if one is not None)

    settings.SEALING_KEYS = [new]
    happens("pay_a", 1)
    deliver()
    assert verified(shop.at("/hook")[0], endpoint)
    assert verified(shop.at("/rolled")[0], rolled)


def test_housekeeping_does_all_of_it(listens, happens):
    listens()
    happens("pay_a", 1)
    days_ago(91, "notice", "created_at")
    task()

    assert not Notice.objects.exists()
