"""What became of an attempt that no PSP can tell: decided by two people with a document.

One says, with a letter or a page of the PSP's dashboard in hand, that it was executed, under which reference and for
how much, or that it certainly was not; another one approves. Then the attempt is settled by that as it would be by a
look-up: state, books, events and reply in one commit. If news came meanwhile, the news count, and the request fails
with words. What the PSP tells afterwards that contradicts the verdict is quarantined (hear.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from kernel.card_numbers import contains_card_number
from kernel.ids import decode
from paygate.approvals.ask import UnableToAsk, ask
from paygate.approvals.carry_out import CannotBeDone
from paygate.approvals.models import Request, State
from paygate.payments.carry_out import reload, settle
from paygate.payments.models import Attempt, Operation, Payment, Refund, Result
from paygate.psp.gateway import Approved, NotSent, Outcome

KIND = "verdict"
EXECUTED, NOT_EXECUTED = "executed", "not_executed"
LONGEST_REFERENCE = 100  # Letters.

#: What a PSP has no reference of its own for everywhere.
LETS_GO = {Operation.CANCEL, Operation.EXPIRE}


def ask_for_verdict(
    attempt: Attempt,
    *,
    executed: bool,
    psp_reference: str = "",
    amount: int | None = None,
    document: UploadedFile[Any] | None,
    by: str,
    because: str,
    key: str,
    at: datetime,
) -> Request:
    """Ask another person to decide so. `amount` is what the document says was executed, in minor units.

    Raises UnableToAsk (not unknown, no document, another amount, a reference that is another's) and UnfitDocument.
    """
    attempt, payment, _ = reload(attempt)
    if attempt.outcome != Result.UNKNOWN or not attempt.open:
        raise UnableToAsk(f"{attempt.public_id} is not unknown any more: nothing is to be decided.")
    if document is None:
        raise UnableToAsk("It takes a document: what the PSP wrote, or a page of its dashboard.")
    reference = psp_reference.strip()
    if executed:
        _must_fit(payment, attempt, reference, amount)
    return ask(
        KIND,
        subject=attempt.public_id,
        merchant_id=attempt.merchant_id,
        livemode=payment.livemode,
        money=payment.money(attempt.amount),
        payload={
            "payment": payment.public_id,
            "operation": attempt.operation,
            "verdict": EXECUTED if executed else NOT_EXECUTED,
            "psp_reference": reference if executed else "",
            "says": _in_words(payment, attempt, reference if executed else None),
        },
        by=by,
        because=because,
        key=f"back-office-{attempt.public_id}-{key}",
        document=document,
        at=at,
    )


def carry_out_verdict(request: Request, *, at: datetime) -> str:
    """Settle the attempt by what two people decided; its public id. Called again, it does nothing twice.

    Raises CannotBeDone where news came meanwhile, or the reference is another attempt's by now.
    """
    attempt_id = decode("att", request.subject)
    attempt: Attempt = Attempt.objects.get(merchant_id=request.merchant_id, id=attempt_id)
    attempt, payment, others = reload(attempt)
    if attempt.open:
        if attempt.outcome != Result.UNKNOWN:  # The PSP has it, and will say.
            raise CannotBeDone(f"News came meanwhile: {attempt.public_id} is {attempt.outcome}.")
        reference = request.payload["psp_reference"]
        if reference and (taken := _taken(attempt, reference)):
            raise CannotBeDone(taken)
        settle(payment, attempt, others, _outcome(payment, attempt, request))
        attempt, _, _ = reload(attempt)
    if request.public_id not in attempt.psp_message:
        stands = attempt.get_outcome_display().lower()
        raise CannotBeDone(f"News came meanwhile: {attempt.public_id} is {stands}.")
    return attempt.public_id


def decided_by_people(attempts: list[Attempt], outcome: Result) -> Attempt | None:
    """The attempt among these whose outcome is this because two people said so."""
    by_id = {a.public_id: a for a in attempts if not a.open and a.outcome == outcome}
    if not by_id:
        return None
    decided = Request.objects.filter(
        kind=KIND, subject__in=list(by_id), state__in=[State.APPROVED, State.DONE]
    ).values_list("subject", "id")
    for subject, id_ in decided:
        if Request(id=id_).public_id in by_id[subject].psp_message:
            return by_id[subject]
    return None


def _outcome(payment: Payment, attempt: Attempt, request: Request) -> Outcome:
    """What the verdict would be, had the PSP said it."""
    said = f"Decided by two people with a document: {request.public_id}"
    if request.payload["verdict"] == NOT_EXECUTED:
        return NotSent(said)
    return Approved(
        psp_reference=request.payload["psp_reference"] or attempt.psp_reference,
        amount=payment.money(attempt.amount),
        captured=attempt.charges and payment.capture_method == "automatic",
        psp_message=said,
    )


def _in_words(payment: Payment, attempt: Attempt, reference: str | None) -> str:
    """What is asked for; `reference` is None where it was not executed."""
    what = f"{attempt.operation} of {payment.money(attempt.amount)} at {attempt.psp.capitalize()}"
    if reference is None:
        return f"settle the {what} as certainly not executed"
    return f"settle the {what} as executed" + (f", {reference}" if reference else "")


def _must_fit(payment: Payment, attempt: Attempt, reference: str, amount: int | None) -> None:
    """Raises UnableToAsk unless the document speaks of this attempt, as far as that can be told."""
    if not reference and attempt.operation not in LETS_GO:
        raise UnableToAsk("Give the PSP's reference, as the document has it.")
    if len(reference) > LONGEST_REFERENCE or not reference.isprintable():
        raise UnableToAsk("That is no reference of a PSP's.")
    if contains_card_number(reference):
        raise UnableToAsk("That is a card number, not a reference: it must not be written down.")
    if amount is not None and amount != attempt.amount:
        asked = payment.money(attempt.amount)
        raise UnableToAsk(
            f"{attempt.public_id} is about {asked}, the document about {payment.money(amount)}: that is another thing."
        )
    if reference and (taken := _taken(attempt, reference)):
        raise UnableToAsk(taken)


def _taken(attempt: Attempt, reference: str) -> str:
    """Why this cannot be the attempt's reference: it is that of something else. "" where it can be."""
    if attempt.operation == Operation.CONFIRM or attempt.operation in LETS_GO:
        return ""  # These go on with the payment's own reference.
    if attempt.refund_id is not None:
        refund = (
            Refund.objects.filter(psp=attempt.psp, psp_reference=reference)
            .exclude(id=attempt.refund_id)
            .first()
        )
        return f"{reference} is the reference of {refund.public_id} already." if refund else ""
    other = (
        Attempt.objects.filter(
            psp=attempt.psp, psp_reference=reference, operation=attempt.operation
        )
        .exclude(id=attempt.id)
        .exclude(
            merchant_id=attempt.merchant_id, payment_id=attempt.payment_id, operation="capture"
        )
        .first()
    )
    return f"{reference} is the reference of {other.public_id} already." if other else ""
