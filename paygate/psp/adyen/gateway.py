"""Talks to Adyen, over kept-alive connections (the SDK keeps none), with an answer for everything.

Adyen cannot be asked what became of a payment; there is no such call. To find out, the same request
is sent again under the same idempotency key, which Adyen honours for at least seven days.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, assert_never
from urllib.parse import urlsplit

import Adyen

from paygate.psp.adyen import payouts, translate
from paygate.psp.adyen.desk import AdyenDesk
from paygate.psp.adyen.downloads import AdyenDownloads
from paygate.psp.adyen.payouts import AdyenPayer
from paygate.psp.gateway import Authorize, Cancel, Capture, Confirm, Outcome, Refund, Request
from paygate.psp.wire import session_for

CHECKOUT = "https://checkout-test.adyen.com/v72"  # Where the SDK starts from.


def make(configuration: Mapping[str, Any]) -> AdyenGateway:
    """From one mode of settings.PSPS["adyen"]. With a live prefix the SDK knows the address."""
    live = configuration.get("live_prefix") or None
    adyen = Adyen.Adyen(
        xapikey=configuration["api_key"],
        platform="live" if live else "test",
        live_endpoint_prefix=live,
    )
    if not live:
        base = configuration["api_base"]
        transfers = configuration.get("transfers_base") or base
        # The SDK has no setting for its address; this is the one place that decides it.
        adyen.client._determine_api_url = lambda platform, url: (
            (transfers if url.startswith(payouts.TRANSFERS) else base) + urlsplit(url).path
        )
    adyen.client._init_http_client()
    address = adyen.client._determine_api_url(adyen.client.platform, CHECKOUT)
    timeout = tuple(configuration["timeout"])
    adyen.client.http_client.request = Connections(address, timeout=timeout)
    return AdyenGateway(adyen, configuration)


class AdyenGateway(AdyenDesk, AdyenPayer, AdyenDownloads):
    """See paygate.psp: gateway.Gateway, cases.Desk, payouts.Payer and statements.StatementDesk."""

    name = "adyen"
    can_look_up = False
    refunds_each_capture = False
    key_lifetime = timedelta(days=7)  # docs.adyen.com/development-resources/api-idempotency

    def __init__(self, adyen: Any, configuration: Mapping[str, Any]) -> None:
        AdyenDesk.__init__(self, adyen, merchant_account=configuration["merchant_account"])
        AdyenDownloads.__init__(self, configuration)
        self.horizon = timedelta(seconds=configuration["horizon"])
        self._balance_account = configuration.get("balance_account", "")
        self._transfers = adyen.transfers.transfers_api
        self._payments = adyen.checkout.payments_api
        self._modifications = adyen.checkout.modifications_api

    def supports(self, currency: str) -> bool:
        return currency in translate.SUPPORTED

    def send(self, request: Request) -> Outcome:
        if declined := translate.unaskable(request):
            return declined
        try:
            return translate.answered(request, self._ask(request).message)
        except Exception as error:  # Also what the SDK trips over in a reply, when all is done.
            return translate.failed(error)

    def look_up(self, request: Request) -> Outcome:
        raise NotImplementedError("Adyen has no look-up: replay the request under its key")

    def _ask(self, request: Request) -> Any:
        key, account = request.key, self._account
        match request:
            case Authorize():
                body = translate.payment(request, merchant_account=account)
                return self._payments.payments(body, idempotency_key=key)
            case Confirm():
                return self._payments.payments_details(
                    translate.details(request), idempotency_key=key
                )
            case Capture():
                body = translate.capture(request, merchant_account=account)
                return self._modifications.capture_authorised_payment(
                    body, request.psp_reference, idempotency_key=key
                )
            case Cancel(psp_reference=""):  # The customer never came back from 3-D Secure.
                body = translate.cancellation(request, merchant_account=account)
                return self._modifications.cancel_authorised_payment(body, idempotency_key=key)
            case Cancel():
                body = translate.cancellation(request, merchant_account=account)
                return self._modifications.cancel_authorised_payment_by_psp_reference(
                    body, request.psp_reference, idempotency_key=key
                )
            case Refund():
                body = translate.refund(request, merchant_account=account)
                return self._modifications.refund_captured_payment(
                    body, request.psp_reference, idempotency_key=key
                )
            case _:
                assert_never(request)


class Connections(threading.local):
    """The SDK's HTTP function, with one kept-alive session a thread.

    The SDK's own opens a connection, and a TLS session, for each call.
    """

    def __init__(self, address: str, *, timeout: tuple[float, float]) -> None:
        self._timeout = timeout  # All this runs once in each thread.
        self._session = session_for(address)

    def __call__(
        self,
        method: str,
        url: str,
        json: Any = None,
        data: Any = None,
        username: str = "",
        password: str = "",
        xapikey: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[str, Any, int, Mapping[str, str]]:
        reply = self._session.request(
            method,
            url,
            json=json,
            data=data,
            auth=(username, password) if username else None,
            headers={**(headers or {}), **({"x-api-key": xapikey} if xapikey else {})},
            timeout=self._timeout,
        )
        return reply.text, json, reply.status_code, reply.headers
