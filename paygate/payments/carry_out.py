"""The second and third beat: call the PSP, then settle.

Whoever takes an attempt calls for it; each attempt has one taker. Should the taker die, the attempt stays
open and `resolve` finds out what became of it. No transaction and no lock is held during the call.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, assert_never
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django_fsm import TransitionNotAllowed

from kernel.clock import now
from kernel.db import outside_transaction, step_aside
from kernel.ids import encode
from kernel.logs import about, forget
from kernel.news import headline
from kernel.shortcuts import publish
from paygate.metrics import ATTEMPTS, timed
from paygate.payments.answer import answer
from paygate.payments.exchanges.keep import kept
from paygate.payments.models import Attempt, Operation, Payment, Refund, Result
from paygate.payments.write import Step, Written, write
from paygate.psp.gateway import (
    Approved,
    Authorize,
    Cancel,
    Capture,
    Confirm,
    DeclineCode,
    Declined,
    Gateway,
    NotSent,
    Outcome,
    Request,
    Unknown,
)
from paygate.psp.gateway import Refund as AskRefund
from paygate.psp.registry import PspNotConfigured, gateway
from paygate.routing import health

log = logging.getLogger(__name__)

UNREACHABLE = (OperationalError, InterfaceError)  # PostgreSQL is gone, or was while we spoke.

CROSSINGS = 3  # How often in a row somebody else may settle between two of our queries.
TRIES = 200  # Of a settlement that finds its payment changed.
PATIENCE = (0.05, 0.2, 1.0, 3.0, 10.0)  # Seconds between tries while PostgreSQL is not there.

Pair = tuple[UUID, UUID]  # Merchant and attempt.
Task = tuple[
    Attempt, Payment, list[Attempt]
]  # An attempt, its payment, the payment's other attempts.


@cache
def _callers(psp: str) -> ThreadPoolExecutor:
    """This process's threads for one PSP: its calls wait for each other and for nobody else's."""
    return ThreadPoolExecutor(settings.PSP_THREADS, thread_name_prefix=f"psp {psp}")


@outside_transaction
def carry_out(pairs: Sequence[Pair], *, channel: str = "") -> int:
    """Take what is still untaken of these attempts and see each through; how many were taken here.

    `channel` is where somebody waits for the news (kernel.news).
    """
    taken = take(pairs, at=now())
    for psp in {attempt.psp for attempt, _, _ in taken}:
        side_by_side(
            psp,
            partial(see_through, channel=channel),
            [task for task in taken if task[0].psp == psp],
        )
    return len(taken)


def side_by_side(psp: str, work: Callable[..., object], tasks: Sequence[tuple[Any, ...]]) -> None:
    """Do the work for each task in this process's threads for the PSP; returns when all is done.

    The first part of a task is what it is about: an attempt, a payout. A task that fails is logged and left to
    `resolve`: it never keeps its neighbours from being done.
    """
    if len(tasks) == 1 or not settings.GROUP_COMMITS:
        for task in tasks:
            _alone(work, task)
    else:
        for done in [_callers(psp).submit(_alone, work, task) for task in tasks]:
            done.result()


def _alone(work: Callable[..., object], task: tuple[Any, ...]) -> None:
    of = task[0]
    said = about(merchant=encode("mer", of.merchant_id), of=of.public_id)
    try:
        work(*task)
    except Exception:
        log.exception("call.left_open")
    finally:
        forget(said)
        if threading.current_thread() is not threading.main_thread():
            connection.close()  # Back to the pool; this thread may not need one for long.


def take(pairs: Sequence[Pair], *, at: datetime) -> list[Task]:
    """Become the taker of these attempts: those that nobody took before, each with its payment."""
    taken = list(
        Attempt.objects.raw(
            "SELECT * FROM payment_take(%s::uuid[], %s::uuid[], %s)",
            [[merchant for merchant, _ in pairs], [attempt for _, attempt in pairs], at],
        )
    )
    return with_payments(taken)


def with_payments(attempts: Iterable[Attempt]) -> list[Task]:
    """Each attempt with its refund, its payment and the payment's other attempts, in a few queries."""
    attempts = list(attempts)
    if not attempts:
        return []
    merchants = {attempt.merchant_id for attempt in attempts}
    ids = {attempt.payment_id for attempt in attempts}
    payments = {p.id: p for p in Payment.objects.filter(merchant_id__in=merchants, id__in=ids)}
    others: dict[UUID, list[Attempt]] = defaultdict(list)
    later = {a.payment_id for a in attempts if a.operation != Operation.AUTHORIZE}
    if later:
        for other in Attempt.objects.filter(
            merchant_id__in=merchants, payment_id__in=later
        ).order_by("id"):
            others[other.payment_id].append(other)
    _with_refunds([attempt for attempt in attempts if attempt.refund_id], merchants)
    return [
        (
            attempt,
            copy(
                payments[attempt.payment_id]
            ),  # Each its own: several refunds may be of one payment.
            [other for other in others[attempt.payment_id] if other.id != attempt.id],
        )
        for attempt in attempts
    ]


def _with_refunds(attempts: list[Attempt], merchants: set[UUID]) -> None:
    """Put to each attempt the refund that it is to bring about, and how much others give back beside it."""
    if not attempts:
        return
    refunds = list(
        Refund.objects.filter(
            merchant_id__in=merchants, payment_id__in={attempt.payment_id for attempt in attempts}
        )
    )
    for attempt in attempts:
        own = next(refund for refund in refunds if refund.id == attempt.refund_id)
        own.given_beside = sum(
            other.amount
            for other in refunds
            if other.id != own.id and other.counts and other.of_reference == own.of_reference
        )
        attempt.refund = own


def see_through(
    attempt: Attempt, payment: Payment, others: list[Attempt], *, channel: str = ""
) -> Step | None:
    """Call for a taken attempt and settle by the answer; None when it is no longer ours to send."""
    taken = attempt.taken_at or attempt.started_at
    if now() - taken > timedelta(seconds=settings.CALL_OVER_AFTER):
        # This process was stopped, or too busy: `resolve` has it by now, and may have given it up.
        log.warning("attempt.too_late", extra={"attempt": attempt.public_id})
        return None
    outcome = _stale(attempt, at=taken) or held(payment, attempt) or send(payment, attempt)
    return settle(payment, attempt, others, outcome, channel=channel)


def _stale(attempt: Attempt, *, at: datetime) -> NotSent | None:
    """A charge that nobody took while its customer may have been waiting is not made hours later."""
    waited = timedelta(seconds=settings.CALL_OVER_AFTER + settings.RESEND_FOR)
    if attempt.charges and at - attempt.started_at > waited:
        return NotSent("nobody took it in time, so it was never sent")
    return None


def held(payment: Payment, attempt: Attempt) -> Declined | None:
    """A refund that was never sent is not sent any more once a dispute holds the payment.

    The payer would have the money twice, and not every PSP refuses that.
    """
    if attempt.operation == Operation.REFUND and payment.amount_disputed:
        return Declined(DeclineCode.DISPUTED, psp_message="A dispute holds the payment.")
    return None


def send(payment: Payment, attempt: Attempt) -> Outcome:
    """Ask the PSP. Whatever an adapter raises is a bug, and a bug cannot tell what the PSP did."""
    try:
        psp = gateway(attempt.psp, livemode=payment.livemode)
        with timed(attempt.psp, attempt.operation), kept(attempt):
            outcome = _ask(psp, request_for(payment, attempt))
    except PspNotConfigured as error:
        return NotSent(str(error))
    except Exception as error:
        log.exception("psp.bug", extra={"payment": payment.public_id, "attempt": attempt.public_id})
        outcome = Unknown(f"adapter raised {type(error).__name__}")
    health.record(attempt.psp, well=not isinstance(outcome, Unknown | NotSent))
    log.info(
        "psp.answered",
        extra={
            "payment": payment.public_id,
            "attempt": attempt.public_id,
            "psp": attempt.psp,
            "operation": attempt.operation,
            "outcome": type(outcome).__name__,
        },
    )
    return outcome


def _ask(psp: Gateway, request: Request) -> Outcome:
    """A PSP that will not let go has a reason: nothing is held any more, or the money was taken.

    They look alike from far away; so the PSP is asked how it stands, where it can be.
    """
    if isinstance(request, Confirm) and not psp.can_look_up and not request.result:
        # Nobody came back with an answer, and this PSP gives none without it: its webhook will.
        return Unknown("the customer has not come back; the PSP tells the outcome by webhook")
    outcome = psp.send(request)
    if not (isinstance(request, Cancel) and isinstance(outcome, Declined) and psp.can_look_up):
        return outcome
    found = psp.look_up(request)
    if isinstance(found, NotSent):
        return Unknown(f"it would not let go ({outcome.psp_code}), and still holds it")
    return found


@outside_transaction
def settle(
    payment: Payment,
    attempt: Attempt,
    others: list[Attempt],
    outcome: Outcome,
    *,
    channel: str = "",
) -> Step | None:
    """Write what the outcome means; None when somebody else has closed the attempt already.

    Two answers to one attempt do come (a webhook and the call itself): the first one settles.
    """
    patience = list(reversed(PATIENCE))
    for turn in range(TRIES):
        try:
            step = answer(payment, attempt, others, outcome, at=now())
            if write(step) is Written.WRITTEN:
                ATTEMPTS.labels(attempt.psp, attempt.operation, attempt.outcome).inc()
                _spread(step, channel)
                return step
            # Another change of the same payment came first; several refunds of it may be under way.
            step_aside(turn)
        except TransitionNotAllowed:
            # The payment was read after the attempt, which somebody else has settled in between.
            if turn > CROSSINGS:
                raise
        except UNREACHABLE:
            # The commit may have happened all the same: look, and write again only if it did not.
            log.warning("settle.failed", extra={"attempt": attempt.public_id}, exc_info=True)
            if not patience:
                raise
            time.sleep(patience.pop())
        try:
            fresh = reload(attempt)
        except UNREACHABLE:
            connection.close()
            if not patience:
                raise
            time.sleep(patience.pop())
            fresh = reload(attempt)
        attempt, payment, others = fresh
        if not attempt.open:
            if isinstance(outcome, Approved) and attempt.outcome != Result.APPROVED:
                log.critical(
                    "psp.contradiction",
                    extra={"attempt": attempt.public_id, "closed_as": attempt.outcome},
                )
            return None
    raise RuntimeError(f"{attempt.public_id} changed again and again while it was being settled")


def reload(attempt: Attempt) -> Task:
    """The attempt and its payment as they are now."""
    fresh = Attempt.objects.get(merchant_id=attempt.merchant_id, id=attempt.id)
    return with_payments([fresh])[0]


def _spread(step: Step, channel: str) -> None:
    """Let those hear who wait; nothing may depend on it."""
    if channel and step.said is not None and step.closes is not None:
        message = f"{step.said.status}\n{step.said.body}".encode()
        publish(channel, headline(step.closes.public_id, message))


def request_for(payment: Payment, attempt: Attempt) -> Request:
    """What the attempt asks of the PSP, in the PSP's terms."""
    operation = Operation(attempt.operation)
    match operation:
        case Operation.AUTHORIZE:
            return Authorize(
                key=attempt.public_id,
                payment=payment.public_id,
                merchant=encode("mer", payment.merchant_id),
                amount=payment.money(attempt.amount),
                token=attempt.token,
                capture=payment.capture_method == "automatic",
                shopper=payment.user_id,
                statement_descriptor=payment.statement_descriptor,
                return_url=payment.return_url,
                created_at=attempt.started_at,
            )
        case Operation.CONFIRM:
            return Confirm(
                key=attempt.public_id,
                payment=payment.public_id,
                psp_reference=payment.psp_reference,
                amount=payment.money(attempt.amount),
                capture=payment.capture_method == "automatic",
                result=attempt.result,
                created_at=attempt.started_at,
            )
        case Operation.CAPTURE:
            return Capture(
                key=attempt.public_id,
                payment=payment.public_id,
                psp_reference=payment.psp_reference,
                amount=payment.money(attempt.amount),
                final=attempt.final,
                authorized=payment.money(payment.amount_authorized),
                captured_before=payment.money(payment.amount_captured),
                created_at=attempt.started_at,
            )
        case Operation.CANCEL | Operation.EXPIRE:
            return Cancel(
                key=attempt.public_id,
                payment=payment.public_id,
                psp_reference=payment.psp_reference,
                created_at=attempt.started_at,
            )
        case Operation.REFUND:
            refund = attempt.refund
            assert refund is not None
            return AskRefund(
                key=attempt.public_id,
                refund=refund.public_id,
                payment=payment.public_id,
                psp_reference=refund.of_reference,
                amount=refund.money,
                captured=payment.money(refund.captured),
                refunded_before=payment.money(refund.given_beside),
                reason=refund.reason,
                created_at=attempt.started_at,
            )
        case _:
            assert_never(operation)
