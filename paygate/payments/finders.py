"""How payments, refunds and attempts are found: by our ids and the PSPs', the payer, metadata, and by card and amount.

Every question is answered by an index and reads no more than it shows. The words of payments (migration 0006) are
hashes: whoever is found by one is looked at, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.urls import reverse

from kernel.clock import now, wall
from kernel.finding import Finder, Found, id_in, is_id, joined, reference_in
from kernel.ids import encode
from merchants.customers.finders import who_has
from merchants.names import names_of
from paygate.payments.card_question import CardQuestion, read
from paygate.payments.models import Attempt, Operation, Payment, Refund, Result

#: Of a card's payments of a day so many are looked at, the newest first.
LOOKED_AT = 200

#: What payment_attempt_reference and payment_attempt_capture hold, as they say it.
_ON_NO_PAYMENT = Q(outcome=Result.DECLINED) | Q(operation__in=[Operation.CANCEL, Operation.EXPIRE])


def find_payments(text: str, most: int) -> list[Found]:
    """By pay_…; by a PSP's reference of it or of what was tried; by a word of it; by the card's question."""
    if is_id(text):
        id_ = id_in("pay", text)
        return _shown(Payment.objects.filter(id=id_).order_by() if id_ else (), why="")
    found: dict[UUID, Payment] = {}
    if reference := reference_in(text):
        # Not ordered by PostgreSQL: it would be tempted to walk all payments from the newest on.
        _add(found, Payment.objects.filter(psp_reference=reference).order_by()[:most])
        _add(found, _by_attempt(reference, most))
    for question in read(text, today=now().date()):
        _add(found, _by_card(question, most))
    if "@" in text:
        _add(found, _by_email(text, most))
    _add(found, _by_word(text, most))
    return _shown(list(found.values())[:most], why=text)


def find_refunds(text: str, most: int) -> list[Found]:
    """By re_…, the PSP's reference, or a value of its metadata."""
    if is_id(text):
        id_ = id_in("re", text)
        found = list(Refund.objects.filter(id=id_).order_by()) if id_ else []
    else:
        ids = [id_ for id_, _ in _newest([("refund", text)], most)]
        found = [r for r in Refund.objects.filter(id__in=ids).order_by() if _said(r.metadata, text)]
        if reference := reference_in(text):
            found += Refund.objects.filter(psp_reference=reference).order_by()[:most]
    names = names_of(found)
    return [
        Found(
            title=f"Refund of {refund.money}, {refund.state}",
            detail=joined(
                refund.public_id, encode("pay", refund.payment_id), names[refund.merchant_id]
            ),
            url=reverse("admin:payments_refund_change", args=[refund.id]),
            at=refund.created_at,
        )
        for refund in {refund.id: refund for refund in found}.values()
    ][:most]


def find_attempts(text: str, most: int) -> list[Found]:
    """By att_…, which PSPs have as the key of what we asked."""
    id_ = id_in("att", text)
    found = list(Attempt.objects.filter(id=id_).order_by()[:most]) if id_ else []
    return [
        Found(
            title=f"{attempt.get_operation_display()} at {attempt.psp}: "
            f"{attempt.outcome or 'in flight'}",
            detail=joined(attempt.public_id, encode("pay", attempt.payment_id)),
            url=reverse("admin:payments_attempt_change", args=[attempt.id]),
            at=attempt.started_at,
        )
        for attempt in found
    ]


FINDERS = (
    Finder("Payments", "payments.view_payment", find_payments),
    Finder("Refunds", "payments.view_refund", find_refunds),
    Finder("Attempts", "payments.view_attempt", find_attempts),
)


def _by_attempt(reference: str, most: int) -> Iterable[Payment]:
    """Of what was declined, captured or let go, the PSP's reference is the attempt's alone."""
    named = Attempt.objects.filter(psp_reference=reference).exclude(psp_reference="").order_by()
    ids = {
        id_
        for which in (Q(operation=Operation.CAPTURE), _ON_NO_PAYMENT)
        for id_ in named.filter(which).values_list("payment_id", flat=True)[:most]
    }
    return Payment.objects.filter(id__in=ids).order_by() if ids else ()


def _by_word(text: str, most: int) -> list[Payment]:
    ids = [id_ for id_, _ in _newest([("user", text), ("metadata", text)], most)]
    return [
        payment
        for payment in _payments(ids)
        if payment.user_id.lower() == text.lower() or _said(payment.metadata, text)
    ]


def _by_email(email: str, most: int) -> list[Payment]:
    """What their merchants call the people of that address, and what those paid."""
    whose = {(merchant_id, user_id) for merchant_id, user_id in who_has(email, most)}
    found = _newest([("user", user_id) for _, user_id in whose], LOOKED_AT) if whose else []
    payments = _payments([id_ for id_, _ in found])
    return [one for one in payments if (one.merchant_id, one.user_id) in whose][:most]


def _by_card(question: CardQuestion, most: int) -> list[Payment]:
    minors = {minor for _, minor in question.amounts}
    words = [("card", f"{question.last4} {minor}") for minor in sorted(minors)]
    found = _newest(words or [("card", question.last4)], LOOKED_AT, question.between)
    return [
        payment
        for payment in _payments([id_ for id_, _ in found])
        if payment.last4 == question.last4
        and question.fits(
            amount=payment.amount, currency=payment.currency, created_at=payment.created_at
        )
    ][:most]


def _newest(
    words: Sequence[tuple[str, str]],
    most: int,
    between: tuple[datetime, datetime] | None = None,
) -> list[tuple[UUID, UUID]]:
    """(id, merchant) of what has one of these words, the newest of each."""
    low, high = (UUID(int=0), UUID(int=2**128 - 1)) if between is None else _made(*between)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT f.id, f.merchant_id FROM unnest(%s::text[], %s::text[]) AS k (kind, said),
                LATERAL (
                    SELECT w.id, w.merchant_id FROM payment_word w
                    WHERE w.word = payment_word_of(k.kind, k.said) AND w.id BETWEEN %s AND %s
                    ORDER BY w.id DESC LIMIT %s
                ) f
            ORDER BY f.id DESC""",
            [[kind for kind, _ in words], [said for _, said in words], low, high, most],
        )
        found: list[tuple[UUID, UUID]] = cursor.fetchall()
    return found


def _made(since: datetime, until: datetime) -> tuple[UUID, UUID]:
    """The first and the last id of that time. Ids go by the wall; on a stage our clock was before it."""
    low = (since - (now() - wall()) - timedelta(minutes=1)).timestamp()
    high = (until + timedelta(minutes=1)).timestamp()
    return (
        UUID(int=max(0, int(low * 1000)) << 80),
        UUID(int=(max(0, int(high * 1000)) + 1 << 80) - 1),
    )


def _payments(ids: Sequence[UUID]) -> list[Payment]:
    """In the order of their ids, the newest first."""
    if not ids:
        return []
    return sorted(Payment.objects.filter(id__in=ids).order_by(), key=lambda p: p.id, reverse=True)


def _add(found: dict[UUID, Payment], more: Iterable[Payment]) -> None:
    found |= {payment.id: payment for payment in more if payment.id not in found}


def _said(metadata: dict[str, str], text: str) -> bool:
    return any(str(value).lower() == text.lower() for value in metadata.values())


def _shown(payments: Iterable[Payment], *, why: str) -> list[Found]:
    payments = list(payments)
    names = names_of(payments)
    return [
        Found(
            title=f"{payment.money(payment.amount)} {payment.get_state_display().lower()}",
            detail=joined(
                payment.public_id,
                f"{payment.card.get('brand', 'card')} …{payment.last4}" if payment.last4 else "",
                next(
                    (
                        f"{k} {v}"
                        for k, v in payment.metadata.items()
                        if str(v).lower() == why.lower()
                    ),
                    "",
                ),
                names[payment.merchant_id],
            ),
            url=reverse("admin:payments_payment_change", args=[payment.id]),
            at=payment.created_at,
        )
        for payment in payments
    ]
