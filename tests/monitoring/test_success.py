"""Each end of each attempt is counted once, by the minute; rates are approved of those that were decided."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from kernel.clock import now
from kernel.outbox.models import OutboxEvent
from paygate.monitoring.forget import forget
from paygate.monitoring.hear import hear
from paygate.monitoring.models import SuccessMinute
from paygate.monitoring.read import read
from tests.monitoring.conftest import label

pytestmark = pytest.mark.django_db


def counted():
    return {
        (row.psp, row.operation, row.outcome, row.decline_code): (row.attempts, row.amount)
        for row in SuccessMinute.objects.all()
    }


def test_each_attempt_is_counted_by_how_it_ended(api, relay):
    payment = api.pay(psp="stripe", amount=10_00, capture_method="manual").json()
    api.post(f"payments/{payment['id']}/capture", {"amount": 4_00})
    api.pay(psp="stripe", amount=5_00, payment_method="pm_card_declined")
    relay()

    declined = {key: value for key, value in counted().items() if key[2] == "declined"}
    assert counted()["stripe", "authorize", "approved", ""] == (1, 10_00)
    assert counted()["stripe", "capture", "approved", ""] == (1, 4_00)
    [((_, operation, _, code), about)] = declined.items()
    assert (operation, about) == ("authorize", (1, 5_00))
    assert code


def test_however_often_it_is_told_it_counts_once(api, relay):
    api.pay(psp="stripe", amount=10_00)
    api.pay(psp="stripe", amount=10_00)
    events = list(OutboxEvent.objects.order_by("position"))
    hear(events + events)
    hear(events)  # As after a relay that died.
    relay()

    assert counted()["stripe", "authorize", "approved", ""] == (2, 20_00)


def test_what_happens_to_a_payment_later_does_not_count_its_charge_again(api, relay):
    payment = api.pay(psp="stripe", amount=10_00).json()
    relay()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM success_counted")  # It was forgotten long ago.
    api.post("refunds", {"payment": payment["id"], "amount": 1_00})
    relay()

    assert counted()["stripe", "authorize", "approved", ""] == (1, 10_00)


def test_an_attempt_that_was_unknown_counts_as_that_and_as_what_it_was(
    api, relay, simulators, settings
):
    from paygate.payments.models import Attempt
    from paygate.payments.resolve import resolve

    simulators["stripe"].faults(next=["timeout_after"])
    api.pay(psp="stripe", amount=10_00)
    relay()
    assert counted() == {("stripe", "authorize", "unknown", ""): (1, 10_00)}

    simulators["stripe"].faults()
    Attempt.objects.filter(finished_at=None).update(next_look_at=now())
    resolve("stripe", at=now())
    relay()
    assert counted()["stripe", "authorize", "approved", ""] == (1, 10_00)
    assert counted()["stripe", "authorize", "unknown", ""] == (1, 10_00)


def test_the_rate_is_approved_of_approved_and_declined(api, relay, shown):
    for _ in range(3):
        api.pay(psp="stripe", amount=10_00)
    api.pay(psp="stripe", payment_method="pm_card_declined")
    relay()
    page = shown()

    of = {"psp": "stripe", "livemode": "false"}
    for over, named in (("5m", ""), ("1h", ""), ("24h", "_in_a_day")):
        assert page[label(f"paygate_success_ratio{named}", **of, over=over)] == 0.75
        assert page[label(f"paygate_success_decided{named}", **of, over=over)] == 4
    reasons = [key for key in page if key[0] in {"paygate_declines", "paygate_declines_in_a_day"}]
    assert len(reasons) == 3  # One reason, over three windows.


def test_where_everything_is_declined_the_rate_is_nought_and_not_unknown(api, relay, shown):
    api.pay(psp="stripe", payment_method="pm_card_declined")
    relay()

    assert shown()[label("paygate_success_ratio", psp="stripe", livemode="false", over="5m")] == 0


def test_a_window_forgets_and_last_week_is_remembered(api, relay, shown):
    api.pay(psp="stripe")
    relay()
    then = now() + timedelta(days=7)
    read(at=then)
    page = shown(asked=False)

    assert not [key for key in page if key[0] == "paygate_success_ratio_in_a_day"]
    assert page[label("paygate_success_ratio_a_week_ago", psp="stripe", livemode="false")] == 1


def test_old_minutes_are_let_go_and_what_may_be_told_again_is_remembered(api, relay, settings):
    api.pay(psp="stripe")
    hear(list(OutboxEvent.objects.order_by("position")))  # Heard, and not told: the relay died.
    later = now() + timedelta(days=settings.SUCCESS_KEPT_DAYS + 1)

    assert forget(at=later) == 1  # The minute; not the memory, since the outbox is still untold.
    relay()
    assert not SuccessMinute.objects.exists()
    assert forget(at=later) == 1
