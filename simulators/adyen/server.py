"""Adyen on the wire: who may ask, what a key means, and how a payment is shown."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from simulators import three_d_secure
from simulators.adyen import fields, notices, platform, reports, transfers
from simulators.adyen.batches import Batches
from simulators.adyen.cards import REFUSALS, card_behind, result_code
from simulators.adyen.customer_area import CustomerArea
from simulators.adyen.defence import Defence
from simulators.adyen.disputes import Disputes
from simulators.adyen.errors import AdyenError, interrupted, unavailable, unprocessable
from simulators.adyen.payments import Payment, Payments
from simulators.adyen.refunds import Refunds
from simulators.books import Books
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.http import Reply, Request
from simulators.psp import Psp
from simulators.simulator import Call, Remembered, Route

_SCHEMAS = {
    "pay": "PaymentRequest",
    "details": "PaymentDetailsRequest",
    "capture": "PaymentCaptureRequest",
    "cancel": "PaymentCancelRequest",
    "cancel_reference": "StandalonePaymentCancelRequest",
    "reverse": "PaymentReversalRequest",
    "refund": "PaymentRefundRequest",
    "reasons": "DefenseReasonsRequest",
    "supply": "SupplyDefenseDocumentRequest",
    "delete": "DeleteDefenseDocumentRequest",
    "defend": "DefendDisputeRequest",
    "accept": "AcceptDisputeRequest",
}
_DISPUTES = "/ca/services/DisputeService/v30"


class Adyen(platform.Platform, reports.Reports, Psp):
    """Stored under a key: the first answer, whatever is asked under it later."""

    psp = "adyen"
    routes = (
        Route("POST", "/v72/payments", "pay"),
        Route("POST", "/v72/payments/details", "details"),
        Route("POST", "/v72/payments/{id}/captures", "capture"),
        Route("POST", "/v72/payments/{id}/cancels", "cancel"),
        Route("POST", "/v72/payments/{id}/reversals", "reverse"),
        Route("POST", "/v72/payments/{id}/refunds", "refund"),
        Route("POST", "/v72/cancels", "cancel_reference"),
        Route("POST", f"{_DISPUTES}/retrieveApplicableDefenseReasons", "reasons", moves=False),
        Route("POST", f"{_DISPUTES}/supplyDefenseDocument", "supply"),
        Route("POST", f"{_DISPUTES}/deleteDisputeDefenseDocument", "delete"),
        Route("POST", f"{_DISPUTES}/defendDispute", "defend"),
        Route("POST", f"{_DISPUTES}/acceptDispute", "accept"),
        *platform.ROUTES,
        *reports.ROUTES,
    )

    def __init__(self, *, clock: Clock, books: Books, faults: Faults, latency: float = 0.0) -> None:
        super().__init__(clock=clock, books=books, faults=faults, latency=latency)
        self.webhooks.gives_up = False  # Adyen sends a notification until it is taken.
        self._notices = told = notices.Notices(self.webhooks)
        self._payments = Payments(clock, books, told, self._reference)
        self._refunds = Refunds(clock, self._payments, told, self._reference)
        self._disputes = Disputes(clock, self._payments, told, self._reference)
        self._defence = Defence(self._disputes)
        self._transfers = transfers.Transfers(clock, books, self.webhooks, self._reference)
        self._batches = Batches(
            clock, books, self._payments, mistaken=self.mistaken, publish=self.publish
        )
        self._people = CustomerArea(
            self._payments, self._refunds, self._disputes, self._transfers, self._batches
        )
        self._address = "http://127.0.0.1"
        self._reports = {}
        self._keys: dict[str, Remembered[Reply]] = {}

    def _reference(self) -> str:
        return self.new_id()[:16].upper()

    # ------------------------------------------------------------------------------------ the wire

    def understand(self, call: Call) -> Reply | None:
        headers = call.request.headers
        if not headers.get("x-api-key") and not headers.get("authorization"):
            return self._error(
                AdyenError(401, "000", "HTTP Status Response - Unauthorized", kind="security")
            )
        call.key = headers.get("idempotency-key", "")
        self._address = f"http://{headers.get('host', '127.0.0.1')}"
        if call.request.method == "GET":
            call.params = platform.query(call)
            return None
        try:
            body = json.loads(call.request.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return self._error(AdyenError(400, "702", "Unexpected input: not a JSON object"))
        call.params = body
        return None

    def recall(self, call: Call) -> Reply | None:
        known = self._keys.get(call.key) if call.key else None
        if known is None:
            try:
                self._check(call)
            except AdyenError as error:
                return self._error(error)
            if call.key:
                self._keys[call.key] = Remembered(call.request.path)
            return None
        if known.result is None:
            return self._error(
                AdyenError(422, "704", "Request already processed or in progress", transient=True)
            )
        return known.result

    def _check(self, call: Call) -> None:
        if len(call.key) > 64:
            raise unprocessable("702", "Idempotency-Key has at most 64 characters")
        if call.route.act in platform.ACTS:
            platform.check_call(call)
            return
        if call.route.act in reports.ACTS:
            reports.check_call(call)
            return
        fields.check(call.params, _SCHEMAS[call.route.act])
        if call.route.act == "pay":
            method = call.params["paymentMethod"]
            if method.get("storedPaymentMethodId") and not call.params.get("shopperReference"):
                raise unprocessable("158", "Required field 'shopperReference' is not provided.")
            card_behind(method, call.params.get("additionalData", {}))

    def execute(self, call: Call) -> Reply:
        try:
            reply = self.act(call)
        except AdyenError as error:
            if error.transient or error.status < 500:
                self._keys.pop(call.key, None)  # Nothing was begun: the key is as good as new.
                return self._error(error)
            reply = self._error(error)
        assert isinstance(reply, Reply)
        if call.key:
            reply.headers["Idempotency-Key"] = call.key
            self._keys[call.key].result = reply
        return reply

    def refuse(self, fault: str) -> Reply:
        match fault:
            case "rate_limit":
                return self._error(AdyenError(429, "010", "Too many requests", kind="security"))
            case "error_before":
                return self._error(unavailable())
        return self._error(AdyenError(500, "000", "Internal error", kind="internal"))

    def not_found(self, request: Request) -> Reply:
        return self._error(AdyenError(404, "000", f"Not found: {request.path}", kind="security"))

    def distort(self, reply: Reply) -> Reply:
        body = json.loads(reply.body)
        if "amount" in body:
            body["amount"]["value"] += 1
        return Reply(reply.status, json.dumps(body).encode(), reply.headers)

    def _reply(self, status: int, body: dict[str, Any]) -> Reply:
        headers = {"Content-Type": "application/json"}
        if "pspReference" in body:
            headers["pspReference"] = body["pspReference"]
        return Reply(status, json.dumps(body).encode(), headers)

    def _error(self, error: AdyenError) -> Reply:
        reply = self._reply(error.status, {**error.body, "pspReference": self._reference()})
        if error.transient:
            reply.headers["transient-error"] = "true"
        return reply

    # ------------------------------------------------------------------------------------ payments

    def pay(self, call: Call) -> Reply:
        body = call.params
        additional = body.get("additionalData", {})
        match additional.get("RequestedTestErrorResponseCode"):
            case "NO_CONNECTION_AVAILABLE":
                raise unavailable()
            case "IOEXCEPTION_RECEIVED":
                raise interrupted()
        card = card_behind(body["paymentMethod"], additional)
        payment = self._payments.begin(body, card, attempt=call.key)
        call.silent = card.silent
        return self._reply(200, _shown(payment, f"{self._address}/3ds/{payment.page}"))

    def details(self, call: Call) -> Reply:
        token = call.params["details"].get("redirectResult", "")
        payment = self._payments.finish(token, attempt=call.key)
        return self._reply(200, _shown(payment, ""))

    # ------------------------------------------------------------------------------- modifications

    def capture(self, call: Call) -> Reply:
        amount = call.params["amount"]
        payment = self._payments.find(call.id)
        psp = self._payments.capture(payment, amount, reference=_ours(call), attempt=call.key)
        return self._received(call, psp, paymentPspReference=call.id, amount=amount)

    def cancel(self, call: Call) -> Reply:
        payment = self._payments.find(call.id)
        psp = self._payments.cancel(payment, reference=_ours(call), attempt=call.key)
        return self._received(call, psp, paymentPspReference=call.id)

    def refund(self, call: Call) -> Reply:
        amount, capture = call.params["amount"], call.params.get("capturePspReference", "")
        psp = self._refunds.ask(
            self._payments.find(call.id),
            amount,
            reference=_ours(call),
            attempt=call.key,
            capture=capture,
        )
        repeated = {
            name: call.params[name]
            for name in ("merchantRefundReason", "capturePspReference")
            if name in call.params
        }
        return self._received(call, psp, paymentPspReference=call.id, amount=amount, **repeated)

    def reverse(self, call: Call) -> Reply:
        """Cancels what is not captured, gives back what is."""
        payment = self._payments.find(call.id)
        if payment.captured:
            psp = self._refunds.reverse(payment, reference=_ours(call), attempt=call.key)
        else:
            psp = self._payments.cancel(
                payment,
                reference=_ours(call),
                attempt=call.key,
                event="CANCEL_OR_REFUND",
                action="cancel",
            )
        return self._received(call, psp, paymentPspReference=call.id)

    def cancel_reference(self, call: Call) -> Reply:
        ours = call.params["paymentReference"]
        psp = self._payments.cancel_reference(ours, reference=_ours(call), attempt=call.key)
        return self._received(call, psp, paymentReference=ours)

    def _received(self, call: Call, reference: str, **more: Any) -> Reply:
        body = {
            "merchantAccount": call.params["merchantAccount"],
            **more,
            "pspReference": reference,
            "status": "received",
        }
        if "reference" in call.params:
            body["reference"] = call.params["reference"]
        return self._reply(201, body)

    # ------------------------------------------------------------------------------------ disputes

    def reasons(self, call: Call) -> Reply:
        return self._reply(200, self._defence.reasons(call.params))

    def supply(self, call: Call) -> Reply:
        return self._reply(200, self._defence.supply(call.params))

    def delete(self, call: Call) -> Reply:
        return self._reply(200, self._defence.delete(call.params))

    def defend(self, call: Call) -> Reply:
        return self._reply(200, self._defence.defend(call.params))

    def accept(self, call: Call) -> Reply:
        return self._reply(200, self._defence.accept(call.params))

    # ------------------------------------------------------------ what happens by itself, or by hand

    def expire(self, now: datetime) -> None:
        self._batches.pass_time()
        self._payments.pass_time()
        self._refunds.pass_time()
        self._disputes.pass_time()
        self._transfers.pass_time()

    def envelope(self, told: Any, *, at: float, secret: str) -> tuple[dict[str, str], bytes]:
        if isinstance(told, bytes):
            return transfers.envelope(told, secret=secret)
        return notices.envelope(told, secret=secret)

    def perform(self, act: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"id": self._people.perform(act, arguments)}

    def disputes(self) -> list[dict[str, Any]]:
        return self._disputes.page()

    # ---------------------------------------------------------------------------------- 3-D Secure

    def three_d_secure_page(self, request: Request) -> Reply:
        payment = self._payments.at_page(request.path.removeprefix("/3ds/"))
        if payment is None:
            return self.not_found(request)
        if request.method == "GET":
            return three_d_secure.page(f"{payment.amount} {payment.currency} (minor units)")
        completed = three_d_secure.completed(request)
        if completed is None:
            return self._error(unprocessable("702", "result is complete or fail"))
        self._payments.authenticate(payment, completed=completed)
        return three_d_secure.back_to(payment.return_url, redirectResult=payment.token)


def _ours(call: Call) -> str:
    """Our reference of a modification."""
    return str(call.params.get("reference", ""))


def _shown(payment: Payment, page: str) -> dict[str, Any]:
    """The answer to /payments and /payments/details."""
    method = {"brand": payment.card.brand, "type": "scheme"}
    if not payment.result:  # There is no pspReference before the customer has come back.
        redirect = {"method": "GET", "paymentMethodType": "scheme", "type": "redirect", "url": page}
        return {"resultCode": "RedirectShopper", "action": redirect, "paymentMethod": method}
    shown: dict[str, Any] = {
        "additionalData": {
            "cardSummary": payment.card.last4,
            "expiryDate": "3/2030",
            "paymentMethod": payment.card.brand,
        },
        "amount": {"currency": payment.currency, "value": payment.amount},
        "merchantReference": payment.reference,
        "paymentMethod": method,
        "resultCode": payment.result,
    }
    if payment.psp:
        shown["pspReference"] = payment.psp
    if payment.refusal is not None:
        shown["resultCode"] = result_code(payment.refusal)
        shown["refusalReason"] = REFUSALS[payment.refusal]
        shown["refusalReasonCode"] = str(payment.refusal)
    elif payment.result == "Authorised":
        shown["additionalData"]["authCode"] = "063210"
    return shown
