"""Talks to Braintree about payments: one gateway object a process, and an answer for everything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never
from urllib.parse import urlsplit

from paygate.psp.braintree import refunds, translate
from paygate.psp.braintree.desk import BraintreeDesk
from paygate.psp.braintree.refunds import Way
from paygate.psp.braintree.reports import BraintreeReports
from paygate.psp.braintree.sdk import braintree
from paygate.psp.gateway import (
    Authorize,
    Cancel,
    Capture,
    Confirm,
    Declined,
    NotSent,
    Outcome,
    Pending,
    Refund,
    Request,
    Unknown,
)
from paygate.psp.wire import punctual

CLOCKS_DIFFER = timedelta(minutes=1)


def make(configuration: Mapping[str, Any]) -> BraintreeGateway:
    """From one mode of settings.PSPS["braintree"]."""
    address = urlsplit(configuration["api_base"])
    secure = address.scheme == "https"
    environment = braintree.Environment(
        "paygate",  # Any name but Production's, whose object it is compared with.
        address.hostname,
        str(address.port or (443 if secure else 80)),  # A text; "443" is what makes it https.
        configuration["api_base"],
        secure,
        braintree.Environment.Sandbox.ssl_certificate if secure else None,
        *_graphql(address.hostname or "", str(address.port or (443 if secure else 80))),
    )
    sdk = braintree.BraintreeGateway(
        braintree.Configuration(
            environment,
            merchant_id=configuration["merchant_id"],
            public_key=configuration["public_key"],
            private_key=configuration["private_key"],
            timeout=tuple(configuration["timeout"]),
            wrap_http_exceptions=True,
            http_strategy=PunctualHttp,
        )
    )
    return BraintreeGateway(sdk, configuration)


def _graphql(server: str, port: str) -> tuple[str, str]:
    """The host and port of GraphQL: Braintree's own environments have another host for it, none else has."""
    for known in (braintree.Environment.Sandbox, braintree.Environment.Production):
        if known.server == server:
            return known.graphql_server, known.graphql_port
    return server, port


class BraintreeGateway(BraintreeDesk, BraintreeReports):
    """See paygate.psp.gateway.Gateway. The SDK keeps one connection a thread and never retries."""

    name = "braintree"
    can_look_up = True
    refunds_each_capture = True  # A partial settlement is a transaction of its own.
    key_lifetime = timedelta(days=30)  # …/braintree/docs/graphql, "idempotency"

    def __init__(self, sdk: Any, configuration: Mapping[str, Any]) -> None:
        BraintreeDesk.__init__(self, sdk)
        BraintreeReports.__init__(self, sdk, configuration)
        self.horizon = timedelta(seconds=configuration["horizon"])
        self._accounts: Mapping[str, str] = configuration["merchant_accounts"]
        self._transactions = sdk.transaction

    def supports(self, currency: str) -> bool:
        return currency in self._accounts

    def send(self, request: Request) -> Outcome:
        if declined := translate.unaskable(request, self._accounts):
            return declined
        try:
            if isinstance(request, Refund):
                return self._give_back(request)
            return translate.answered(request, self._ask(request))
        except Exception as error:  # Also what the SDK trips over in a reply, when all is done.
            return translate.failed(error)

    def look_up(self, request: Request) -> Outcome:
        try:
            return self._look_up(request)
        except Exception as error:  # A question that failed, for whatever reason, answers nothing.
            return Unknown(f"the look-up failed: {type(error).__name__}: {error}")

    def _ask(self, request: translate.Asked) -> Any:
        key = {"api_request_key": request.key}
        match request:
            case Authorize():
                account = self._accounts[request.amount.currency]
                return self._transactions.sale(translate.sale(request, merchant_account=account))
            case Capture() if translate.in_one(request):
                return self._transactions.submit_for_settlement(
                    request.psp_reference, translate.decimal(request.amount), key
                )
            case Capture():
                return self._transactions.submit_for_partial_settlement(
                    request.psp_reference,
                    translate.decimal(request.amount),
                    translate.partial_settlement(request),
                )
            case Cancel():
                return self._transactions.void(request.psp_reference, key)
            case Confirm():
                raise AssertionError("unaskable() has answered this")
            case _:
                assert_never(request)

    def _give_back(self, request: Refund) -> Outcome:
        """Twice, should the batch be closed between the look and the void."""
        for _ in range(2):
            sale = self._transactions.find(request.psp_reference)
            match refunds.way(request, sale):
                case Way.REFUND:
                    result = self._transactions.refund(sale.id, refunds.terms(request))
                    return refunds.answered(request, result)
                case Way.VOID:
                    key = {"api_request_key": f"{request.key}-void"}  # A key is for one request.
                    result = self._transactions.void(sale.id, key)
                    if not refunds.came_too_late(result):
                        return refunds.answered(request, result)
                case outcome:
                    return outcome
        return Pending("", refunds.WAITS)

    def _look_up(self, request: Request) -> Outcome:
        match request:
            case Authorize():
                return self._find(request)
            case Capture() if not translate.in_one(request):
                return self._find_partial(request)
            case Capture() | Cancel():
                return translate.traced(request, self._transactions.find(request.psp_reference))
            case Refund():
                return self._find_refund(request)
            case Confirm():
                return Unknown("Braintree has nothing that is confirmed")
            case _:
                assert_never(request)

    def _find(self, request: Authorize) -> Outcome:
        """By the payment's id, which several attempts may share, one after the other.

        While an attempt is open there is no other, and none follows an approved one: so what was
        approved is this attempt's. A decline is, unless it is older than the attempt.
        """
        by = braintree.TransactionSearch
        terms = [by.order_id == request.payment]
        begun = _as_braintree_writes(request.created_at)
        if begun:
            terms.append(by.created_at >= begun - CLOCKS_DIFFER)
        sales = [found for found in self._transactions.search(terms) if found.type == "sale"]
        outcomes = [(sale, translate.told(request, sale)) for sale in sales]
        approved = [outcome for _, outcome in outcomes if not isinstance(outcome, Declined)]
        if len(approved) > 1:
            ids = ", ".join(sale.id for sale in sales)
            return Unknown(f"CHARGED TWICE? Braintree has {ids} for {request.payment}")
        if approved:
            return approved[0]
        for sale, outcome in outcomes:
            if begun is None or sale.created_at >= begun:
                return outcome
        return NotSent(f"Braintree has no sale of {request.key} for {request.payment}")

    def _find_partial(self, request: Capture) -> Outcome:
        """A partial settlement carries our attempt's id as its order id."""
        by = braintree.TransactionSearch
        for found in self._transactions.search([by.order_id == request.key]):
            return translate.told(request, found)
        return NotSent(f"Braintree has no partial settlement {request.key}")

    def _find_refund(self, request: Refund) -> Outcome:
        """Among the credits that the sale names, which a search may not show yet."""
        sale = self._transactions.find(request.psp_reference)
        for credit in (self._transactions.find(id_) for id_ in sale.refund_ids):
            if credit.order_id == request.refund:
                return refunds.told(request, credit)
        return refunds.traced(request, sale)


def _as_braintree_writes(moment: datetime | None) -> datetime | None:
    """In whole seconds of UTC, without saying that it is UTC."""
    return moment and moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)


class PunctualHttp(braintree.util.http.Http):  # type: ignore[misc]
    """The SDK's own HTTP: one kept-alive connection a thread."""

    def _get_session(self) -> Any:
        return punctual(super()._get_session())
