"""Stripe on the wire: who may ask, what a key means, and where the acts are to be found."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from typing import Any

from simulators import three_d_secure
from simulators.agenda import Agenda
from simulators.books import Books
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.http import Reply, Request
from simulators.psp import Psp
from simulators.simulator import Call, Remembered, Route
from simulators.stripe import balance, connect, reports
from simulators.stripe import params as p
from simulators.stripe.acts import Acts
from simulators.stripe.columns import Sheet
from simulators.stripe.dashboard import Dashboard
from simulators.stripe.dispute import dispute_shown
from simulators.stripe.disputes import Disputes
from simulators.stripe.errors import InvalidRequest, StripeError
from simulators.stripe.events import API_VERSION, Events, enveloped
from simulators.stripe.files import Files, file_shown, fingerprint, parts
from simulators.stripe.listing import listed, searched
from simulators.stripe.payment_intent import PaymentIntent, shown
from simulators.stripe.payouts import Payouts
from simulators.stripe.refunds import Refunds, refund_shown
from simulators.stripe.settlement import Settlement

_INTENTS = "/v1/payment_intents"
_REFUNDS = "/v1/refunds"
_DISPUTES = "/v1/disputes"


class Stripe(connect.Connect, balance.Statement, reports.Reporting, Psp):
    """Stored under a key: every answer once execution has begun, 500s among them; for good."""

    psp = "stripe"
    routes = (
        Route("POST", _INTENTS, "create"),
        Route("GET", _INTENTS, "list_intents", moves=False),
        Route("GET", f"{_INTENTS}/search", "search", moves=False),
        Route("GET", f"{_INTENTS}/{{id}}", "retrieve", moves=False),
        Route("POST", f"{_INTENTS}/{{id}}/confirm", "confirm"),
        Route("POST", f"{_INTENTS}/{{id}}/capture", "capture"),
        Route("POST", f"{_INTENTS}/{{id}}/cancel", "cancel"),
        Route("POST", _REFUNDS, "create_refund"),
        Route("GET", _REFUNDS, "list_refunds", moves=False),
        Route("GET", f"{_REFUNDS}/{{id}}", "retrieve_refund", moves=False),
        Route("GET", _DISPUTES, "list_disputes", moves=False),
        Route("GET", f"{_DISPUTES}/{{id}}", "retrieve_dispute", moves=False),
        Route("POST", f"{_DISPUTES}/{{id}}", "update_dispute"),
        Route("POST", f"{_DISPUTES}/{{id}}/close", "close_dispute"),
        Route("POST", "/v1/files", "create_file"),
        *connect.ROUTES,
        *balance.ROUTES,
        *reports.ROUTES,
    )

    def __init__(self, *, clock: Clock, books: Books, faults: Faults, latency: float = 0.0) -> None:
        super().__init__(clock=clock, books=books, faults=faults, latency=latency)
        events = Events(self.webhooks, self.new_id)
        agenda = self._agenda = Agenda(clock)
        money = self._balance = balance.Balance(agenda, self.new_id)
        self._files = Files(agenda, self.new_id)
        self._refunds = Refunds(agenda, books, money, events, self.new_id)
        self._disputes = Disputes(agenda, books, money, events, self._files, self.new_id)
        self._acts = Acts(clock, books, events, self._captured, self.new_id)
        self._payouts = Payouts(agenda, books, money, events, self.new_id)
        sheet = Sheet(money, self._acts.known)
        settlement = Settlement(
            *(agenda, books, money, self._payouts, sheet, self.new_id),
            mistaken=self.mistaken,
            publish=self.statements.append,
        )
        self._reports = reports.Reports(agenda, settlement, sheet, events, self.new_id)
        self._dashboard = Dashboard(
            *(self._acts, self._refunds, self._disputes, self._payouts, money),
            *(settlement, self._reports),
        )
        self._keys: dict[str, Remembered[Reply]] = {}

    def _captured(self, intent: PaymentIntent) -> None:
        self._balance.captured(intent)
        self._disputes.captured(intent)

    # ------------------------------------------------------------------------------------ the wire

    def understand(self, call: Call) -> Reply | None:
        request = call.request
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not secret.startswith(("sk_", "rk_")):
            return self._error(
                StripeError(401, "invalid_request_error", "You did not provide an API key.")
            )
        call.key = request.headers.get("idempotency-key", "")
        try:
            if call.route.act == "create_file":
                call.params = parts(request.headers.get("content-type", ""), request.body)
            else:
                call.params = p.parse(
                    request.body.decode() if request.method == "POST" else request.query
                )
        except StripeError as error:
            return self._error(error)
        return None

    def recall(self, call: Call) -> Reply | None:
        if not call.key:
            return self._checked(call)
        body = fingerprint(call.params) if call.route.act == "create_file" else call.request.body
        asked = (call.request.path, body)
        known = self._keys.get(call.key)
        if known is None:
            mistake = self._checked(call)
            if mistake is None:  # A request that is refused before it begins uses no key up.
                self._keys[call.key] = Remembered(asked)
            return mistake
        if known.fingerprint != asked:
            return self._error(
                StripeError(
                    400,
                    "idempotency_error",
                    "Keys for idempotent requests can only be used with the same parameters they"
                    f" were first used with. Try using a key other than '{call.key}'.",
                )
            )
        if known.result is None:
            return self._error(
                StripeError(
                    409,
                    "invalid_request_error",
                    "There is currently another in-progress request using this Idempotency-Key.",
                    code="idempotency_key_in_use",
                )
            )
        headers = self._headers() | {"Idempotent-Replayed": "true"}
        return Reply(known.result.status, known.result.body, headers)

    def _checked(self, call: Call) -> Reply | None:
        try:
            if len(call.key) > 255:
                raise InvalidRequest("Idempotency keys have at most 255 characters.")
            match call.route.act:
                case "create":
                    Acts.check_create(call.params)
                case "confirm":
                    p.check_names(call.params, p.CONFIRM)
                case "capture":
                    p.check_names(call.params, p.CAPTURE)
                    p.metadata(call.params)
                case "cancel":
                    p.check_names(call.params, p.CANCEL)
                case "create_refund":
                    Refunds.check_create(call.params)
                case "update_dispute":
                    Disputes.check_update(call.params)
                case "close_dispute":
                    p.check_names(call.params, p.ONLY_EXPAND)
                case "create_file":
                    Files.check_create(call.params)
                case "create_run":
                    reports.Reports.check_create(call.params)
                case _:
                    connect.check(call)
        except StripeError as error:
            return self._error(error)
        return None

    def execute(self, call: Call) -> Reply:
        try:
            done = self.act(call)
            reply = done if isinstance(done, Reply) else self._reply(200, done)
        except StripeError as error:
            reply = self._error(error)
        if call.key and (known := self._keys.get(call.key)):
            known.result = reply
        return reply

    def failed(self, call: Call, reply: Reply) -> None:
        if known := self._keys.get(call.key):
            known.result = reply

    def refuse(self, fault: str) -> Reply:
        if fault == "rate_limit":
            return self._error(
                InvalidRequest("Too many requests hit the API.", status=429, code="rate_limit")
            )
        return self._error(StripeError(500, "api_error", "An unknown error occurred"))

    def not_found(self, request: Request) -> Reply:
        where = f"({request.method}: {request.path})"
        return self._error(InvalidRequest(f"Unrecognized request URL {where}.", status=404))

    def distort(self, reply: Reply) -> Reply:
        if reply.headers.get("Content-Type") != "application/json":  # A file.
            return reply
        body = json.loads(reply.body)
        for name in ("amount", "amount_capturable", "amount_received"):
            if body.get(name):
                body[name] += 1
        return self._reply(reply.status, body)

    def _reply(self, status: int, body: dict[str, Any]) -> Reply:
        return Reply(status, json.dumps(body).encode(), self._headers())

    def _error(self, error: StripeError) -> Reply:
        return self._reply(error.status, {"error": error.error})

    def _headers(self) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "Request-Id": f"req_{self.new_id()[:14]}",
            "Stripe-Version": API_VERSION,
        }

    # -------------------------------------------------------------------------------------- moving

    def create(self, call: Call) -> dict[str, Any]:
        secret = call.request.headers["authorization"].partition(" ")[2]
        intent = self._acts.create(
            call.params,
            attempt=call.key,
            livemode=secret.startswith(("sk_live", "rk_live")),
            page=_page(call.request),
        )
        return self._moved(call, intent)

    def confirm(self, call: Call) -> dict[str, Any]:
        intent = self._acts.find(call.id)
        self._acts.confirm(intent, call.params, attempt=call.key, page=_page(call.request))
        return self._moved(call, intent)

    def capture(self, call: Call) -> dict[str, Any]:
        intent = self._acts.find(call.id)
        self._acts.capture(intent, call.params, attempt=call.key)
        return self._moved(call, intent)

    def cancel(self, call: Call) -> dict[str, Any]:
        intent = self._acts.find(call.id)
        self._acts.cancel(intent, call.params, attempt=call.key)
        return self._moved(call, intent)

    def _moved(self, call: Call, intent: PaymentIntent) -> dict[str, Any]:
        confirms = call.route.act in ("create", "confirm")
        call.silent = confirms and intent.card is not None and intent.card.silent
        return shown(intent, p.expand(call.params))

    # ------------------------------------------------------------------------------------- reading

    def retrieve(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.RETRIEVE)
        return shown(self._acts.find(call.id), p.expand(call.params))

    def list_intents(self, call: Call) -> dict[str, Any]:
        """Strongly consistent, newest first."""
        p.check_names(call.params, p.LIST)
        if after := call.params.get("starting_after"):
            self._acts.find(after)
        show = partial(shown, expand=p.expand(call.params))
        return listed(self._acts.newest_first(), call.params, url=_INTENTS, show=show)

    def search(self, call: Call) -> dict[str, Any]:
        """Not for read-after-write: lags behind by as much as the faults say."""
        p.check_names(call.params, p.SEARCH)
        return searched(
            self._acts.newest_first(),
            call.params,
            url=f"{_INTENTS}/search",
            visible=self.clock.timestamp() - self.faults.search_lag_seconds,
            show=partial(shown, expand=p.expand(call.params)),
        )

    # ------------------------------------------------------------------------------------- refunds

    def create_refund(self, call: Call) -> dict[str, Any]:
        intent = self._intent_of(call.params)
        refund = self._refunds.create(intent, call.params, attempt=call.key)
        self._disputes.refunded(intent)
        return refund_shown(refund)

    def retrieve_refund(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.ONLY_EXPAND)
        return refund_shown(self._refunds.find(call.id))

    def list_refunds(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.REFUND_LIST)
        if after := call.params.get("starting_after"):
            self._refunds.find(after)
        of = self._intent_of(call.params).id if _names_a_payment(call.params) else ""
        found = self._refunds.newest_first(of)
        return listed(found, call.params, url=_REFUNDS, show=refund_shown)

    def _intent_of(self, params: p.Tree) -> PaymentIntent:
        if params.get("charge"):
            return self._acts.of_charge(params["charge"])
        return self._acts.find(params["payment_intent"])

    # ------------------------------------------------------------------------------------ disputes

    def retrieve_dispute(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.ONLY_EXPAND)
        return dispute_shown(self._disputes.find(call.id))

    def list_disputes(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.DISPUTE_LIST)
        if after := call.params.get("starting_after"):
            self._disputes.find(after)
        found = self._disputes.newest_first()
        if _names_a_payment(call.params):
            of = self._intent_of(call.params)
            found = [dispute for dispute in found if dispute.intent is of]
        return listed(found, call.params, url=_DISPUTES, show=dispute_shown)

    def update_dispute(self, call: Call) -> dict[str, Any]:
        dispute = self._disputes.find(call.id)
        self._disputes.update(dispute, call.params, key=call.key)
        return dispute_shown(dispute)

    def close_dispute(self, call: Call) -> dict[str, Any]:
        dispute = self._disputes.find(call.id)
        self._disputes.close(dispute, key=call.key)
        return dispute_shown(dispute)

    def create_file(self, call: Call) -> dict[str, Any]:
        return file_shown(self._files.create(call.params))

    # -------------------------------------------------------------------------------- behind the wire

    def expire(self, now: datetime) -> None:
        self._acts.expire()
        self._agenda.run()

    def envelope(self, told: Any, *, at: float, secret: str) -> tuple[dict[str, str], bytes]:
        return enveloped(told, at=at, secret=secret)

    def perform(self, act: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return self._dashboard.perform(act, arguments)

    def disputes(self) -> list[dict[str, Any]]:
        return self._dashboard.disputes()

    # ---------------------------------------------------------------------------------- 3-D Secure

    def three_d_secure_page(self, request: Request) -> Reply:
        try:
            intent = self._acts.find(request.path.removeprefix("/3ds/"))
        except StripeError as error:
            return self._error(error)
        if request.method == "GET":
            return three_d_secure.page(f"{intent.amount} {intent.currency.upper()} (minor units)")
        completed = three_d_secure.completed(request)
        if completed is None:
            return self._error(InvalidRequest("result is complete or fail", param="result"))
        succeeded = self._acts.authenticate(intent, completed=completed)
        if not intent.return_url:
            return self._reply(200, {"status": intent.status})
        return three_d_secure.back_to(
            intent.return_url,
            payment_intent=intent.id,
            payment_intent_client_secret=intent.client_secret,
            redirect_status="succeeded" if succeeded else "failed",
        )


def _page(request: Request) -> str:
    return f"http://{request.headers.get('host', '127.0.0.1')}/3ds"


def _names_a_payment(params: p.Tree) -> bool:
    return bool(params.get("charge") or params.get("payment_intent"))
