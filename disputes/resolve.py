"""Every act that was not answered is looked after: soon, then for ever at growing pauses. Nothing is guessed.

For an act whose turn it is:

    nobody took it           the message that carried it was lost: it is carried out now
    the PSP can be asked     the case is read: a case that is no longer waiting for us has been answered,
                             or has ended, and that settles it
      … and still waits      the act has not arrived (yet): it is asked for again under the same key
    the PSP cannot be asked  (Adyen) the same act is asked for again, which is harmless: to give in twice is to
                             give in, and evidence that is there is not added twice

That a second call was certainly not executed says nothing of the first one.
"""

from __future__ import annotations

import logging
from datetime import datetime

from disputes.carry_out import carry_out, send, settle
from disputes.hear import case_reported
from disputes.models import Act, Result
from kernel.clock import now as present
from kernel.db import outside_transaction
from paygate.payments.looks import take_due
from paygate.psp.cases import ActOutcome, CaseReport, Standing
from paygate.psp.events import NotYet, Quarantined
from paygate.psp.gateway import NotSent, Unknown
from paygate.psp.registry import PspNotConfigured, desk

log = logging.getLogger(__name__)


@outside_transaction
def resolve(psp: str, *, at: datetime, most: int = 50) -> int:
    """Look after what is due at one PSP; how many acts had their turn."""
    due = take_due(Act, psp, at=at, most=most)
    carry_out([(act.merchant_id, act.id) for act in due if act.taken_at is None])
    for act in due:
        if act.taken_at is not None:
            try:
                look_after(act)
            except Exception:
                log.exception("act.left_open", extra={"act": act.public_id})
    return len(due)


def look_after(act: Act) -> None:
    """Find out what became of an act that was asked for and not heard of again."""
    try:
        psp = desk(act.psp, livemode=act.livemode)
    except PspNotConfigured:
        return  # Nobody can be asked; somebody has taken its keys away.
    if psp.knows_cases:
        found = psp.read_case(act.psp_reference)
        if isinstance(found, Unknown):
            return
        if found.standing != Standing.NEEDS_RESPONSE and not _goes_on(act, found):
            return
    outcome = _of_the_first(send(act))
    if isinstance(outcome, Unknown) and act.outcome == Result.UNKNOWN:
        return  # Nothing new; its next turn is already set.
    settle(act, outcome)


def _goes_on(act: Act, found: CaseReport) -> bool:
    """The case went on, by this act or without it: is the act still open after that was heard?"""
    try:
        case_reported(act.psp, found, livemode=act.livemode, now=present())
    except (Quarantined, NotYet) as odd:
        log.error("act.case_contradicts", extra={"act": act.public_id, "why": str(odd)})
        return False
    return Act.objects.get(merchant_id=act.merchant_id, id=act.id).open


def _of_the_first(outcome: ActOutcome) -> ActOutcome:
    return Unknown(outcome.why) if isinstance(outcome, NotSent) else outcome
