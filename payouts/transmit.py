"""A file goes to the bank: claim, call, settle. The bank has it once, however often we are killed.

never sent                          it is sent
sent, and not answered              the bank is asked by the file's message id
  … and has it                      that settles it
  … and has no trace of it          the same bytes are sent again, once the first cannot be on its way any more;
                                    the bank refuses a message id twice, so that even then nothing is paid twice
refused                             none of it was paid: its payouts have failed
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from kernel.clock import now as present
from kernel.db import atomic, outside_transaction
from paygate.payments.looks import pauses
from payouts.bank.channel import Channel, NotSent, Refused, Submitted, Taken, Unknown
from payouts.bank.registry import BankNotConfigured, bank
from payouts.files import bytes_of
from payouts.models import BankFile, Payout, State
from payouts.move import Move, move

log = logging.getLogger(__name__)


@outside_transaction
def transmit_due(*, at: datetime, most: int = 20) -> int:
    """Send what is to be sent, and look after what was not answered; how many files had their turn."""
    due = list(
        BankFile.objects.filter(state=BankFile.State.MADE, next_look_at__lte=at)
        .order_by("next_look_at")
        .values_list("id", flat=True)[:most]
    )
    for id_ in due:
        try:
            transmit(id_, at=max(at, present()))
        except Exception:
            log.exception("payout_file.left_open", extra={"file": str(id_)})
    return len(due)


@outside_transaction
def transmit(id_: UUID, *, at: datetime) -> None:
    """Give one file its turn, unless somebody else does."""
    file = _claim(id_, at=at)
    if file is None:
        return
    try:
        channel = bank(livemode=file.livemode)
    except BankNotConfigured:
        log.error("payout_file.no_bank", extra={"file": file.message_id})
        return
    settle(file, _outcome(channel, file, at=at), at=present())


def settle(file: BankFile, outcome: Submitted, *, at: datetime) -> None:
    """What the bank's answer means for the file and, when it refuses it, for its payouts."""
    with atomic():
        locked = BankFile.objects.select_for_update().defer("content").get(id=file.id)
        if locked.state != BankFile.State.MADE:
            return  # A report of the bank's came first.
        match outcome:
            case Taken():
                locked.state, locked.outcome, locked.message = BankFile.State.SENT, "taken", ""
                locked.sent_at, locked.next_look_at = at, None
            case Refused(code, message):
                reject_file(locked, code=code, message=message, at=at)
                return
            case NotSent(why):
                locked.outcome, locked.message = "not_sent", why[:500]
            case Unknown(why):
                locked.outcome, locked.message = "unknown", why[:500]
        locked.save()
    log.info("payout_file.settled", extra={"file": file.message_id, "outcome": locked.outcome})


def reject_file(file: BankFile, *, code: str, message: str, at: datetime) -> None:
    """The bank refuses a file as a whole: none of it was paid. In the caller's transaction."""
    file.state, file.outcome = BankFile.State.REJECTED, "refused"
    file.message, file.next_look_at = f"{code} {message}".strip()[:500], None
    file.save()
    log.error("payout_file.rejected", extra={"file": file.message_id, "why": file.message})
    rows = Payout.objects.filter(file_id=file.id, state=State.IN_TRANSIT)
    moves = [
        Move(merchant_id, id_, code or "file_rejected", message)
        for merchant_id, id_ in rows.values_list("merchant_id", "id")
    ]
    move(State.FAILED, moves, at=at)


def _claim(id_: UUID, *, at: datetime) -> BankFile | None:
    """Become the one who calls; nobody else does until the call must be over."""
    with atomic():
        file = (
            BankFile.objects.select_for_update(skip_locked=True)
            .filter(id=id_, state=BankFile.State.MADE, next_look_at__lte=at)
            .first()
        )
        if file is None:
            return None
        steps = pauses()
        pause = max(steps[min(file.looks, len(steps) - 1)], _call_over_after(file))
        before, file.looks = file.taken_at, file.looks + 1
        file.next_look_at = at + timedelta(seconds=pause)
        file.taken_at = at if file.outcome in ("", "not_sent") else before
        file.save(update_fields=["looks", "next_look_at", "taken_at"])
        file.taken_at = before  # As it was found: was it sent before?
    return file


def _call_over_after(file: BankFile) -> float:
    """Seconds by which a look-up and a submission are over, whoever makes them."""
    configured = settings.BANK["live" if file.livemode else "test"]
    return float(2 * sum(configured["timeout"]) if configured else settings.CALL_OVER_AFTER)


def _outcome(channel: Channel, file: BankFile, *, at: datetime) -> Submitted:
    if file.taken_at is not None and file.outcome != "not_sent":
        found = channel.find(file.message_id, sha256=file.sha256)
        if not isinstance(found, NotSent):
            return found
        if at - file.taken_at < channel.horizon:
            return Unknown("the bank has no trace of it yet")
    outcome = channel.submit(
        message_id=file.message_id, name=file.file_name, content=bytes_of(file)
    )
    if isinstance(outcome, NotSent) and file.outcome == "unknown":
        return Unknown(outcome.why)  # Of what was sent before it says nothing.
    return outcome
