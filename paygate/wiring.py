"""Who hears of what: the one page on which news goes up, by name, so that nobody here looks upstairs.

The relay tells each batch of outbox events to every one of `HEARERS`, in order. A hearer takes a list of events
and returns those that it could not hear (they come again); it must not mind hearing one twice.

A publisher for Kafka is one more hearer: it produces each event to the topic named by the first part of
`event.topic`, keyed by `event.subject` so that a partition keeps an object's order, and returns the events
whose delivery was not confirmed.

What PSPs tell us (paygate.psp.events) goes, by its kind, to one of `NEWS`: hear(psp, news, livemode=…, now=…). It
returns what it did, in a few words; it raises Quarantined or NotYet; it must not mind hearing a thing twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.module_loading import import_string

HEARERS = (
    "kernel.outbox.log.write_to_the_log",
    "merchants.notices.hear.hear",
    "paygate.costs.hear.hear",
    "paygate.monitoring.hear.hear",
    "paygate.console.figures.hear.hear",
)

NEWS = {
    "PaymentMoved": "paygate.payments.hear.payment_moved",
    "CaptureFailed": "paygate.payments.hear_captures.capture_failed",
    "Recaptured": "paygate.payments.hear_captures.recaptured",
    "RefundReported": "paygate.payments.hear_refunds.refund_reported",
    "CaseReport": "disputes.hear.case_reported",
    "PayoutMoved": "payouts.hear.payout_moved",
    "StatementReady": "paygate.reconciliation.hear.statement_ready",
    "Disbursed": "paygate.reconciliation.hear.disbursed",
}

#: The tables of what an idempotency key sets going, and of what takes a key so that nothing is set going by it.
KEYED = ("payment_attempt", "dispute_act", "payout", "approval_spending", "approval_request")

#: Posts a cost that a merchant bears: pass_on(merchant, payment, transaction, at=…), in the caller's transaction.
COSTS_ARE_PASSED_ON_BY = "paygate.payments.pass_on.pass_on"

#: Lists of paygate.psp.statements.Movements: what our books have of what PSPs' and the bank's statements tell.
MOVEMENTS: tuple[str, ...] = (
    "paygate.payments.movements.MOVEMENTS",
    "disputes.movements.MOVEMENTS",
    "payouts.movements.MOVEMENTS",
)

#: Lists of kernel.checks.Check: what must be true of the money, by those whose tables it is about.
CHECKS: tuple[str, ...] = (
    "kernel.audit.proof.CHECKS",
    "paygate.approvals.proof.CHECKS",
    "paygate.payments.proof.CHECKS",
    "merchants.funds.proof.CHECKS",
    "payouts.proof.CHECKS",
    "disputes.proof.CHECKS",
    "paygate.webhooks.proof.CHECKS",
    "paygate.proof.conversions.CHECKS",
    "paygate.proof.fees.CHECKS",
    "paygate.costs.proof.CHECKS",
    "paygate.reconciliation.proof.CHECKS",
)


#: Lists of kernel.facts.Facts: what happened to money, by those whose tables it is in; the dashboard counts it.
FIGURES: tuple[str, ...] = (
    "paygate.payments.facts.FACTS",
    "disputes.facts.FACTS",
    "payouts.facts.FACTS",
)

#: Lists of kernel.readings.Reading: what is asked now and then of how the platform does, by those whose tables it is.
READINGS: tuple[str, ...] = (
    "merchants.funds.metrics.READINGS",
    "merchants.notices.metrics.READINGS",
    "paygate.monitoring.success.READINGS",
    "paygate.monitoring.platform.READINGS",
    "paygate.proof.metrics.READINGS",
    "paygate.reconciliation.metrics.READINGS",
    "payouts.readings.READINGS",
    "disputes.readings.READINGS",
    "paygate.console.figures.readings.READINGS",
)

#: Lists of kernel.finding.Finder: how the back office's search finds what is in our rooms, in the order of its answers.
FINDERS: tuple[str, ...] = (
    "paygate.payments.finders.FINDERS",
    "disputes.finders.FINDERS",
    "payouts.finders.FINDERS",
    "merchants.finders.FINDERS",
    "merchants.customers.finders.FINDERS",
    "paygate.webhooks.finders.FINDERS",
    "paygate.reconciliation.finders.FINDERS",
    "ledger.finders.FINDERS",
)

#: Lists of kernel.queues.Queue: what waits for a person, in the order of the sidebar.
QUEUES: tuple[str, ...] = (
    "paygate.payments.queues.QUEUES",
    "paygate.approvals.queues.QUEUES",
    "disputes.queues.QUEUES",
    "payouts.queues.QUEUES",
    "paygate.reconciliation.queues.QUEUES",
    "paygate.webhooks.queues.QUEUES",
    "merchants.notices.queues.QUEUES",
    "paygate.proof.queues.QUEUES",
)

#: What tells of a payment on its page (kernel.timeline.Teller): each room what it knows.
TIMELINES: tuple[str, ...] = (
    "paygate.webhooks.timeline.tell",
    "paygate.costs.timeline.tell",
    "disputes.timeline.tell",
    "merchants.notices.timeline.tell",
    "kernel.audit.timeline.tell",
)

#: What is done once a second person approved it, by the kind of the request: carry_out(request, at=…) -> str. It may be
#: called again after a crash, and then does nothing twice (paygate.approvals).
APPROVED: dict[str, str] = {
    "refund": "paygate.payments.by_hand.carry_out_refund",
    "verdict": "paygate.payments.verdict.carry_out_verdict",
}


def named(names: Iterable[str]) -> list[Any]:
    """What the dotted names stand for."""
    return [import_string(name) for name in names]
