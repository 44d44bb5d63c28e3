"""A second person approves or rejects what was asked for; or whoever asked withdraws it.

Nobody approves his own, here and in a CHECK of the table. A sum above every limit takes somebody who may approve any;
others approve what they might do alone: up to their own single limit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.contrib.auth.models import User

from kernel.db import atomic
from paygate.approvals.ask import LONGEST
from paygate.approvals.carry_out import carry_out, lock
from paygate.approvals.limits import bounds_of
from paygate.approvals.models import Request, State

log = logging.getLogger(__name__)

MAY, MAY_ANY = "approvals.decide", "approvals.decide_large"


class UnableToDecide(Exception):
    """It stays as it is; its words say why."""


def approve(request: Request, *, by: str, because: str, at: datetime) -> Request:
    """Stand for it as the second person; it is carried out at once. Killed in the middle, it is carried out later.

    `by` is a login, here and below. Raises UnableToDecide.
    """
    refused = may_not_approve(request, by)
    if refused:
        raise UnableToDecide(refused)
    decided = _decide(request, Request.approve, "approved", by=by, because=because, at=at)
    try:
        return carry_out(decided, at=at)
    except Exception:  # Whatever it was, it is approved: it is tried again until it has an end.
        log.exception("request.left_open", extra={"request": request.public_id})
        return decided


def reject(request: Request, *, by: str, because: str, at: datetime) -> Request:
    """Nothing is done. Raises UnableToDecide."""
    if by == request.asked_by:
        raise UnableToDecide("You asked for it: withdraw it.")
    if not _user(by).has_perm(MAY):
        raise UnableToDecide("You may not decide about what others ask for.")
    return _decide(request, Request.reject, "rejected", by=by, because=because, at=at)


def withdraw(request: Request, *, by: str, because: str, at: datetime) -> Request:
    """Whoever asked does not want it any more. Raises UnableToDecide."""
    if by != request.asked_by:
        raise UnableToDecide(f"{request.asked_by} asked for it: reject it.")
    return _decide(request, Request.withdraw, "withdrawn", by=by, because=because, at=at)


def may_not_approve(request: Request, by: str) -> str:
    """Why this person may not approve it; "" where the person may."""
    if by == request.asked_by:
        return "You asked for it: somebody else has to approve it."
    user = _user(by)
    if not user.has_perm(MAY):
        return "You may not decide about what others ask for."
    if user.has_perm(MAY_ANY):
        return ""
    own = bounds_of(user, request.currency).single
    if not own:
        return f"You have no limit of your own in {request.currency}: it takes a finance lead."
    if request.money > own:
        return f"{request.money} is above your own limit of {own}: it takes a finance lead."
    return ""


def _user(login: str) -> User:
    try:
        return User.objects.get(username=login, is_active=True)
    except User.DoesNotExist:
        raise UnableToDecide(f"There is nobody called {login}.") from None


def _decide(
    request: Request,
    transition: Callable[[Request], None],
    word: str,
    *,
    by: str,
    because: str,
    at: datetime,
) -> Request:
    """Write the decision. The same one by the same person twice is once."""
    if not because.strip():
        raise UnableToDecide("Say why.")
    with atomic():
        locked = lock(request)
        if locked.state != State.PENDING:
            if (locked.decided_by, _WORDS[State(locked.state)]) == (by, word):
                return locked
            raise UnableToDecide(_by_now(locked))
        transition(locked)
        locked.decided_by, locked.decided_because = by, because.strip()[:LONGEST]
        locked.decided_at = at
        locked.save()
    return locked


def _by_now(request: Request) -> str:
    word = _WORDS[State(request.state)]
    return f"{request.public_id} was decided already: {request.decided_by} has {word} it."


_WORDS = {
    State.APPROVED: "approved",
    State.DONE: "approved",
    State.FAILED: "approved",
    State.REJECTED: "rejected",
    State.WITHDRAWN: "withdrawn",
}
