"""Stripe's adapter: an answer for everything that is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, assert_never
from urllib.parse import quote

from kernel.clock import now
from paygate.psp.gateway import (
    Authorize,
    Cancel,
    Capture,
    Confirm,
    NotSent,
    Outcome,
    Refund,
    Request,
    Unknown,
)
from paygate.psp.stripe import refunds, refusals, translate
from paygate.psp.stripe.calls import PAGE, Calls, TooMany, make_calls
from paygate.psp.stripe.costs import StripeCosts
from paygate.psp.stripe.desk import StripeDesk
from paygate.psp.stripe.payouts import StripePayer
from paygate.psp.stripe.reports import Downloads, StripeReports

INTENTS = "/v1/payment_intents"
REFUNDS = "/v1/refunds"
PAGES = 10  # How much of a list a look-up reads before it says it cannot tell.
CLOCKS_DIFFER = timedelta(minutes=1)
INDEX_LAG = timedelta(hours=1)  # By how much Stripe's search may be late, says Stripe.


def make(configuration: Mapping[str, Any]) -> StripeGateway:
    """From one mode of settings.PSPS["stripe"]."""
    horizon = timedelta(seconds=configuration["horizon"])
    return StripeGateway(make_calls(configuration), configuration, horizon=horizon)


class StripeGateway(StripeDesk, StripePayer, StripeCosts, StripeReports):
    """See paygate.psp.gateway.Gateway. Disputes are StripeDesk's, payouts StripePayer's, costs StripeCosts', and
    statements StripeReports'."""

    name = "stripe"
    can_look_up = True
    refunds_each_capture = False
    key_lifetime = timedelta(hours=24)  # docs.stripe.com/api/idempotent_requests

    def __init__(
        self, calls: Calls, configuration: Mapping[str, Any], *, horizon: timedelta
    ) -> None:
        super().__init__(calls)
        self._downloads = Downloads(configuration)
        self.horizon = horizon

    def supports(self, currency: str) -> bool:
        return currency in translate.SUPPORTED

    def send(self, request: Request) -> Outcome:
        if declined := translate.unaskable(request):
            return declined
        if isinstance(request, Refund):
            return self._give_back(request)
        try:
            return translate.answered(request, self._ask(request))
        except Exception as error:  # Also what the SDK trips over in a reply, when all is done.
            return refusals.failed(error)

    def look_up(self, request: Request) -> Outcome:
        try:
            return self._look_up(request)
        except Exception as error:  # A question that failed, for whatever reason, answers nothing.
            return Unknown(f"the look-up failed: {type(error).__name__}: {error}")

    def _ask(self, request: translate.OfIntent) -> dict[str, Any]:
        match request:
            case Authorize():
                return self._calls.post(INTENTS, request.key, **translate.creation(request))
            case Confirm():  # The PaymentIntent moves by itself when the customer is done.
                return self._read(request.psp_reference)
            case Capture():
                path = f"{INTENTS}/{quote(request.psp_reference)}/capture"
                return self._calls.post(path, request.key, **translate.capture(request))
            case Cancel():
                path = f"{INTENTS}/{quote(request.psp_reference)}/cancel"
                return self._calls.post(path, request.key, **translate.cancellation(request))
            case _:
                assert_never(request)

    def _give_back(self, request: Refund) -> Outcome:
        try:
            made = self._calls.post(REFUNDS, request.key, **refunds.creation(request))
            return refunds.answered(request, made)
        except Exception as error:
            return refunds.failed(error)

    def _read(self, reference: str) -> dict[str, Any]:
        return self._calls.get(f"{INTENTS}/{quote(reference)}", expand=["latest_charge"])

    def _look_up(self, request: Request) -> Outcome:
        match request:
            case Authorize():
                return self._find(request)
            case Confirm():
                return translate.answered(request, self._read(request.psp_reference))
            case Capture() | Cancel():
                return translate.traced(request, self._read(request.psp_reference))
            case Refund():
                of_intent = {"payment_intent": request.psp_reference}
                return refunds.traced(
                    request, self._calls.listed(REFUNDS, pages=PAGES, **of_intent)
                )
            case _:
                assert_never(request)

    def _find(self, request: Authorize) -> Outcome:
        """By our attempt's id: in the search, which may lag, then in the list, which does not."""
        query = f"metadata['attempt']:'{request.key}'"
        found = self._calls.get(f"{INTENTS}/search", query=query)
        if intent := translate.of_attempt(request.key, found["data"]):
            return translate.answered(request, intent)
        window: dict[str, Any] = {}
        if request.created_at:
            window["created"] = {"gte": int((request.created_at - CLOCKS_DIFFER).timestamp())}
        try:
            listed = self._calls.listed(INTENTS, pages=PAGES, **window)
            if intent := translate.of_attempt(request.key, listed):
                return translate.answered(request, intent)
        except TooMany:
            if request.created_at and now() - request.created_at > INDEX_LAG:
                return NotSent(f"Stripe's index has no PaymentIntent of {request.key}")
            return Unknown(
                f"not among Stripe's last {PAGE * PAGES} PaymentIntents, nor indexed yet"
            )
        return NotSent(f"Stripe has no PaymentIntent of {request.key}")
