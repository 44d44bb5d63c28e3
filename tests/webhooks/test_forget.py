"""Payloads are kept 90 days, keys for ever."""

from datetime import UTC, datetime, timedelta

import pytest

from paygate.psp.events import NotYet, Quarantined
from paygate.webhooks import forget
from paygate.webhooks.models import PspEvent
from tests.webhooks.conftest import only
from tests.webhooks.signed import letter, stripe

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
INTENT = {"id": "pi_1", "object": "payment_intent", "amount": 1, "currency": "usd"}


def test_what_was_settled_90_days_ago_is_emptied_and_known_all_the_same():
    told = letter("adyen")
    told.send()

    assert forget.forget_payloads(now=NOW + timedelta(days=89)) == 0
    assert only().payload
    assert forget.forget_payloads(now=NOW + timedelta(days=91)) == 1

    assert (only().payload, only().state) == (None, "irrelevant")
    assert told.send().status_code == 200
    assert PspEvent.objects.count() == 1
    assert forget.forget_payloads(now=NOW + timedelta(days=92)) == 0


@pytest.mark.parametrize("mishap", [NotYet("too early"), Quarantined("unknown")])
def test_what_is_not_settled_is_kept_however_old_it_is(listening, mishap):
    listening(raises=mishap)
    stripe("payment_intent.succeeded", object=INTENT).send()

    assert forget.forget_payloads(now=NOW + timedelta(days=900)) == 0
    assert only().payload


def test_many_are_emptied_in_short_commits(monkeypatch):
    monkeypatch.setattr(forget, "BATCH", 3)
    for _ in range(7):
        letter("stripe").send()

    assert forget.forget_payloads(now=NOW + timedelta(days=91)) == 7
    assert not PspEvent.objects.filter(payload__isnull=False).exists()
