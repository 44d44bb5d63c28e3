"""Reading payments and refunds: always one merchant's, always one mode's."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from paygate.payments.models import Attempt, Payment, Refund


class NoSuchPayment(LookupError):
    """Not this merchant's, not in this mode, or not at all: nobody learns which."""


class NoSuchRefund(LookupError):
    """As of payments: nobody learns whether there is one."""


def get(merchant_id: UUID, payment_id: UUID, *, livemode: bool) -> Payment:
    """One payment. Raises NoSuchPayment."""
    payment = Payment.objects.filter(
        merchant_id=merchant_id, id=payment_id, livemode=livemode
    ).first()
    if payment is None:
        raise NoSuchPayment(payment_id)
    return payment


def attempts_of(payment: Payment) -> list[Attempt]:
    """The payment's attempts, oldest first."""
    return list(
        Attempt.objects.filter(merchant_id=payment.merchant_id, payment_id=payment.id).order_by(
            "id"
        )
    )


def refunds_of(payment: Payment) -> list[Refund]:
    """The payment's refunds, oldest first."""
    return list(
        Refund.objects.filter(merchant_id=payment.merchant_id, payment_id=payment.id).order_by("id")
    )


def get_refund(merchant_id: UUID, refund_id: UUID, *, livemode: bool) -> Refund:
    """One refund. Raises NoSuchRefund."""
    refund = Refund.objects.filter(merchant_id=merchant_id, id=refund_id, livemode=livemode).first()
    if refund is None:
        raise NoSuchRefund(refund_id)
    return refund


def all_refunds_of(merchant_id: UUID, *, livemode: bool) -> QuerySet[Refund]:
    """The merchant's refunds, for lists and filters."""
    return Refund.objects.filter(merchant_id=merchant_id, livemode=livemode)


def attempts_of_many(payments: list[Payment]) -> dict[UUID, list[Attempt]]:
    """The attempts of a page of one merchant's payments, in one query."""
    found: dict[UUID, list[Attempt]] = {payment.id: [] for payment in payments}
    if payments:
        for attempt in Attempt.objects.filter(
            merchant_id=payments[0].merchant_id, payment_id__in=list(found)
        ).order_by("id"):
            found[attempt.payment_id].append(attempt)
    return found


def all_of(merchant_id: UUID, *, livemode: bool) -> QuerySet[Payment]:
    """The merchant's payments, for lists and filters."""
    return Payment.objects.filter(merchant_id=merchant_id, livemode=livemode)
