"""Talks to Stripe: one client a process, no retries of its own, an answer for everything."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, assert_never, cast
from urllib.parse import quote

import requests
import stripe

from kernel.clock import now
from paygate.psp.gateway import (
    Authorize,
    Cancel,
    Capture,
    Confirm,
    NotSent,
    Outcome,
    Request,
    Unknown,
)
from paygate.psp.stripe import translate
from paygate.psp.wire import session_for

INTENTS = "/v1/payment_intents"
PAGE, PAGES = 100, 10  # How much of the list a look-up reads before it says it cannot tell.
CLOCKS_DIFFER = timedelta(minutes=1)
INDEX_LAG = timedelta(hours=1)  # By how much Stripe's search may be late, says Stripe.

# Telemetry would send timings of earlier calls along and keep a random id in a file under $HOME.
stripe.enable_telemetry = False


def make(configuration: Mapping[str, Any]) -> StripeGateway:
    """From one mode of settings.PSPS["stripe"]."""
    base = configuration["api_base"]
    client = stripe.StripeClient(
        configuration["api_key"],
        # All of them: a base that is left out is the real Stripe's, for evidence files as well.
        base_addresses={"api": base, "files": base, "connect": base, "meter_events": base},
        http_client=stripe.RequestsClient(
            timeout=tuple(configuration["timeout"]),
            session=cast("requests.Session", Sessions(base)),
        ),
        max_network_retries=0,  # Whether to ask again is for whoever holds the attempt to say.
    )
    return StripeGateway(client, horizon=timedelta(seconds=configuration["horizon"]))


class StripeGateway:
    """See paygate.psp.gateway.Gateway."""

    name = "stripe"
    can_look_up = True
    key_lifetime = timedelta(hours=24)  # docs.stripe.com/api/idempotent_requests

    def __init__(self, client: stripe.StripeClient, *, horizon: timedelta) -> None:
        self.horizon = horizon
        self._client = client

    def supports(self, currency: str) -> bool:
        return currency in translate.SUPPORTED

    def send(self, request: Request) -> Outcome:
        if declined := translate.unaskable(request):
            return declined
        try:
            return translate.answered(request, self._ask(request))
        except Exception as error:  # Also what the SDK trips over in a reply, when all is done.
            return translate.failed(error)

    def look_up(self, request: Request) -> Outcome:
        try:
            return self._look_up(request)
        except Exception as error:  # A question that failed, for whatever reason, answers nothing.
            return Unknown(f"the look-up failed: {type(error).__name__}: {error}")

    def _ask(self, request: Request) -> dict[str, Any]:
        match request:
            case Authorize():
                return self._post("", request.key, **translate.creation(request))
            case Confirm():  # The PaymentIntent moves by itself when the customer is done.
                return self._read(request.psp_reference)
            case Capture():
                path = f"/{quote(request.psp_reference)}/capture"
                return self._post(path, request.key, **translate.capture(request))
            case Cancel():
                path = f"/{quote(request.psp_reference)}/cancel"
                return self._post(path, request.key, **translate.cancellation(request))
            case _:
                assert_never(request)

    # The SDK's raw requests: the objects it would build of an intent take as long as all the rest.

    def _post(self, path: str, key: str, **params: Any) -> dict[str, Any]:
        reply = self._client.raw_request("post", INTENTS + path, idempotency_key=key, **params)
        return cast("dict[str, Any]", reply.data)

    def _get(self, path: str, **params: Any) -> dict[str, Any]:
        reply = self._client.raw_request("get", INTENTS + path, **params)
        return cast("dict[str, Any]", reply.data)

    def _read(self, reference: str) -> dict[str, Any]:
        return self._get(f"/{quote(reference)}", expand=["latest_charge"])

    def _look_up(self, request: Request) -> Outcome:
        match request:
            case Authorize():
                return self._find(request)
            case Confirm():
                return translate.answered(request, self._read(request.psp_reference))
            case Capture() | Cancel():
                return translate.traced(request, self._read(request.psp_reference))
            case _:
                assert_never(request)

    def _find(self, request: Authorize) -> Outcome:
        """By our attempt's id: in the search, which may lag, then in the list, which does not."""
        found = self._get("/search", query=f"metadata['attempt']:'{request.key}'")
        if intent := translate.of_attempt(request.key, found["data"]):
            return translate.answered(request, intent)
        window: dict[str, Any] = {"limit": PAGE}
        if request.created_at:
            window["created"] = {"gte": int((request.created_at - CLOCKS_DIFFER).timestamp())}
        for _ in range(PAGES):
            page = self._get("", **window)
            if intent := translate.of_attempt(request.key, page["data"]):
                return translate.answered(request, intent)
            if not page["has_more"]:
                return NotSent(f"Stripe has no PaymentIntent of {request.key}")
            window["starting_after"] = page["data"][-1]["id"]
        if request.created_at and now() - request.created_at > INDEX_LAG:
            return NotSent(f"Stripe's index has no PaymentIntent of {request.key}")
        return Unknown(f"not among Stripe's last {PAGE * PAGES} PaymentIntents, nor indexed yet")


class Sessions(threading.local):
    """What the SDK takes for one session: one for each thread, each with its kept-alive connection."""

    def __init__(self, address: str) -> None:  # Once in each thread that uses it.
        session = session_for(address)
        self.request = session.request
        self.close = session.close
