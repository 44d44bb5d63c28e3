"""Stripe on the wire: who may ask, what a key means, and where the acts are to be found."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from simulators import three_d_secure
from simulators.books import Books
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.http import Reply, Request
from simulators.simulator import Call, Remembered, Route, Simulator
from simulators.stripe import params as p
from simulators.stripe.acts import Acts
from simulators.stripe.errors import InvalidRequest, StripeError
from simulators.stripe.payment_intent import PaymentIntent, shown

_INTENTS = "/v1/payment_intents"
_CLAUSE = re.compile(r"""^(?:metadata\[["']([^"']+)["']\]|(status|currency)):["']([^"']*)["']$""")
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)


class Stripe(Simulator):
    """Stored under a key: every answer once execution has begun, 500s among them; for good."""

    psp = "stripe"
    routes = (
        Route("POST", _INTENTS, "create"),
        Route("GET", _INTENTS, "list", moves=False),
        Route("GET", f"{_INTENTS}/search", "search", moves=False),
        Route("GET", f"{_INTENTS}/{{id}}", "retrieve", moves=False),
        Route("POST", f"{_INTENTS}/{{id}}/confirm", "confirm"),
        Route("POST", f"{_INTENTS}/{{id}}/capture", "capture"),
        Route("POST", f"{_INTENTS}/{{id}}/cancel", "cancel"),
    )

    def __init__(self, *, clock: Clock, books: Books, faults: Faults, latency: float = 0.0) -> None:
        super().__init__(clock=clock, books=books, faults=faults, latency=latency)
        self._acts = Acts(clock, books, self.new_id)
        self._keys: dict[str, Remembered[Reply]] = {}

    # ------------------------------------------------------------------------------------ the wire

    def understand(self, call: Call) -> Reply | None:
        request = call.request
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not secret.startswith(("sk_", "rk_")):
            return self._error(
                StripeError(401, "invalid_request_error", "You did not provide an API key.")
            )
        call.key = request.headers.get("idempotency-key", "")
        encoded = request.body.decode() if request.method == "POST" else request.query
        try:
            call.params = p.parse(encoded)
        except StripeError as error:
            return self._error(error)
        return None

    def recall(self, call: Call) -> Reply | None:
        if not call.key:
            return self._checked(call)
        fingerprint = (call.request.path, call.request.body)
        known = self._keys.get(call.key)
        if known is None:
            mistake = self._checked(call)
            if mistake is None:  # A request that is refused before it begins uses no key up.
                self._keys[call.key] = Remembered(fingerprint)
            return mistake
        if known.fingerprint != fingerprint:
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
        except StripeError as error:
            return self._error(error)
        return None

    def execute(self, call: Call) -> Reply:
        try:
            reply = self._reply(200, self.act(call))
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
            "Stripe-Version": "2026-10-28.endive",
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

    def expire(self, now: datetime) -> None:
        self._acts.expire()

    # ------------------------------------------------------------------------------------- reading

    def retrieve(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.RETRIEVE)
        return shown(self._acts.find(call.id), p.expand(call.params))

    def list(self, call: Call) -> dict[str, Any]:
        """Strongly consistent, newest first."""
        params = call.params
        p.check_names(params, p.LIST)
        limit = _limit(params)
        earliest, latest = _created(params)
        after = params.get("starting_after", "")
        if after:
            self._acts.find(after)
        found: list[PaymentIntent] = []
        passed = not after
        for intent in self._acts.newest_first():
            if intent.created < earliest or len(found) > limit:
                break
            if passed and intent.created <= latest:
                found.append(intent)
            passed = passed or intent.id == after
        expand = p.expand(params)
        return {
            "object": "list",
            "data": [shown(intent, expand) for intent in found[:limit]],
            "has_more": len(found) > limit,
            "url": _INTENTS,
        }

    def search(self, call: Call) -> dict[str, Any]:
        """Not for read-after-write: lags behind by as much as the faults say."""
        p.check_names(call.params, p.SEARCH)
        visible = self.clock.timestamp() - self.faults.search_lag_seconds
        clauses = [_clause(clause) for clause in _AND.split(call.params.get("query", "").strip())]
        found = [
            intent
            for intent in self._acts.newest_first()
            if intent.created <= visible and all(clause(intent) for clause in clauses)
        ]
        limit = _limit(call.params)
        start = int(call.params.get("page") or 0)
        more = len(found) > start + limit
        expand = p.expand(call.params)
        return {
            "object": "search_result",
            "data": [shown(intent, expand) for intent in found[start : start + limit]],
            "has_more": more,
            "next_page": str(start + limit) if more else None,
            "url": f"{_INTENTS}/search",
        }

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


def _limit(params: p.Tree) -> int:
    limit = p.integer(params, "limit") if "limit" in params else 10
    if not 1 <= limit <= 100:
        raise InvalidRequest("limit is between 1 and 100", param="limit")
    return limit


def _created(params: p.Tree) -> tuple[float, float]:
    """The earliest and the latest second asked for."""
    created = params.get("created", {})
    if isinstance(created, str):
        return float(created), float(created)
    bounds = {name: p.integer(created, name) for name in created}
    earliest = max(bounds.get("gte", 0), bounds.get("gt", -1) + 1)
    latest = min(bounds.get("lte", float("inf")), bounds.get("lt", float("inf")) - 1)
    return earliest, latest


def _clause(text: str) -> Any:
    """A predicate for one part of a search query, field:'value'."""
    found = _CLAUSE.match(text)
    if found is None:
        raise InvalidRequest(f"Search query not understood: {text}", param="query")
    name, attribute, value = found.groups()
    if name is not None:
        return lambda intent: intent.metadata.get(name) == value
    return lambda intent: getattr(intent, attribute) == value
