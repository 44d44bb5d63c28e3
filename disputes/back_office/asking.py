"""How the desk asks the PSP: the verb under a key, in the audit log, sent on its way, and what is said came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest

from disputes.act import ACTS
from disputes.answer import REFUSALS as ENDINGS
from disputes.back_office.words import REFUSALS
from disputes.change import Busy
from disputes.claim import UnableToAct, claim
from disputes.give import UnfitFiles
from disputes.models import Act, Action, Dispute, Result, Status
from kernel.audit.record import audited
from kernel.idempotency.replay import Key, fingerprint
from kernel.news import listener
from paygate.api.waiting import Place, expect, wait_for
from paygate.payments.create import KeyTaken
from paygate.payments.write import BindKey
from paygate.psp.registry import PspNotConfigured

PATIENCE = (
    3.0  # Seconds for which the person waits for the PSP; then the page says that it is being sent.
)
REFUSALS_OF_GIVING = (UnableToAct, UnfitFiles, Busy, PspNotConfigured)


class Refused(Exception):
    """It was not asked of the PSP; the words are for people."""


class AskedBefore(Exception):
    """The very form came before."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it; `level` is that of django.contrib.messages."""

    level: int
    words: str


def refuse_past_due(dispute: Dispute, at: datetime) -> None:
    """Raises UnableToAct for a dispute whose time to answer is over. (`seen` sees to it that it is the present one.)"""
    due = dispute.evidence_due_by
    if dispute.status == Status.NEEDS_RESPONSE and due is not None and due <= at:
        raise UnableToAct(dispute, "past_due", f"The time to answer {dispute.public_id} is over.")


def ask(
    request: HttpRequest,
    dispute: Dispute,
    action: Action,
    *,
    key: str,
    because: str,
    seen: int,
    at: datetime,
) -> Told:
    """Claim the act, have it carried out, and wait a little. Raises Refused."""
    named = Key(dispute.merchant_id, dispute.livemode, key)
    mark = fingerprint("POST", f"/admin/disputes/{dispute.id}/{action.value}", {})
    try:
        with audited(
            request,
            f"dispute.{action.value}",
            dispute,
            because=because,
            refusals=(UnableToAct, AskedBefore, Busy),
        ) as deed:
            refuse_past_due(dispute, at)
            try:
                claimed = claim(
                    dispute.merchant_id,
                    dispute.id,
                    action,
                    livemode=dispute.livemode,
                    bind=BindKey(named, mark),
                    now=at,
                    seen=seen,
                )
            except KeyTaken:
                raise AskedBefore("This was asked for before; it is done once.") from None
            deed.details["act"] = claimed.attempt.public_id
    except AskedBefore as before:
        return Told(messages.INFO, str(before))
    except UnableToAct as refusal:
        raise Refused(in_words(refusal)) from None
    except Busy:
        raise Refused("The dispute was busy, so nothing was done. Try again.") from None
    return what_came_of(_waited_for(claimed.attempt))


def what_came_of(act: Act) -> Told:
    """The act's end in words; or that it has none yet."""
    psp = act.psp.capitalize()
    if act.open:
        said = "It is being sent" if not act.outcome else "It is not known yet whether it arrived"
        return Told(messages.INFO, f"{said}. This page tells when {psp} has answered.")
    if act.outcome == Result.DONE:
        done = "The evidence was submitted" if act.action == Action.SUBMIT else "It was accepted"
        return Told(messages.SUCCESS, f"{done}: {psp} has taken it.")
    said = f"{psp}: {act.psp_message}" if act.psp_message else ""
    ending = ENDINGS[Result(act.outcome)].removesuffix(" Try again, with a new key.")
    return Told(messages.ERROR, f"{ending} {said}".rstrip())


def in_words(refusal: UnableToAct) -> str:
    """For people, who know nothing of codes."""
    return REFUSALS.get(refusal.code, refusal.message)


def _waited_for(act: Act) -> Act:
    """Sent on its way; as it is a little later."""
    wait = expect(act)
    try:
        with Place(act.psp) as free:
            ACTS.dispatch(act)
            if free:
                wait_for(act, wait, patience=PATIENCE, manner=ACTS)
    finally:
        listener.forget(wait)
    return ACTS.find(act.merchant_id, act.id)
