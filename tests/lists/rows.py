"""Rows of many pages, made without a PSP or a bank: enough to see how often a list asks the database."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group, User
from django.test import RequestFactory

from disputes.models import Dispute
from kernel.audit.record import saw
from kernel.clock import now
from kernel.ids import encode, uuid7
from kernel.money import Money
from ledger.chart import HOUSE
from merchants.customers.keep import keep
from merchants.customers.sealing import Person
from merchants.funds.models import Due, Reserve
from merchants.funds.terms import agree_terms
from merchants.models import Merchant, Notice, WebhookEndpoint
from merchants.notices.register import register
from merchants.onboard import onboard
from paygate.costs.models import PaymentCost
from paygate.fx.models import Quote, Rate
from paygate.payments.models import Attempt, Payment, Refund
from paygate.reconciliation.models import Batch as Settlement
from paygate.reconciliation.models import Order
from paygate.reconciliation.receive import receive
from paygate.webhooks.models import PspEvent
from payouts.batch import build
from payouts.create import Wanted, create
from payouts.models import Rail
from payouts.schedule import agree_schedule
from tests.payouts.conftest import earn, settle_in
from tests.reconciliation.breaks_of import a_break

_numbers = itertools.count(1)


def _merchant() -> UUID:
    return onboard(f"Shop {next(_numbers)}").merchant.id


def _times() -> dict[str, Any]:
    return {"created_at": now(), "updated_at": now()}


def payment() -> Payment:
    made: Payment = Payment.objects.create(
        merchant_id=_merchant(),
        livemode=False,
        sequence=1,
        amount=1000,
        currency="EUR",
        user_id="user-1",
        payment_method="pm_card_visa",
        capture_method="automatic",
        psp="stripe",
        risk={},
        **_times(),
    )
    return made


def attempt(**more: Any) -> None:
    of = payment()
    given = {"operation": "authorize", "outcome": "approved", "finished_at": now()} | more
    Attempt.objects.create(
        merchant_id=of.merchant_id,
        payment_id=of.id,
        psp="stripe",
        amount=1000,
        started_at=now() - timedelta(hours=2),
        **given,
    )


def unresolved() -> None:
    attempt(outcome="unknown", finished_at=None, next_look_at=now())


def refund() -> None:
    of = payment()
    Refund.objects.create(
        merchant_id=of.merchant_id,
        payment_id=of.id,
        livemode=False,
        amount=100,
        currency="EUR",
        psp="stripe",
        of_reference="pi_1",
        captured=1000,
        **_times(),
    )


def dispute() -> None:
    of = payment()
    Dispute.objects.create(
        merchant_id=of.merchant_id,
        payment_id=of.id,
        livemode=False,
        psp="stripe",
        psp_reference=f"dp_{next(_numbers)}",
        stage="chargeback",
        status="needs_response",
        sequence=1,
        amount=1000,
        currency="EUR",
        fee=0,
        reason="fraudulent",
        evidence_due_by=now() + timedelta(days=5),
        opened_at=now(),
        reported_at=now(),
        **_times(),
    )


def endpoint() -> WebhookEndpoint:
    made: WebhookEndpoint = register(
        _merchant(),
        livemode=False,
        url=f"http://127.0.0.1:9/{next(_numbers)}",
        enabled_events=["*"],
        at=now(),
    ).endpoint
    return made


def notice() -> None:
    hears = endpoint()
    Notice.objects.create(
        merchant_id=hears.merchant_id,
        webhook_endpoint=hears,
        event_id=uuid7(),
        event_at=now(),
        topic="payment.captured",
        subject=encode("pay", uuid7()),
        sequence=1,
        status="delivered",
        finished_at=now(),
        created_at=now(),
    )


def customer() -> None:
    keep(_merchant(), Person(email="joe@example.org"), livemode=False, user_id="u", at=now())


def psp_event() -> None:
    PspEvent.objects.create(
        psp="stripe",
        livemode=False,
        key=f"evt_{next(_numbers)}",
        kind="payment_intent.succeeded",
        payload={},
        said_at=now(),
        received_at=now(),
        next_try_at=now(),
    )


def rate() -> None:
    day = date(2026, 1, 1) + timedelta(days=next(_numbers))
    Rate.objects.create(
        provider="ecb",
        base="EUR",
        quote="USD",
        rate=Decimal("1.1"),
        as_of=day,
        fetched_at=now(),
        state="accepted",
    )


def quote() -> None:
    Quote.objects.create(
        merchant_id=_merchant(),
        livemode=False,
        from_currency="EUR",
        to_currency="USD",
        rate=Decimal("1.1"),
        market=Decimal("1.2"),
        created_at=now(),
        expires_at=now() + timedelta(minutes=5),
    )


def _held(model: Any, **more: Any) -> None:
    model.objects.bulk_create(
        [
            model(
                id=uuid7(),
                merchant_id=_merchant(),
                livemode=False,
                currency="EUR",
                amount=100,
                due_on=now().date(),
                due_at=now(),
                **more,
            )
        ]
    )


def cost() -> None:
    of = payment()
    PaymentCost.objects.create(
        merchant_id=of.merchant_id,
        payment_id=of.id,
        livemode=False,
        psp="stripe",
        psp_reference=f"pi_{next(_numbers)}",
        currency="EUR",
        captured=1000,
        captures=1,
        passed_on=False,
        sequence=1,
        captured_at=now(),
    )


def payout(batched: bool = False) -> None:
    whose = _merchant()
    earn(whose, Money(100_00, "EUR"))
    settle_in(whose)
    create(whose, Wanted("EUR"), id_=uuid7(), livemode=False, at=now())
    if batched:
        build(rail=Rail.BANK, livemode=False, value_date=now().date(), by="ada", at=now())


def schedule() -> None:
    at = now()
    agree_schedule(
        _merchant(),
        livemode=False,
        currency="EUR",
        interval="daily",
        by="ada",
        effective_from=at,
        at=at,
    )


def statement() -> None:
    name, content = f"balance-{next(_numbers)}.csv", b"a,b\n%d,2\n" % next(_numbers)
    kept = receive("stripe", name, [content], livemode=False, source="folder", at=now())
    a_break(HOUSE, statement_id=kept.statement.id, row=1)


def settlement() -> None:
    Settlement.objects.create(
        psp="adyen",
        livemode=False,
        reference=str(next(_numbers)),
        currency="EUR",
        amount=100_00,
        told_at=now(),
    )


def order() -> None:
    Order.objects.create(
        psp="adyen",
        livemode=False,
        name=f"batch_{next(_numbers)}.csv",
        place="x",
        ordered_at=now(),
    )


def entry() -> None:
    request: Any = RequestFactory().get("/")
    request.user = User.objects.get(username="root")
    saw(request, Merchant.objects.get(id=_merchant()), "name")


def person() -> None:
    user = User.objects.create_user(f"person-{next(_numbers)}", is_staff=True)
    user.groups.set(Group.objects.filter(name__startswith="support"))


#: By the page that lists them. Each call makes one more row, and what it hangs on.
MAKERS: Mapping[str, Callable[[], Any]] = {
    "auth.user": person,
    "costs.paymentcost": cost,
    "disputes.dispute": dispute,
    "funds.due": lambda: _held(Due),
    "funds.reserve": lambda: _held(Reserve, source=f"captured {next(_numbers)}"),
    "funds.terms": lambda: agree_terms(_merchant(), effective_from=now()),
    "fx.quote": quote,
    "fx.rate": rate,
    "kernel.entry": entry,
    "ledger.ledgeraccount": lambda: earn(_merchant(), Money(100, "EUR")),
    "ledger.ledgertransaction": lambda: earn(_merchant(), Money(100, "EUR")),
    "merchants.apikey": _merchant,
    "merchants.customer": customer,
    "merchants.feeplan": _merchant,
    "merchants.merchant": _merchant,
    "merchants.notice": notice,
    "merchants.webhookendpoint": endpoint,
    "payments.attempt": attempt,
    "payments.payment": payment,
    "payments.refund": refund,
    "payments.unresolved": unresolved,
    "payouts.batch": lambda: payout(batched=True),
    "payouts.destination": lambda: settle_in(_merchant()),
    "payouts.payout": payout,
    "payouts.schedule": schedule,
    "reconciliation.batch": settlement,
    "reconciliation.break": lambda: a_break(_merchant()),
    "reconciliation.order": order,
    "reconciliation.statement": statement,
    "webhooks.pspevent": psp_event,
}
