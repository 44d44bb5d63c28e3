"""Carry out what was approved: once, under a key of the request's, and again and again until it has an end.

approved → (commit) → the verb of its kind, in paygate.wiring.APPROVED → done, with the id of what came of it; or
failed, with why. Each verb does nothing twice; so whoever is killed in the middle, or comes at the same time, finds the
same end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils.module_loading import import_string

from kernel.db import atomic
from paygate.approvals.models import Request, State
from paygate.wiring import APPROVED

log = logging.getLogger(__name__)

BY_WHOEVER_APPROVED = timedelta(seconds=5)  # For so long it is theirs to carry out.


class CannotBeDone(Exception):
    """It could not be done, and never will be. Raised by the verbs of APPROVED, with words for people."""


class NotYet(Exception):
    """It could not be done now, and nothing was. Raised by the verbs of APPROVED; it is tried again."""


def carry_out(request: Request, *, at: datetime) -> Request:
    """See an approved request through; the request as it stands then. Called again, it does nothing twice."""
    if request.state != State.APPROVED:
        return request
    verb: Callable[..., str] = import_string(APPROVED[request.kind])
    try:
        result = verb(request, at=at)
    except NotYet as wait:
        log.info("request.waits", extra={"request": request.public_id, "why": str(wait)})
        return request
    except CannotBeDone as refusal:
        return _end(request, Request.fail, failure=str(refusal), at=at)
    return _end(request, Request.finish, result=result, at=at)


def resume(*, at: datetime, most: int = 100) -> int:
    """Carry out what was approved and has no end; how many were tried."""
    waiting = Request.objects.filter(
        state=State.APPROVED, decided_at__lte=at - BY_WHOEVER_APPROVED
    ).order_by("decided_at")[:most]
    for request in (tried := list(waiting)):
        try:
            carry_out(request, at=at)
        except Exception:  # One that fails keeps no other from being done.
            log.exception("request.left_open", extra={"request": request.public_id})
    return len(tried)


def _end(
    request: Request,
    transition: Callable[[Request], None],
    *,
    at: datetime,
    result: str = "",
    failure: str = "",
) -> Request:
    """Write how it ended, unless somebody else has: they found the same."""
    with atomic():
        locked = lock(request)
        if locked.state == State.APPROVED:
            transition(locked)
            locked.result, locked.failure, locked.ended_at = result, failure, at
            locked.save()
    return locked


def lock(request: Request) -> Request:
    """The request as it is, and ours to change until the transaction ends."""
    locked: Request = (
        Request.objects.filter(merchant_id=request.merchant_id, id=request.id)
        .select_for_update(no_key=True)
        .get()
    )
    return locked
