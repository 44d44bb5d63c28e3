"""Talks to Stripe: one client a process, no retries of its own, an answer for everything."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, assert_never, cast

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
    punctual,
)
from paygate.psp.stripe import translate

if TYPE_CHECKING:
    from stripe.params import PaymentIntentListParams

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
            timeout=tuple(configuration["timeout"]), session=cast("requests.Session", Sessions())
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
        self._intents = client.v1.payment_intents

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
        key: stripe.RequestOptions = {"idempotency_key": request.key}
        match request:
            case Authorize():
                intent = self._intents.create(translate.creation(request), key)
            case Confirm():  # The PaymentIntent moves by itself when the customer is done.
                return self._read(request.psp_reference)
            case Capture():
                intent = self._intents.capture(
                    request.psp_reference, translate.capture(request), key
                )
            case Cancel():
                intent = self._intents.cancel(
                    request.psp_reference, translate.cancellation(request), key
                )
            case _:
                assert_never(request)
        return intent.to_dict()

    def _read(self, reference: str) -> dict[str, Any]:
        return self._intents.retrieve(reference, {"expand": ["latest_charge"]}).to_dict()

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
        found = self._intents.search({"query": f"metadata['attempt']:'{request.key}'"})
        for intent in found.data:
            if intent.metadata["attempt"] == request.key:
                return translate.answered(request, intent.to_dict())
        window: PaymentIntentListParams = {"limit": PAGE}
        if request.created_at:
            window["created"] = {"gte": int((request.created_at - CLOCKS_DIFFER).timestamp())}
        for _ in range(PAGES):
            page = self._intents.list(window)
            for intent in page.data:
                if "attempt" in intent.metadata and intent.metadata["attempt"] == request.key:
                    return translate.answered(request, intent.to_dict())
            if not page.has_more:
                return NotSent(f"Stripe has no PaymentIntent of {request.key}")
            window["starting_after"] = page.data[-1].id
        if request.created_at and now() - request.created_at > INDEX_LAG:
            return NotSent(f"Stripe's index has no PaymentIntent of {request.key}")
        return Unknown(f"not among Stripe's last {PAGE * PAGES} PaymentIntents, nor indexed yet")


class Sessions(threading.local):
    """What the SDK takes for one session: one for each thread, each with its kept-alive connection."""

    def __init__(self) -> None:  # Once in each thread that uses it.
        session = punctual(requests.Session())
        self.request = session.request
        self.close = session.close
