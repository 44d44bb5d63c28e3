"""The dashboard's figures: what the outbox tells is counted once, and is what the tables of money say."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Sum

from kernel.clock import now
from kernel.ids import decode
from kernel.money import Money
from kernel.outbox.models import OutboxEvent
from ledger.chart import HOUSE
from paygate.console.figures.forget import RETOLD, forget
from paygate.console.figures.hear import hear
from paygate.console.figures.rebuild import DAY, differing, hours_kept_since, rebuild
from paygate.console.models import Figure
from paygate.payments.hear_captures import capture_failed, recaptured
from paygate.payments.hear_refunds import refund_reported
from paygate.payments.models import Attempt, Payment
from paygate.payments.resolve import resolve
from paygate.psp.events import CaptureFailed, Recaptured, RefundReported, RefundState
from tests.console.counting import counted, differ, of, relay
from tests.disputes.conftest import case as case
from tests.payouts.conftest import IBAN, earn, settle_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def a_day(api, merchant, simulators, case):
    """Something of everything that happens."""
    api.pay(psp="stripe", amount=10_00)
    held = api.pay(psp="stripe", amount=20_00, capture_method="manual").json()
    for amount, final in ((5_00, False), (7_00, True)):
        api.post(f"payments/{held['id']}/capture", {"amount": amount, "final": final})
    api.pay(psp="stripe", amount=3_00, payment_method="pm_card_declined")
    api.pay(psp="adyen", amount=40_00, currency="EUR")
    given = api.pay(psp="stripe", amount=50_00).json()
    api.post("refunds", {"payment": given["id"], "amount": 12_50})
    disputed = case()
    disputed.heard("needs_response")
    disputed.heard("lost", hours=24)


def events():
    return list(OutboxEvent.objects.order_by("position"))


def test_what_happens_is_counted_for_its_merchant_and_for_all(a_day, merchant):
    relay()

    for whose in (merchant.merchant.id, HOUSE):
        for span in ("hour", "day"):
            where = {"merchant_id": whose, "span": span}
            assert of("attempted", **where) == (5, 93_00)
            assert of("approved", **where) == (4, 90_00)
            assert of("captured", **where) == (5, 82_00)
            assert of("captured", psp="adyen", currency="EUR", **where) == (1, 40_00)
            assert of("refunded", **where) == (1, 12_50)
            assert of("dispute_opened", reason="fraudulent", **where) == (1, 10_00)
            assert of("dispute_lost", **where) == (1, 10_00)
    [(code, about)] = [(key[1], value) for key, value in counted().items() if key[0] == "declined"]
    assert (bool(code), about) == (True, (1, 3_00))


def test_what_is_counted_is_what_the_tables_of_money_say(a_day):
    assert differ() > 0  # Nothing was told yet.
    relay()

    assert differ() == 0
    taken = Payment.objects.values_list("currency").annotate(Sum("amount_captured"))
    assert dict(taken) == {
        "USD": of("captured")[1],
        "EUR": of("captured", psp="adyen", currency="EUR")[1],
    }


def test_however_often_it_is_told_it_counts_once(a_day):
    told = events()
    hear(told + told)
    before = counted()
    hear(told)  # As after a relay that died.
    for event in reversed(told):
        hear([event])
    relay()

    assert counted() == before
    assert differ() == 0


def test_test_mode_and_live_are_counted_apart(a_day):
    relay()

    assert not Figure.objects.filter(livemode=True).exists()
    assert Figure.objects.filter(livemode=False).exists()


def test_a_merchant_has_none_of_anothers_figures(a_day, another_merchant):
    relay()

    assert counted(another_merchant.merchant.id) == {}


def test_a_customer_sent_to_the_bank_is_counted_as_that_and_as_what_came_of_it(api):
    back = "https://shop.example/return"
    api.pay(psp="stripe", amount=10_00, payment_method="pm_card_3ds", return_url=back)
    relay()

    assert of("challenged") == (1, 10_00)
    assert of("approved") == (0, 0)
    assert differ() == 0


def test_what_is_unknown_is_counted_when_its_end_is_known(api, simulators):
    simulators["stripe"].faults(next=["timeout_after"])
    api.pay(psp="stripe", amount=10_00)
    relay()
    assert (of("attempted"), of("approved")) == ((1, 10_00), (0, 0))

    simulators["stripe"].faults()
    Attempt.objects.filter(finished_at=None).update(next_look_at=now())
    resolve("stripe", at=now())
    relay()
    assert (of("approved"), of("captured")) == ((1, 10_00), (1, 10_00))
    assert differ() == 0


def test_a_capture_that_came_to_nothing_and_was_made_after_all_is_counted_as_both(api):
    payment = api.pay(psp="adyen", amount=100_00).json()
    news = {
        "psp_reference": payment["psp_reference"],
        "capture": payment["psp_reference"],
        "amount": Money(100_00, "USD"),
    }
    capture_failed("adyen", CaptureFailed(**news), livemode=False, now=now())
    relay()
    assert of("captured", psp="adyen") == (1, 100_00)
    assert of("capture_reversed", psp="adyen") == (1, 100_00)

    recaptured("adyen", Recaptured(**news), livemode=False, now=now())
    relay()
    hear(events())
    assert of("captured", psp="adyen") == (2, 200_00)
    assert of("capture_reversed", psp="adyen") == (1, 100_00)
    assert differ() == 0


def test_of_two_captures_that_came_to_nothing_on_different_days_each_is_counted_once(api):
    payment = api.pay(psp="adyen", amount=10_00, capture_method="manual").json()
    captures = []
    for amount, final in ((4_00, False), (6_00, True)):
        api.post(f"payments/{payment['id']}/capture", {"amount": amount, "final": final})
        captures.append(Attempt.objects.filter(operation="capture").latest("id"))
    for attempt in captures:
        relay()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM figure_counted")  # It was forgotten days ago.
        news = CaptureFailed(
            psp_reference=payment["psp_reference"],
            capture=attempt.psp_reference,
            attempt=attempt.public_id,
            amount=Money(attempt.amount, "USD"),
        )
        capture_failed("adyen", news, livemode=False, now=now())
    relay()

    assert of("capture_reversed", psp="adyen") == (2, 10_00)
    assert differ() == 0


def test_a_refund_that_came_back_counts_as_failed_and_no_more_as_given_back(api):
    payment = api.pay(psp="adyen", amount=100_00).json()
    reported = {
        "psp_reference": payment["psp_reference"],
        "reference": "R1",
        "amount": Money(40_00, "USD"),
    }
    for state in (RefundState.SUCCEEDED, RefundState.FAILED):
        news = RefundReported(**reported, state=state)
        refund_reported("adyen", news, livemode=False, now=now())
        if state == RefundState.SUCCEEDED:
            relay()
            assert of("refunded", psp="adyen") == (1, 40_00)  # Made in Adyen's own dashboard.
    relay()
    hear(events())

    assert of("refunded", psp="adyen") == (0, 0)
    [failed] = [value for key, value in counted().items() if key[0] == "refund_failed"]
    assert failed == (1, 40_00)
    assert differ() == 0


def test_a_dispute_that_is_won_after_all_counts_as_won_alone(case):
    disputed = case()
    disputed.heard("needs_response")
    relay()
    disputed.heard("lost", hours=24)
    relay()
    assert of("dispute_lost") == (1, 10_00)

    disputed.heard("won", hours=48)
    relay()
    hear(events())
    assert (of("dispute_lost"), of("dispute_won")) == ((0, 0), (1, 10_00))
    assert differ() == 0


def test_a_dispute_is_counted_on_the_day_on_which_the_psp_opened_it(case):
    disputed = case()
    disputed.heard("needs_response")  # At noon of the 23rd, whenever we hear of it.
    relay()

    opened = Figure.objects.filter(what="dispute_opened", merchant_id=HOUSE)
    assert {(row.span, row.starts) for row in opened} == {
        ("hour", datetime(2026, 11, 23, 12, tzinfo=UTC)),
        ("day", datetime(2026, 11, 23, tzinfo=UTC)),
    }


def test_a_payout_is_paid_when_it_arrives_and_not_when_it_came_back(api, merchant):
    from payouts.models import State
    from payouts.move import Move, move
    from tests.payouts.in_batches import in_transit

    earn(merchant.merchant.id, Money(100_00, "EUR"))
    settle_in(merchant.merchant.id, iban=IBAN)
    made = api.post("payouts", {"amount": 60_00, "currency": "EUR"}).json()
    payout = in_transit(made["id"])
    move(State.PAID, [Move(payout.merchant_id, payout.id)], at=now())
    relay()
    assert of("payout_paid", psp="bank", currency="EUR") == (1, 60_00)

    move(State.RETURNED, [Move(payout.merchant_id, payout.id)], at=now())
    relay()
    assert of("payout_paid", psp="bank", currency="EUR") == (0, 0)
    assert of("payout_failed", psp="bank", currency="EUR") == (1, 60_00)
    assert differ() == 0


class TestMadeAnew:
    def test_from_the_tables_of_money_they_are_what_the_outbox_would_have_told(self, a_day):
        relay()
        told = counted()
        Figure.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM figure_counted")
        call_command("rebuild_figures", since=now().date() - timedelta(days=10))

        assert counted() == told
        assert differ() == 0

    def test_what_is_told_afterwards_does_not_count_again(self, a_day):
        call_command("rebuild_figures", since=now().date() - timedelta(days=10))
        before = counted()
        relay()

        assert counted() == before

    def test_what_happens_afterwards_is_counted(self, api, a_day):
        call_command("rebuild_figures", since=now().date() - timedelta(days=10))
        api.pay(psp="stripe", amount=1_00)
        relay()

        assert of("captured") == (6, 83_00)
        assert differ() == 0

    def test_a_figure_that_nobody_can_explain_is_put_right(self, a_day):
        relay()
        Figure.objects.filter(what="captured").update(number=7, amount=7)
        Figure.objects.filter(what="approved").delete()
        Figure.objects.create(
            merchant_id=HOUSE,
            livemode=True,
            currency="EUR",
            span="day",
            what="captured",
            starts=datetime.combine(now().date(), time(), UTC),
            psp="stripe",
            reason="",
            number=1,
            amount=1,
        )
        assert differing(now().date(), at=now()) > 0
        assert rebuild(now().date(), at=now()) > 0

        assert rebuild(now().date(), at=now()) == 0
        assert differ() == 0

    def test_a_dispute_that_was_decided_otherwise_unheard_leaves_the_day_it_was_counted_on(
        self, case
    ):
        disputed = case()
        disputed.heard("needs_response")
        disputed.heard("lost", hours=24)
        relay()
        disputed.heard("won", hours=48)
        OutboxEvent.objects.filter(told_at=None).update(told_at=now())  # Told to nobody.
        rebuild(datetime(2026, 11, 25, tzinfo=UTC).date(), at=now())

        assert (of("dispute_lost"), of("dispute_won")) == ((0, 0), (1, 10_00))
        assert differ() == 0

    def test_a_day_ends_at_midnight_utc(self, api):
        api.pay(psp="stripe", amount=10_00)
        relay()
        today = Attempt.objects.get().finished_at.astimezone(UTC).date()

        for day in (today - DAY, today + DAY):
            assert rebuild(day, at=now()) == 0
        assert of("captured") == (1, 10_00)

    def test_the_command_says_what_differs_and_fails(self, a_day, capsys):
        with pytest.raises(SystemExit):
            call_command("rebuild_figures", check=True)
        assert "figures differed" in capsys.readouterr().out

        relay()
        call_command("rebuild_figures", check=True)
        assert ": 0 figures differed" in capsys.readouterr().out


class TestForgetting:
    def test_old_hours_are_let_go_and_days_are_kept(self, api, settings):
        api.pay(psp="stripe")
        relay()
        later = now() + timedelta(days=settings.FIGURES_HOURS_KEPT_DAYS + 1)
        forget(at=later)

        assert not Figure.objects.filter(span="hour").exists()
        assert of("captured") == (1, 10_00)
        assert hours_kept_since(later) > now() - DAY
        assert differing(now().date(), at=later) == 0  # Hours that are let go are not missed.

    def test_what_is_remembered_no_more_is_not_counted_when_it_is_told_again(self, api):
        api.pay(psp="stripe")
        relay()
        forget(at=now() + RETOLD + DAY)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM figure_counted")
            assert cursor.fetchone() == (0,)
        hear(events())

        assert of("captured") == (1, 10_00)

    def test_while_the_relay_lags_behind_nothing_is_forgotten(self, api):
        api.pay(psp="stripe")
        hear(events())  # Heard, and not told: the relay died.
        forget(at=now() + RETOLD + DAY)
        relay()

        assert of("captured") == (1, 10_00)

    def test_what_is_told_days_late_is_counted(self, api):
        api.pay(psp="stripe")
        forget(at=now() + RETOLD + DAY)  # The relay has been away all that time.
        relay()

        assert of("captured") == (1, 10_00)


def test_a_check_of_yesterday_puts_right_what_differs(a_day, caplog, monkeypatch):
    from paygate.console import tasks

    relay()
    Figure.objects.filter(what="captured").update(number=1)
    tomorrow = now() + DAY
    monkeypatch.setattr(tasks, "now", lambda: tomorrow)
    tasks.check_yesterday()

    assert "figures.differ" in caplog.text
    assert differ() == 0
    caplog.clear()
    tasks.check_yesterday()
    assert "figures.differ" not in caplog.text


def test_ids_of_what_is_told_are_those_of_the_tables(api):
    """Else what is made anew from the tables would be counted again when it is told."""
    payment = api.pay(psp="stripe").json()
    relay()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, fact FROM figure_counted ORDER BY fact")
        facts = {fact: id_ for id_, fact in cursor.fetchall()}

    attempt = Attempt.objects.get().id
    assert facts == {
        "attempted": decode("pay", payment["id"]),
        "ended": attempt,
        "captured": attempt,
    }
