"""Evidence falls due: merchants are reminded, each time once."""

from datetime import timedelta

import pytest

from disputes.change import lock
from disputes.deadlines import remind
from kernel.clock import now
from kernel.outbox.models import OutboxEvent
from tests.disputes.conftest import withdrawn
from tests.proof.holds import holds

pytestmark = pytest.mark.django_db

SOON = timedelta(minutes=1)


@pytest.fixture
def due(case):
    """due(days): a dispute whose evidence is due then."""

    def build(**left):
        one = case()
        one.heard("needs_response", withdrawn(one.name), evidence_due_by=now() + timedelta(**left))
        return one

    return build


def reminded(one):
    return [
        event.body["past_due"]
        for event in OutboxEvent.objects.filter(
            subject=one.dispute.public_id, topic="dispute.evidence_due"
        )
    ]


def test_reminders_come_7_days_3_days_and_1_day_before_each_once(due):
    one = due(days=30)
    start, told = now(), []
    for day in range(32):
        for hour in (0, 11, 23):
            if remind(at=start + timedelta(days=day, hours=hour) + SOON):
                told.append((day, hour))

    assert told == [(23, 0), (27, 0), (29, 0), (30, 0)]
    assert reminded(one) == [False, False, False]
    last = OutboxEvent.objects.filter(subject=one.dispute.public_id).latest("sequence")
    assert (last.topic, last.body["past_due"]) == ("dispute.updated", True)
    assert holds()


def test_one_heard_of_late_is_reminded_once_and_not_of_what_has_passed(due):
    one = due(days=2)

    assert remind(at=now()) == 1
    assert remind(at=now() + timedelta(hours=1)) == 0
    assert remind(at=now() + timedelta(days=1, hours=1)) == 1
    assert len(reminded(one)) == 2


def test_staff_are_told_of_what_is_late(due, caplog):
    due(days=1)
    remind(at=now() + timedelta(days=2))

    assert "dispute.past_due" in caplog.text


@pytest.mark.parametrize("status", ["under_review", "won", "lost"])
def test_what_is_answered_or_decided_is_not_reminded_of(due, status):
    one = due(days=1)
    one.heard(status, hours=1)

    assert remind(at=now()) == 0


def test_a_dispute_without_a_date_is_not_reminded_of(case):
    case().heard("needs_response", evidence_due_by=None)

    assert remind(at=now() + timedelta(days=400)) == 0


def test_a_further_stage_with_a_date_of_its_own_is_reminded_of_anew(due):
    one = due(days=1)
    remind(at=now())
    one.heard(
        "needs_response",
        hours=1,
        stage="pre_arbitration",
        evidence_due_by=now() + timedelta(days=6),
    )

    assert one.dispute.reminders == 0
    assert remind(at=now()) == 1


def test_a_round_tells_of_so_many_and_the_next_one_goes_on(due):
    due(days=1)
    due(days=2)

    assert remind(at=now(), most=1) == 1
    assert remind(at=now(), most=1) == 1
    assert remind(at=now()) == 0


def test_one_that_cannot_be_told_does_not_stop_the_others(due, monkeypatch, caplog):
    broken, other = due(days=1), due(days=2)

    def lock_the_other(merchant_id, dispute_id):
        if dispute_id == broken.dispute.id:
            raise ZeroDivisionError
        return lock(merchant_id, dispute_id)

    monkeypatch.setattr("disputes.deadlines.lock", lock_the_other)

    assert remind(at=now()) == 1
    assert reminded(other) == [False]
    assert "reminder.failed" in caplog.text
