"""POST /webhooks/<psp>: verified over the bytes as they came, stored, answered; everything else comes later.

200  it is genuine, and stored
400  it is genuine, and not as the PSP's documents say
401  nobody knows who sent it: nothing is stored
413  it is larger than anything a PSP sends
503  the database is away: the PSP sends it again

Which mode it is of, is said by the secret that verifies it, not by what it says.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from kernel.clock import now as present
from kernel.clock import wall
from kernel.problems import Problem, problem_response
from paygate.metrics import DELIVERIES
from paygate.psp.events import Delivery, Item, NotGenuine, Unreadable
from paygate.psp.registry import configuration, webhook
from paygate.webhooks.dispatch import ring
from paygate.webhooks.store import Told, UnableToStore, store

log = logging.getLogger(__name__)

LARGEST = 1024 * 1024  # Bytes of a body.


@csrf_exempt
def deliver(request: HttpRequest, psp: str) -> HttpResponse:
    """Take one delivery of the PSP's; or answer it when it asks whose address this is (Braintree)."""
    if request.method == "GET" and hasattr(webhook(psp), "challenge"):
        return _whose_address(request, psp)
    if request.method != "POST":
        return _refused(request, 405, "method_not_allowed", "Webhooks are sent by POST.")
    at = present()
    try:
        body = _body(request)
        delivery = Delivery(body, {name.lower(): said for name, said in request.headers.items()})
        livemode, items = genuine(psp, delivery, now=wall())
        new = store(Told(psp, livemode, items, at))
    except TooLarge:
        DELIVERIES.labels(psp, "too_large").inc()
        return _refused(request, 413, "request_too_large", f"At most {LARGEST} bytes.")
    except NotGenuine as reason:
        DELIVERIES.labels(psp, "not_genuine").inc()
        log.warning("webhook.not_genuine", extra={"psp": psp, "why": str(reason)})
        return _refused(request, 401, "signature_invalid", "The signature does not verify.")
    except (Unreadable, UnreadablePostError) as reason:
        DELIVERIES.labels(psp, "unreadable").inc()
        log.error("webhook.unreadable", extra={"psp": psp, "why": str(reason)})
        return _refused(request, 400, "invalid_request", "The delivery could not be read.")
    except UnableToStore:
        DELIVERIES.labels(psp, "not_stored").inc()
        return _refused(request, 503, "unavailable", "Not stored: send it again.")
    DELIVERIES.labels(psp, "accepted").inc()
    if new:
        ring(psp)
    return HttpResponse(webhook(psp).ACKNOWLEDGEMENT, content_type="text/plain")


def _whose_address(request: HttpRequest, psp: str) -> HttpResponse:
    """Signed by the live account where there is one: what is asked does not say of which mode it is."""
    adapter: Any = webhook(psp)
    mode = configuration(psp, livemode=True) or configuration(psp, livemode=False)
    try:
        if mode is None:
            raise NotGenuine("the PSP is not configured")
        return HttpResponse(adapter.challenge(request.GET.dict(), mode), content_type="text/plain")
    except NotGenuine:
        return _refused(request, 400, "invalid_request", "This is no challenge.")


class TooLarge(Exception):
    """Not read to its end: no PSP sends as much."""


def genuine(psp: str, delivery: Delivery, *, now: datetime) -> tuple[bool, list[Item]]:
    """The mode (live or not) under whose secrets the delivery verifies, and its items.

    Raises NotGenuine when there is none, Unreadable.
    """
    reasons = ["no secret is configured"]
    for livemode in (False, True):
        mode = configuration(psp, livemode=livemode)
        if mode is None:
            continue
        try:
            return livemode, webhook(psp).receive(delivery, mode, now=now)
        except NotGenuine as reason:
            reasons.append(str(reason))
    raise NotGenuine(reasons[-1])


def _body(request: HttpRequest) -> bytes:
    """The raw body. Raises TooLarge, UnreadablePostError."""
    stream: Any = request
    if request.META.get("wsgi.input_terminated") and "CONTENT_LENGTH" not in request.META:
        stream = request.META[
            "wsgi.input"
        ]  # Sent in chunks: Django takes what has no length for empty.
    body: bytes = stream.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise TooLarge
    return body


def _refused(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    kinds: dict[int, Any] = {401: "authentication_error", 503: "api_error"}
    headers = {405: {"Allow": "POST"}, 503: {"Retry-After": "5"}}
    return problem_response(
        Problem(
            status=status,
            type=kinds.get(status, "invalid_request_error"),
            code=code,
            message=message,
            retryable=status == 503,
            headers=headers.get(status),
        ),
        request,
    )
