"""Hear what a PSP says of a case: believe it where it fits what we know, write it down, let the dispute follow.

In whatever order the reports of a case come, and however often, the same state, the same amounts and the same
balances come of them. What contradicts what we know goes to a person, and changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from uuid import UUID

import orjson

from disputes.change import Busy, Change, lock, until_written
from disputes.follow import follow
from disputes.models import Case, Dispute, Movement, Report
from merchants.fees import dispute_fee
from paygate.payments.answered import plain
from paygate.payments.locate import locate
from paygate.payments.models import Payment, State
from paygate.psp.cases import CaseReport
from paygate.psp.events import NotYet, Quarantined


def case_reported(psp: str, news: CaseReport, *, livemode: bool, now: datetime) -> str:
    """Take in a report; what it did, in a few words.

    Raises Quarantined for what contradicts what we know, and NotYet where it is too early to tell.
    """

    def hear() -> str:
        payment = locate(
            psp, livemode=livemode, psp_reference=news.psp_reference, payment=news.payment
        )
        _fits(payment, news)
        return _take_in(payment, psp, news, now)

    try:
        return until_written(hear)
    except Busy:
        raise NotYet(f"{news.case} changes all the time") from None


def _fits(payment: Payment, news: CaseReport) -> None:
    """Is it about money that this payment can have moved?"""
    amounts = [news.amount, *(movement.amount for movement in news.movements)]
    fees = [movement.fee for movement in news.movements]
    for amount in amounts:
        if amount.currency != payment.currency:
            raise Quarantined(f"{news.case}: {amount} of a payment in {payment.currency}")
        if amount.minor <= 0:
            raise Quarantined(f"{news.case}: {amount} cannot be in dispute")
        if amount.minor > payment.amount_captured:
            if payment.state == State.PROCESSING:
                raise NotYet(f"{payment.public_id} is being worked on; was {amount} taken?")
            raise Quarantined(f"{news.case}: {amount}, and {payment.public_id} took less")
    for fee in fees:
        if fee.minor < 0 or (fee and fee.currency != payment.currency):
            raise Quarantined(f"{news.case}: a fee of {fee} on a payment in {payment.currency}")


def _take_in(payment: Payment, psp: str, news: CaseReport, now: datetime) -> str:
    dispute = _known(payment, psp, news)
    new = dispute is None
    if dispute is None:
        dispute = _open(payment, psp, news, now)
    _note_cases(dispute, news)
    if not write_down(dispute, news, at=now) and not new:
        return f"{dispute.public_id}: heard before"
    _note_movements(dispute, news, now)
    change = Change.of(dispute, at=now)
    follow(change, new=new)
    return f"{dispute.public_id} {'opened' if new else 'heard'}: {dispute.stage} {dispute.status}"


def _known(payment: Payment, psp: str, news: CaseReport) -> Dispute | None:
    """The dispute that the case is a part of, locked; None for a case never heard of."""
    names = {news.case, news.continues} - {""}
    found = {
        (case.merchant_id, case.dispute_id)
        for case in Case.objects.filter(psp_reference__in=names, psp=psp, livemode=payment.livemode)
    }
    if not found:
        return None
    if len(found) > 1:
        raise Quarantined(f"{news.case} continues {news.continues}: two disputes of ours")
    [(merchant_id, dispute_id)] = found
    dispute = lock(merchant_id, dispute_id)
    if dispute.payment_id != payment.id:
        raise Quarantined(
            f"{news.case} is {dispute.public_id}, and not of {payment.public_id} as it says"
        )
    return dispute


def _open(payment: Payment, psp: str, news: CaseReport, now: datetime) -> Dispute:
    """A new dispute, as every dispute begins; where it is by now, the reports say."""
    dispute = Dispute(
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        livemode=payment.livemode,
        psp=psp,
        psp_reference=news.case,
        stage=news.stage.value,
        sequence=1,
        amount=news.amount.minor,
        currency=payment.currency,
        # By what was agreed when the payment was made: that does not depend on what was heard first.
        fee=dispute_fee(
            payment.merchant_id,
            currency=payment.currency,
            psp=psp,
            at=payment.created_at,
            **payment.card,
        ).minor,
        reason=news.reason.value,
        reason_code=plain(news.reason_code),
        evidence_due_by=news.evidence_due_by,
        opened_at=news.at,
        reported_at=news.at,
        created_at=now,
        updated_at=now,
    )
    dispute.save(force_insert=True)
    return dispute


def _note_cases(dispute: Dispute, news: CaseReport) -> None:
    """So that later reports find the dispute by either name."""
    known = set(
        Case.objects.filter(merchant_id=dispute.merchant_id, dispute_id=dispute.id).values_list(
            "psp_reference", flat=True
        )
    )
    for name in (news.continues, news.case):
        if name and name not in known:
            known.add(name)
            Case.objects.create(
                merchant_id=dispute.merchant_id,
                dispute=dispute,
                livemode=dispute.livemode,
                psp=dispute.psp,
                psp_reference=name,
            )


def write_down(
    dispute: Dispute, news: CaseReport, *, at: datetime, act: UUID | None = None
) -> bool:
    """Keep the report; False when the very same was kept before. `act` is ours, to which it was the answer."""
    digest = sha256(_said(news)).digest()
    heard = Report.objects.filter(
        merchant_id=dispute.merchant_id, dispute_id=dispute.id, digest=digest
    )
    if heard.exists():
        return False
    Report.objects.create(
        merchant_id=dispute.merchant_id,
        dispute=dispute,
        digest=digest,
        psp_reference=news.case,
        continues=news.continues if news.continues != news.case else "",
        said_at=news.at,
        stage=news.stage.value,
        standing=news.standing.value,
        amount=news.amount.minor,
        reason=news.reason.value,
        reason_code=plain(news.reason_code),
        evidence_due_by=news.evidence_due_by,
        movements=[movement.id for movement in news.movements],
        act=act,
        heard_at=at,
    )
    return True


def _said(news: CaseReport) -> bytes:
    """All that a report says, in one way of writing it."""
    return orjson.dumps(
        [
            news.case,
            news.continues,
            news.at,
            news.stage,
            news.standing,
            str(news.amount),
            news.reason,
            news.reason_code,
            news.evidence_due_by,
            sorted(
                [movement.id, movement.direction, str(movement.amount), str(movement.fee)]
                for movement in news.movements
            ),
        ]
    )


def _note_movements(dispute: Dispute, news: CaseReport, now: datetime) -> None:
    """Keep those that are new. One that is told otherwise than before is for a person."""
    known = {
        movement.psp_reference: movement
        for movement in Movement.objects.filter(
            merchant_id=dispute.merchant_id,
            psp=dispute.psp,
            livemode=dispute.livemode,
            psp_reference__in=[movement.id for movement in news.movements],
        )
    }
    for movement in news.movements:
        before = known.get(movement.id)
        told = (dispute.id, movement.direction, movement.amount.minor, movement.fee.minor)
        if before is None:
            known[movement.id] = Movement.objects.create(
                merchant_id=dispute.merchant_id,
                dispute=dispute,
                livemode=dispute.livemode,
                psp=dispute.psp,
                psp_reference=movement.id,
                direction=movement.direction.value,
                amount=movement.amount.minor,
                fee=movement.fee.minor,
                currency=dispute.currency,
                said_at=news.at,
                heard_at=now,
            )
        elif told != (before.dispute_id, before.direction, before.amount, before.fee):
            raise Quarantined(f"{news.case}: the movement {movement.id} was told otherwise before")


def says_nothing_new(psp: str, news: CaseReport, *, livemode: bool) -> bool:
    """Is it what we heard of the case last, but for the time? Then nobody needs to keep it."""
    last = (
        Report.objects.filter(psp_reference=news.case, dispute__psp=psp, dispute__livemode=livemode)
        .order_by("-said_at")
        .first()
    )
    if last is None:
        return False
    told = (
        last.stage,
        last.standing,
        last.amount,
        last.reason,
        last.reason_code,
        last.evidence_due_by,
        last.continues,
        set(last.movements),
    )
    return told == (
        news.stage,
        news.standing,
        news.amount.minor,
        news.reason,
        plain(news.reason_code),
        news.evidence_due_by,
        news.continues,
        {movement.id for movement in news.movements},
    )
