"""A PSP pays a merchant: claim, call, settle. The payout's id is the key at the PSP, for ever.

A payout becomes due when its batch leaves, when the PSP says something of it, and at growing pauses until it is over.
What was not answered is asked for again under the same key, which at these PSPs is a question (see
paygate.psp.payouts): what was done is not done again.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.conf import settings

from kernel.clock import now as present
from kernel.db import atomic, outside_transaction
from kernel.ids import encode
from paygate.metrics import timed
from paygate.payments.carry_out import side_by_side
from paygate.payments.looks import pauses
from paygate.psp.gateway import NotSent, Unknown
from paygate.psp.payouts import (
    BankAccount,
    InTransit,
    PaidOut,
    PayOut,
    PayoutOutcome,
    Refused,
    Returned,
)
from paygate.psp.registry import PspNotConfigured, payer
from payouts.destinations import number_of
from payouts.models import Destination, Payout, State
from payouts.move import Move, move

log = logging.getLogger(__name__)
CALLS = 8  # How many calls one turn may take, each as long as a call may be.


@outside_transaction
def pay_due(psp: str, *, at: datetime, most: int = 50) -> int:
    """Give what is due at one PSP its turn; how many payouts had it."""
    due = _take(psp, at=at, most=most)
    side_by_side(psp, _one, [(payout,) for payout in due])
    return len(due)


def _one(payout: Payout) -> None:
    try:
        asked = payer(payout.rail, livemode=payout.livemode)
    except PspNotConfigured:
        log.error("payout.no_psp", extra={"payout": payout.public_id})
        return
    request = _request(payout)
    outcome: PayoutOutcome = Unknown("")
    if payout.outcome == "pending":  # It is on its way: we only ask how far.
        with timed(payout.rail, "look_up"):
            outcome = asked.look_up_payout(request)
    if isinstance(outcome, Unknown | NotSent):
        with timed(payout.rail, "pay_out"):
            outcome = asked.pay_out(request)
    settle(payout, outcome, at=present())


def settle(payout: Payout, outcome: PayoutOutcome, *, at: datetime) -> None:
    """What the PSP's word means: the state, the books and the event, in one commit. Heard twice, it is done once."""
    with atomic():
        locked: Payout = (
            Payout.objects.filter(merchant_id=payout.merchant_id)
            .select_for_update()
            .get(id=payout.id)
        )
        whose = Payout.objects.filter(merchant_id=payout.merchant_id, id=payout.id)
        reference = getattr(outcome, "psp_reference", "") or locked.psp_reference
        target: State | None = None
        code: str | None = None
        message: str | None = None
        match outcome:
            case InTransit(_, arrives_on):
                whose.update(
                    outcome="pending",
                    psp_reference=reference,
                    arrives_on=arrives_on or locked.arrives_on,
                )
            case PaidOut():
                target = State.PAID
            case Refused(_, code, message) | Returned(_, code, message):
                # What had been paid and is back was returned, whatever the PSP calls it.
                came_back = isinstance(outcome, Returned) or locked.state == State.PAID
                target = State.RETURNED if came_back else State.FAILED
            case NotSent() | Unknown():
                said = "not_sent" if isinstance(outcome, NotSent) else "unknown"
                whose.update(outcome=said)
                log.warning("payout.open", extra={"payout": payout.public_id, "why": outcome.why})
        if target is not None:
            whose.update(outcome="done", psp_reference=reference, next_look_at=None)
            moved = move(target, [Move(payout.merchant_id, payout.id, code, message)], at=at)
            known = {target} if target != State.PAID else {State.PAID, State.RETURNED}
            if not moved and locked.state not in known:
                odd = {"payout": payout.public_id, "is": locked.state, "said": str(target)}
                log.error("payout.contradicted", extra=odd)  # For a person: nothing is moved.


def ask_now(payout: Payout, *, at: datetime) -> None:
    """Something was said of it: the PSP is asked as soon as somebody is free, unless it is over meanwhile."""
    open_ = Payout.objects.filter(
        merchant_id=payout.merchant_id, id=payout.id, state__in=[State.IN_TRANSIT, State.PAID]
    )
    open_.update(next_look_at=at, looks=0, outcome="unknown")


def _request(payout: Payout) -> PayOut:
    destination = payout.destination
    number = number_of(destination)
    account, bank = "", None
    if destination.kind == Destination.Kind.STRIPE:
        account = number
    else:
        iban = destination.kind == Destination.Kind.IBAN
        bank = BankAccount(
            holder=destination.holder,
            country=destination.country,
            iban=number if iban else "",
            bic=destination.bic,
            routing_number=destination.routing_number,
            account_number="" if iban else number,
            account_type=destination.account_type,
        )
    return PayOut(
        key=payout.public_id,
        merchant=encode("mer", payout.merchant_id),
        amount=payout.money,
        account=account,
        bank=bank,
        statement_descriptor=payout.statement_descriptor,
        created_at=payout.sent_at,
        known_as=payout.psp_reference,
    )


def _take(psp: str, *, at: datetime, most: int) -> list[Payout]:
    """What is due there; each goes to one caller, and its next turn comes when that one's calls must be over."""
    least = int(settings.CALL_OVER_AFTER * CALLS)
    rows = Payout.objects.raw(
        """
        WITH due AS MATERIALIZED (
            SELECT merchant_id, id FROM payout
            WHERE rail = %(psp)s AND next_look_at <= %(at)s AND state IN ('in_transit', 'paid')
            ORDER BY next_look_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
        )
        UPDATE payout p SET
            looks = p.looks + 1, taken_at = coalesce(p.taken_at, %(at)s),
            next_look_at = %(at)s
                + make_interval(secs => greatest(%(least)s, (%(pauses)s::int[])[least(p.looks + 1, %(last)s)]))
        FROM due WHERE p.merchant_id = due.merchant_id AND p.id = due.id
        RETURNING p.*
        """,
        {
            "psp": psp,
            "at": at,
            "most": most,
            "least": least,
            "pauses": pauses(),
            "last": len(pauses()),
        },
    )
    return list(rows)
