"""The second and third beat of an act: ask the PSP, then settle.

Whoever takes an act asks for it; each act has one taker. Should the taker die, the act stays open and `resolve`
finds out what became of it. No transaction and no lock is held during the call.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from django.conf import settings
from django.core.files.storage import storages

from disputes.answer import close, reply_to, store_replies
from disputes.change import Change, lock, until_written
from disputes.find import parts_of
from disputes.follow import follow
from disputes.hear import write_down
from disputes.models import Act, Action, Dispute, Evidence, Result
from kernel.clock import now
from kernel.db import outside_transaction
from kernel.idempotency.replay import Reply
from kernel.news import headline
from kernel.shortcuts import publish
from paygate.metrics import timed
from paygate.payments.answered import plain
from paygate.payments.looks import next_look
from paygate.psp.cases import (
    AcceptCase,
    ActOutcome,
    CaseReport,
    Done,
    EvidenceFile,
    Reason,
    Stage,
    SubmitEvidence,
)
from paygate.psp.gateway import Declined, NotSent, Unknown
from paygate.psp.registry import PspNotConfigured, desk

log = logging.getLogger(__name__)

Pair = tuple[UUID, UUID]  # Merchant and act.


@outside_transaction
def carry_out(pairs: Sequence[Pair], *, channel: str = "") -> int:
    """Take what is still untaken of these acts and see each through; how many were taken here.

    `channel` is where somebody waits for the news (kernel.news). An act that fails is logged and left to
    `resolve`: it never keeps its neighbours from being done.
    """
    taken = take(pairs, at=now())
    for act in taken:
        try:
            see_through(act, channel=channel)
        except Exception:
            log.exception("act.left_open", extra={"act": act.public_id})
    return len(taken)


def take(pairs: Sequence[Pair], *, at: datetime) -> list[Act]:
    """Become the taker of these acts: those that nobody took before."""
    return list(
        Act.objects.raw(
            """
            UPDATE dispute_act a SET taken_at = %s
            FROM unnest(%s::uuid[], %s::uuid[]) AS t (merchant_id, id)
            WHERE a.merchant_id = t.merchant_id AND a.id = t.id AND a.taken_at IS NULL AND a.finished_at IS NULL
            RETURNING a.*
            """,
            [at, [merchant for merchant, _ in pairs], [act for _, act in pairs]],
        )
    )


def see_through(act: Act, *, channel: str = "") -> None:
    """Ask for a taken act and settle by the answer, unless it is no longer ours to send."""
    if now() - (act.taken_at or act.started_at) > timedelta(seconds=settings.CALL_OVER_AFTER):
        # This process was stopped, or too busy: `resolve` has it by now.
        log.warning("act.too_late", extra={"act": act.public_id})
        return
    settle(act, send(act), channel=channel)


def send(act: Act) -> ActOutcome:
    """Ask the PSP. Whatever an adapter raises is a bug, and a bug cannot tell what the PSP did."""
    try:
        request = request_for(act)
    except OSError as error:
        log.exception("evidence.unreadable", extra={"act": act.public_id})
        return NotSent(f"the evidence cannot be read: {type(error).__name__}")
    try:
        psp = desk(act.psp, livemode=act.livemode)
        with timed(act.psp, act.action):
            if isinstance(request, SubmitEvidence):
                outcome = psp.submit_evidence(request)
            else:
                outcome = psp.accept_case(request)
    except PspNotConfigured as error:
        return NotSent(str(error))
    except Exception as error:
        log.exception("psp.bug", extra={"act": act.public_id})
        outcome = Unknown(f"adapter raised {type(error).__name__}")
    log.info(
        "psp.answered",
        extra={
            "act": act.public_id,
            "psp": act.psp,
            "operation": act.action,
            "outcome": type(outcome).__name__,
        },
    )
    return outcome


def request_for(act: Act) -> SubmitEvidence | AcceptCase:
    """What the act asks of the PSP, in the PSP's terms. Raises OSError where a file cannot be read."""
    if act.action == Action.ACCEPT:
        return AcceptCase(key=act.public_id, case=act.psp_reference)
    dispute = Dispute.objects.get(merchant_id=act.merchant_id, id=act.dispute_id)
    evidence = parts_of(dispute).evidence  # Nothing of it changes while the act is open.
    return SubmitEvidence(
        key=act.public_id,
        case=act.psp_reference,
        reason=Reason(dispute.reason),
        reason_code=dispute.reason_code,
        amount=dispute.money(dispute.amount),
        texts={one.kind: one.text for one in evidence if not one.is_file},
        files=tuple(_file(one) for one in evidence if one.is_file),
    )


def _file(one: Evidence) -> EvidenceFile:
    with storages["evidence"].open(one.stored_as) as stored:
        return EvidenceFile(one.kind, one.file_name, one.media_type, stored.read())


@outside_transaction
def settle(act: Act, outcome: ActOutcome, *, channel: str = "") -> Reply | None:
    """Write what the outcome means; None when the act was closed by somebody else already.

    Two answers to one act do come (a webhook and the call itself): the first one settles.
    """

    def write() -> tuple[Act, Reply] | None:
        dispute = lock(act.merchant_id, act.dispute_id)
        change = Change.of(dispute, at=now())
        mine = next(one for one in change.parts.acts if one.id == act.id)
        if not mine.open:
            if isinstance(outcome, Done) and mine.outcome != Result.DONE:
                log.critical(
                    "psp.contradiction",
                    extra={"act": act.public_id, "closed_as": mine.outcome},
                )
            return None
        _apply(change, mine, outcome)
        return mine, reply_to(dispute, mine, change.shown())

    written = until_written(write)
    if written is None:
        return None
    mine, reply = written
    if channel:
        publish(channel, headline(mine.public_id, f"{reply.status}\n{reply.body}".encode()))
    return reply


def _apply(change: Change, act: Act, outcome: ActOutcome) -> None:
    match outcome:
        case Done():
            close(change, act, Result.DONE)
            write_down(change.dispute, _as_report(change, outcome), at=change.at, act=act.id)
            follow(change, touched=True)
            return
        case Declined():
            close(
                change,
                act,
                Result.DECLINED,
                psp_code=plain(outcome.psp_code),
                psp_message=plain(outcome.psp_message),
            )
        case NotSent():
            close(change, act, Result.NOT_SENT, psp_message=plain(outcome.why))
        case Unknown():
            act.outcome, act.psp_message = Result.UNKNOWN, plain(outcome.why)
            act.next_look_at = next_look(change.at)
            act.save(force_update=True)
        case _:
            assert_never(outcome)
    change.tell("dispute.updated")
    store_replies(change)


def _as_report(change: Change, outcome: Done) -> CaseReport:
    """That the PSP has taken it says how the case stands, as a webhook would."""
    dispute = change.dispute
    return CaseReport(
        case=dispute.psp_reference,
        psp_reference="",
        at=max(
            change.at, dispute.reported_at
        ),  # It answered after what it said before, by any clock.
        stage=Stage(dispute.stage),
        standing=outcome.standing,
        amount=dispute.money(dispute.amount),
        reason=Reason(dispute.reason),
        reason_code=dispute.reason_code,
        evidence_due_by=dispute.evidence_due_by,
    )
