"""The idempotency contract of every POST that moves money.

first                          claimed, carried out, answered
same key, same body            the same reply to the byte, nothing executed
same key, still running        waits up to 2 s, then 409 with the payment's id
same key, other body           422
refused before execution       nothing stored; the key is free
crash, 5xx, PSP time-out       the key stays bound; a retry answers with the present state

What a key sets going is an attempt on a payment, or whatever else a Manner is given for; what needs no PSP is a Deed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request

from kernel.clock import now
from kernel.db import atomic, give_back_connection
from kernel.idempotency.replay import (
    Bound,
    Key,
    Reply,
    bind,
    fingerprint,
    recall,
    recall_quickly,
    remember,
    store,
)
from kernel.ids import encode
from kernel.news import listener
from kernel.problems import Problem, bad
from merchants.authentication import principal_of
from paygate.api.waiting import ATTEMPTS, A, Asked, Manner, Place, expect, look, wait_for
from paygate.payments.begin import UnableToProceed
from paygate.payments.confirm import AlreadyConfirmed
from paygate.payments.create import Claimed, KeyTaken
from paygate.payments.write import BindKey

LONGEST_KEY = 255
PATIENCE_FOR_ANOTHER = 2.0  # Seconds to wait for the first request of the same key.

A_co = TypeVar("A_co", bound=Asked, covariant=True)


def idempotency_key(request: Request, in_body: str | None) -> str:
    """The key from the header or the body. Raises Problem when there is none, two, or a bad one."""
    in_header = request.headers.get("Idempotency-Key")
    if in_header is not None and in_body is not None and in_header != in_body:
        raise bad(
            "idempotency_key",
            "idempotency_key_conflict",
            "The key in the header and that in the body differ.",
        )
    key = in_header if in_header is not None else in_body
    if key is None:
        raise bad(
            "idempotency_key",
            "idempotency_key_required",
            "Give an idempotency key, in the body as idempotency_key or as the Idempotency-Key header.",
        )
    if not 1 <= len(key) <= LONGEST_KEY or not all(" " <= letter <= "~" for letter in key):
        raise bad(
            "idempotency_key",
            "idempotency_key_invalid",
            f"A key is 1 to {LONGEST_KEY} printable ASCII characters.",
        )
    return key


class ClaimedSo(Protocol[A_co]):
    """What a claim gives: what is to be carried out, and where the API shows it."""

    @property
    def attempt(self) -> A_co: ...
    @property
    def path(self) -> str: ...


def answer_once(
    request: Request, body: dict[str, Any], claim: Callable[[BindKey], Claimed]
) -> HttpResponse:
    """Claim under the request's key, carry out, wait, answer; or answer what the key is bound to.

    `body` is the validated body with the idempotency key taken out of it into "idempotency_key".
    """
    return answer_once_by(ATTEMPTS, request, body, claim)


def answer_once_by(
    manner: Manner[A],
    request: Request,
    body: dict[str, Any],
    claim: Callable[[BindKey], ClaimedSo[A]],
) -> HttpResponse:
    """The same for whatever else can be claimed under a key."""
    key, mark = _asked_under(request, body)
    bound = recall_quickly(key)
    if bound is None or bound.fingerprint != mark:  # Redis may say a reply, never a refusal.
        try:
            claimed = claim(BindKey(key, mark))
        except (KeyTaken, UnableToProceed, AlreadyConfirmed, Problem) as refusal:
            # What is refused now may be what this very key has brought about, or have been in order
            # then: a card that was deleted since, a PSP that has fallen ill.
            bound = recall(key)
            if bound is None and isinstance(refusal, UnableToProceed):
                raise _conflict(refusal) from None
            if bound is None and isinstance(refusal, AlreadyConfirmed):
                return _respond(look(refusal.attempt)[1])  # Nothing was executed: the key is free.
            if bound is None:
                raise
        else:
            return _first(manner, request, claimed, key, mark)
    return _again(manner, key, mark, bound)


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done at once, in one commit with its key: no PSP is asked for it."""

    subject: UUID  # What it makes or changes.
    path: str  # Where the API shows that.
    #: In a transaction; what it raises undoes all, and leaves the key free.
    do: Callable[[datetime], Reply]
    #: How what a key is bound to stands, when its reply is kept no more.
    show: Callable[[UUID], Reply]


def answer_at_once(request: Request, body: dict[str, Any], deed: Deed) -> HttpResponse:
    """Key, change and reply are one commit, so that nothing is ever half done. `body` as for answer_once."""
    key, mark = _asked_under(request, body)
    bound = recall_quickly(key)
    if bound is None or bound.fingerprint != mark:  # Redis may say a reply, never a refusal.
        at = now()
        with atomic():
            # Whoever has the same key and came first is waited for here.
            reply = None
            if bind(key, mark=mark, subject=deed.subject, at=at):
                reply = deed.do(at)
                store(key, reply, at=at)
        if reply is not None:
            remember(key, Bound(mark, deed.subject, reply))
            response = _respond(reply)
            response["Location"] = deed.path
            return response
        bound = recall(key)
        assert bound is not None
    if bound.fingerprint != mark:
        raise _reused()
    return _replayed(bound.reply or deed.show(bound.subject))


def _asked_under(request: Request, body: dict[str, Any]) -> tuple[Key, bytes]:
    """The key of the request, taken out of its body, and the fingerprint of what it asks for."""
    principal = principal_of(request)
    key = idempotency_key(request, body.pop("idempotency_key", None))
    mark = fingerprint(request.method or "", request.path, body)
    return Key(principal.merchant_id, principal.livemode, key), mark


def _first(
    manner: Manner[A], request: Request, claimed: ClaimedSo[A], key: Key, mark: bytes
) -> HttpResponse:
    asked = claimed.attempt
    at_once = "respond-async" in request.headers.get("Prefer", "")
    wait = expect(asked)
    try:
        with Place(asked.psp) as free:
            manner.dispatch(asked)
            give_back_connection()
            if at_once or not free:
                _, reply = manner.look(asked)
            else:
                reply = wait_for(asked, wait, patience=settings.OUTCOME_PATIENCE, manner=manner)
    finally:
        listener.forget(wait)
    if reply.status < 500 and reply.status != 202:
        remember(key, Bound(mark, asked.id, reply))
    response = _respond(reply)
    response["Location"] = claimed.path
    return response


def _again(manner: Manner[A], key: Key, mark: bytes, bound: Bound) -> HttpResponse:
    if bound.fingerprint != mark:
        raise _reused()
    if bound.reply is None:
        bound = Bound(bound.fingerprint, bound.subject, _present(manner, key, bound))
    assert bound.reply is not None
    if bound.reply.status < 500 and bound.reply.status != 202:
        remember(key, bound)
    return _replayed(bound.reply)


def _present(manner: Manner[A], key: Key, bound: Bound) -> Reply:
    """How it stands with a request whose reply is not stored: still running, or not known."""
    asked = manner.find(key.merchant_id, bound.subject)
    if asked.open and not asked.outcome:
        wait = expect(asked)
        try:
            with Place(asked.psp) as free:
                give_back_connection()
                patience = PATIENCE_FOR_ANOTHER if free else 0.0
                reply = wait_for(asked, wait, patience=patience, manner=manner)
        finally:
            listener.forget(wait)
        running = reply.status == 202
        if running and (asked.next_look_at is None or now() < asked.next_look_at):
            raise Problem(
                status=409,
                type="idempotency_error",
                code="idempotency_key_in_use",
                message="A request with this idempotency key is still running.",
                payment=encode("pay", asked.payment_id),
                retryable=True,
                headers={"Retry-After": "1"},
            )
    return manner.look(asked)[1]


def _replayed(reply: Reply) -> HttpResponse:
    response = _respond(reply)
    response["Idempotent-Replayed"] = "true"
    return response


def _reused() -> Problem:
    return Problem(
        status=422,
        type="idempotency_error",
        code="idempotency_key_reused",
        message="This idempotency key was used for a different request.",
    )


def _respond(reply: Reply) -> HttpResponse:
    return HttpResponse(reply.body.encode(), status=reply.status, content_type="application/json")


def _conflict(refusal: UnableToProceed) -> Problem:
    too_large = refusal.code == "amount_too_large"
    return Problem(
        status=400 if too_large else 409,
        type="invalid_request_error" if too_large else "conflict_error",
        code=refusal.code,
        message=refusal.message,
        param="amount" if too_large else None,
        payment=refusal.payment.public_id,
        retryable=refusal.code == "payment_processing",
    )
