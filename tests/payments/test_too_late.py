"""What comes late charges nobody: a taker that was stopped, a message that lay for hours, a replay."""

from datetime import timedelta

import pytest

from kernel.clock import now
from kernel.ids import decode
from paygate.payments.carry_out import carry_out, see_through, settle, take
from paygate.payments.models import Attempt
from paygate.payments.resolve import find_out, resolve
from paygate.psp.gateway import Approved, NotSent, Unknown


@pytest.fixture(autouse=True)
def messages_are_lost(settings, monkeypatch):
    """Whatever is claimed is carried out by nobody."""
    settings.OUTCOME_PATIENCE = 0.1
    monkeypatch.setattr("paygate.payments.dispatch.carry_out_task.apply_async", lambda **_: None)
    monkeypatch.setattr("paygate.api.waiting.carry_out_here", lambda *_: None)


def claimed(api, **changes):
    payment = api.pay(**{"psp": "stripe", **changes}).json()
    attempt = Attempt.objects.get(payment_id=decode("pay", payment["id"]))
    return payment["id"], (attempt.merchant_id, attempt.id)


def hours_ago(hours):
    return now() - timedelta(hours=hours)


def begun_hours_ago(hours):
    Attempt.objects.filter(finished_at=None).update(started_at=hours_ago(hours))


def test_a_taker_that_was_stopped_for_long_sends_nothing_when_it_goes_on(api, books_of):
    payment, pair = claimed(api)
    [(attempt, row, others)] = take([pair], at=hours_ago(1))

    assert see_through(attempt, row, others) is None

    assert books_of("stripe", payment) == []
    assert Attempt.objects.get().open


def test_a_charge_that_nobody_took_for_hours_is_not_made(api, books_of):
    payment, _ = claimed(api)
    begun_hours_ago(3)

    resolve("stripe", at=now() + timedelta(minutes=1))

    found = api.get(f"payments/{payment}").json()
    assert (found["status"], found["last_error"]["code"]) == ("failed", "psp_unavailable")
    assert books_of("stripe", payment) == []


def held(api):
    payment, pair = claimed(api, capture_method="manual")
    carry_out([pair])
    assert api.post(f"payments/{payment}/capture").status_code == 202
    return payment


def test_a_capture_that_nobody_took_for_hours_is_still_made(api, books_of):
    payment = held(api)
    begun_hours_ago(3)

    resolve("stripe", at=now() + timedelta(minutes=1))

    assert api.get(f"payments/{payment}").json()["status"] == "captured"


def test_no_trace_of_what_was_sent_a_moment_ago_says_nothing_however_old_it_is(api):
    held(api)
    begun_hours_ago(3)
    capture = Attempt.objects.get(operation="capture")
    [(attempt, row, _)] = take([(capture.merchant_id, capture.id)], at=now() - timedelta(seconds=1))
    row.capture_method, resend = "manual", "paygate.payments.resolve.send"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resend, lambda *_: Unknown("no answer"))
        assert isinstance(find_out(row, attempt, now=now()), Unknown)


def test_an_hour_later_a_charge_is_not_replayed_where_that_might_make_it(api, books_of, simulators):
    payment, pair = claimed(api, psp="adyen")
    simulators["adyen"].faults(next=["timeout_before"], hang_seconds=1)
    carry_out([pair])
    simulators["adyen"].faults()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("paygate.payments.resolve.present", lambda: now() + timedelta(hours=2))
        resolve("adyen", at=now() + timedelta(hours=2))

    found = api.get(f"payments/{payment}").json()
    assert (found["status"], found["outcome"]) == ("processing", "unknown")
    assert books_of("adyen", payment) == []


def test_an_answer_that_contradicts_what_was_settled_is_shouted_out(api, caplog):
    _, pair = claimed(api)
    [(attempt, row, others)] = take([pair], at=now())
    [(same, its, _)] = [(Attempt.objects.get(), type(row).objects.get(), None)]
    settle(row, attempt, others, NotSent("gone"))

    assert settle(its, same, [], Approved("pi_1", its.money(1000), captured=True)) is None
    assert "psp.contradiction" in caplog.text
