"""What lets money move by another way than a payment's page needs a fresh second factor as well."""

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from kernel.clock import now
from kernel.ids import uuid7
from paygate.reconciliation.models import Statement
from paygate.staff.step_up import PROVED_AT
from paygate.webhooks.models import PspEvent, State

STALE = 3600  # Seconds since a factor was shown.


@pytest.fixture
def stale(client, settings, db):
    """A superuser whose second factor was shown an hour ago."""
    settings.STAFF_SECOND_FACTOR = True
    client.force_login(User.objects.create_superuser("root"))
    session = client.session
    session[PROVED_AT] = now().timestamp() - STALE
    session.save()
    return client


@pytest.fixture
def quarantined(db):
    return PspEvent.objects.create(
        id=uuid7(),
        psp="stripe",
        livemode=False,
        key="evt_1",
        kind="charge.refunded",
        state=State.QUARANTINED,
        why="nobody knows this payment",
        payload={},
        said_at=now(),
        received_at=now(),
    )


def asks_for_a_factor(answer):
    return answer.status_code == 302 and "/admin/account/" in answer["Location"]


@pytest.mark.parametrize("deed", ["apply-again", "set-aside"])
def test_what_is_quarantined_is_decided_by_a_fresh_login(stale, quarantined, deed):
    page = f"/admin/webhooks/pspevent/{quarantined.id}/{deed}/"

    assert asks_for_a_factor(stale.post(page, {"reason": "x", "_form_submitted": "True"}))
    assert PspEvent.objects.get().state == State.QUARANTINED


def test_all_that_is_quarantined_is_decided_by_a_fresh_login(stale, quarantined):
    page = "/admin/webhooks/pspevent/apply-all-again/"

    assert asks_for_a_factor(stale.post(page, {"reason": "x", "_form_submitted": "True"}))
    assert PspEvent.objects.get().state == State.QUARANTINED


def test_a_statement_is_handed_in_by_a_fresh_login(stale):
    file = SimpleUploadedFile("payout.csv", b"a,b\n")
    told = {"psp": "stripe", "file": file, "because": "x"}

    assert asks_for_a_factor(stale.post("/admin/reconciliation/statement/add/", told))
    assert not Statement.objects.exists()
