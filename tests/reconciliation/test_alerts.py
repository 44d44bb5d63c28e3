"""What is not as it should be is told in money, once a day, and measured as often as it is asked for."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.db import connection

from kernel.clock import now
from kernel.ids import decode
from kernel.money import Money
from paygate.monitoring.models import Taken
from paygate.monitoring.read import read
from paygate.payments.models import Attempt
from paygate.reconciliation.alerts import alerts, measure
from paygate.reconciliation.metrics import READINGS
from paygate.reconciliation.models import Batch, Statement
from paygate.reconciliation.receive import receive
from paygate.reconciliation.unsettled import unsettled
from paygate.reconciliation.words import grouped
from tests.reconciliation.breaks_of import a_break, eur
from tests.reconciliation.test_breaks import closed_by_itself

pytestmark = pytest.mark.django_db


def later(days=10):
    return now() + timedelta(days=days)


def said(at=None):
    return [alert.sentence for alert in alerts(at=at or now())]


def measured(at):
    """The gauges of this room, by name: {labels: number}."""
    read(at=at, of=READINGS)
    return {
        taken.name: {tuple(labels): number for labels, number in taken.samples}
        for taken in Taken.objects.all()
    }


def statement(state, name="balance.csv", *, at=None, **more):
    kept = receive(
        *("stripe", name, [name.encode()]), livemode=False, source="folder", at=at or now()
    ).statement
    Statement.objects.filter(id=kept.id).update(state=state, identity=name, **more)
    return kept


def a_batch(reference="134", amount=12_000_00, currency="EUR", **more):
    return Batch.objects.create(
        psp="adyen",
        livemode=False,
        reference=reference,
        currency=currency,
        amount=amount,
        told_at=now(),
        **more,
    )


@pytest.mark.parametrize(
    "money, words",
    [
        (Money(12_430_00, "EUR"), "12,430.00 EUR"),
        (Money(-1_234_567_89, "USD"), "-1,234,567.89 USD"),
        (Money(-5, "USD"), "-0.05 USD"),
        (Money(1_000, "JPY"), "1,000 JPY"),
        (Money(0, "KWD"), "0.000 KWD"),
    ],
)
def test_thousands_stand_apart(money, words):
    assert grouped(money) == words


def test_where_all_is_well_nothing_is_said(db):
    assert said() == []
    assert set().union(*measured(now()).values()) == set()


class TestCaptured:
    def pay(self, api, amount, **more):
        return api.pay(psp="stripe", amount=amount, currency="EUR", **more).json()["id"]

    def test_what_is_not_settled_in_time_is_told_in_money(self, api):
        for amount in (12_000_00, 430_00):
            self.pay(api, amount)
        [one] = unsettled(at=later())
        assert (one.payments, one.money) == (2, eur(12_430_00))
        assert [words for words in said(later()) if "captured" in words] == [
            "Stripe, test: captured, not settled beyond T+3: 12,430.00 EUR in 2 payments"
        ]
        gauges = measured(later())
        of = ("stripe", "false", "EUR")
        assert gauges["paygate_captured_unsettled"] == {of: 2}
        assert gauges["paygate_captured_unsettled_minor"] == {of: 12_430_00}

    def test_what_has_time_is_not(self, api):
        self.pay(api, 10_00)
        assert unsettled(at=now() + timedelta(days=1)) == []

    def test_what_was_only_authorized_is_not(self, api):
        self.pay(api, 10_00, capture_method="manual")
        assert unsettled(at=later()) == []

    def test_what_a_statement_tells_of_is_settled(self, api, db):
        payment = decode("pay", self.pay(api, 10_00))
        attempt = Attempt.objects.get(payment_id=payment)
        kept = statement("applied")
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO statement_line (statement_id, row, kind, reference, became, merchant_id, item, currency,
                       gross, settled_currency, settled_gross, fee, net, billed, fee_booked, fee_unexpected, rounding,
                       batch, booked_at)
                   VALUES (%s, 1, 'capture', 'txn_1', 'settled', %s, %s, 'EUR', 1000, 'EUR', 1000, 0, 1000, 0, 0, 0, 0,
                       '', now())""",
                [kept.id, attempt.merchant_id, attempt.id],
            )
        assert unsettled(at=later()) == []


class TestBreaks:
    def test_they_are_counted_by_cause_with_what_is_at_risk(self, db):
        a_break(), a_break()
        closed_by_itself(a_break())
        gauges = measured(later(1))
        of = ("stripe", "false", "missing_here", "EUR")
        assert gauges["paygate_breaks_open"] == {of: 2}
        assert gauges["paygate_breaks_open_minor"] == {of: 194_20}
        assert 86_390 < gauges["paygate_breaks_open_seconds"][of] < 86_500

    def test_those_that_nobody_closes_are_told(self, db):
        a_break(), a_break(gross=Money(50_00, "USD"), fee=Money(0, "USD"))
        assert said() == []
        assert said(later(4)) == [
            "Stripe, test: breaks open for more than 3 days: 97.10 EUR and 50.00 USD at risk in 2"
        ]


class TestStatements:
    def test_a_refused_one_is_told_with_its_reason(self, db):
        statement("refused", refused_row=3, refused_because="net is no amount")
        statement("refused", "other.csv", refused_because="it is cut off")
        assert said() == [
            "Stripe, test: balance.csv is refused, row 3: net is no amount",
            "Stripe, test: other.csv is refused: it is cut off",
        ]
        assert measured(now())["paygate_statements_refused"] == {("stripe", "false"): 2}

    def test_a_psp_that_falls_silent_is_told(self, db):
        statement("applied", at=now() - timedelta(days=6, hours=1))
        assert said() == ["Stripe, test: no statement for 6 days"]
        [age] = measured(now())["paygate_statement_seconds"].values()
        assert age > 6 * 86_400
        statement("applied", "newer.csv")
        assert said() == []


class TestBatches:
    def test_what_does_not_arrive_is_told(self, db):
        a_batch(), a_batch("135", 1_00), a_batch("136", arrived=1, arrived_at=now())
        assert said() == []
        assert said(later()) == [
            "Adyen, test: paid, not at our bank beyond T+3: 12,001.00 EUR in 2 batches"
        ]
        gauges = measured(later())
        assert gauges["paygate_batches_late"] == {("adyen", "false", "EUR"): 2}
        assert gauges["paygate_batches_late_minor"] == {("adyen", "false", "EUR"): 12_001_00}


class TestOnceADay:
    def test_each_thing_is_told_once_a_day(self, db, caplog):
        a_batch()
        with caplog.at_level(logging.ERROR):
            assert len(measure(at=later(10))) == 1
            assert measure(at=later(10)) == []
            a_break()
            assert [alert.kind for alert in measure(at=later(10))] == ["breaks_old"]
            assert len(measure(at=later(11))) == 2
        assert caplog.messages[0].startswith("Adyen, test: paid, not at our bank")
        assert caplog.records[0].alert == "batches_late"

    def test_without_redis_it_is_rather_told_twice(self, db, monkeypatch):
        monkeypatch.setattr(
            "paygate.reconciliation.alerts.shortcut", lambda work, *, otherwise: otherwise
        )
        a_batch()
        assert [len(measure(at=later())) for _ in range(2)] == [1, 1]
