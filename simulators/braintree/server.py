"""Braintree on the wire: who may ask, what a key means, how it is searched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from simulators.books import Books
from simulators.braintree import render, xml
from simulators.braintree.errors import Invalid, NotFound, key_failed, key_in_flight, key_reused
from simulators.braintree.transactions import SUCCEEDED, Transaction, Transactions
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.http import Reply, Request
from simulators.simulator import Call, Remembered, Route, Simulator

_TRANSACTIONS = "/merchants/{merchant}/transactions"
_ONE = f"{_TRANSACTIONS}/{{id}}"
_PAGE_SIZE = 50
_AMOUNT = re.compile(rb"<amount>(\d+)")

Criterion = dict[str, Any] | list[str]


class Braintree(Simulator):
    """Stands under a key: the transaction; a replay shows it as it is now."""

    psp = "braintree"
    routes = (
        Route("POST", _TRANSACTIONS, "sale"),
        Route("POST", f"{_TRANSACTIONS}/advanced_search_ids", "search_ids", moves=False),
        Route("POST", f"{_TRANSACTIONS}/advanced_search", "search", moves=False),
        Route("GET", _ONE, "find", moves=False),
        Route("PUT", f"{_ONE}/submit_for_settlement", "submit"),
        Route("POST", f"{_ONE}/submit_for_partial_settlement", "submit_part"),
        Route("PUT", f"{_ONE}/void", "void"),
        Route("PUT", f"{_ONE}/settle", "settle"),
    )

    def __init__(self, *, clock: Clock, books: Books, faults: Faults, latency: float = 0.0) -> None:
        super().__init__(clock=clock, books=books, faults=faults, latency=latency)
        self._transactions = Transactions(clock, books, self.new_id)
        self._keys: dict[str, Remembered[Transaction | Invalid]] = {}

    # ------------------------------------------------------------------------------------ the wire

    def understand(self, call: Call) -> Reply | None:
        if not call.request.headers.get("authorization", "").startswith("Basic "):
            return Reply(401)
        try:
            _, content = xml.parse(call.request.body)
        except xml.NotXml:
            return Reply(400)
        call.params = content if isinstance(content, dict) else {}
        call.key = call.params.get("api_request_key", "")
        return None

    def recall(self, call: Call) -> Reply | None:
        if not call.key:
            return None
        if len(call.key) > 255:
            return self._invalid(Invalid("915230", "API request key is too long."))
        fingerprint = (call.request.path, call.request.body)
        known = self._keys.get(call.key)
        if known is None:
            self._keys[call.key] = Remembered(fingerprint)
            return None
        if known.fingerprint != fingerprint:
            return self._invalid(key_reused())
        match known.result:
            case None:
                return self._invalid(key_in_flight())
            case Transaction() as made:
                return self._shown(made)
        return self._invalid(key_failed())

    def execute(self, call: Call) -> Reply:
        result: Transaction | Invalid
        try:
            answer = self.act(call)
        except NotFound:
            self._keys.pop(call.key, None)
            return Reply(404)
        except Invalid as error:
            result, reply = error, self._invalid(error)
        else:
            if isinstance(answer, Reply):
                return answer
            result, reply = answer, self._shown(answer)
        if call.key:
            self._keys[call.key].result = result
        return reply

    def refuse(self, fault: str) -> Reply:
        return Reply(429 if fault == "rate_limit" else 500)

    def not_found(self, request: Request) -> Reply:
        return Reply(404)

    def distort(self, reply: Reply) -> Reply:
        body = _AMOUNT.sub(lambda found: b"<amount>%d" % (int(found[1]) + 1), reply.body)
        return Reply(reply.status, body, reply.headers)

    def three_d_secure_page(self, request: Request) -> Reply:
        """Braintree's 3-D Secure happens in the browser, before there is a nonce."""
        return Reply(404)

    def _shown(self, made: Transaction) -> Reply:
        if made.status in SUCCEEDED:
            return _reply(201, "transaction", render.transaction(made))
        return _reply(422, "api-error-response", render.unsuccessful(made))

    def _invalid(self, error: Invalid) -> Reply:
        return _reply(422, "api-error-response", render.invalid(error))

    # -------------------------------------------------------------------------------------- moving

    def sale(self, call: Call) -> Transaction:
        made = self._transactions.sale(call.params, attempt=call.key)
        call.silent = made.card.silent
        return made

    def submit(self, call: Call) -> Transaction:
        held = self._transactions.find(call.id)
        self._transactions.submit(held, call.params, attempt=call.key)
        return held

    def submit_part(self, call: Call) -> Transaction:
        held = self._transactions.find(call.id)
        return self._transactions.submit_part(held, call.params, attempt=call.key)

    def void(self, call: Call) -> Transaction:
        held = self._transactions.find(call.id)
        self._transactions.void(held, attempt=call.key)
        return held

    def settle(self, call: Call) -> Transaction:
        taken = self._transactions.find(call.id)
        self._transactions.settle(taken)
        return taken

    def expire(self, now: datetime) -> None:
        self._transactions.expire(now)

    # ------------------------------------------------------------------------------------- reading

    def find(self, call: Call) -> Reply:
        found = self._transactions.find(call.id)
        return _reply(200, "transaction", render.transaction(found))

    def search_ids(self, call: Call) -> Reply:
        """The ids of all that match, newest first; the caller then asks for them page by page."""
        ids = [("item", found.id) for found in self._matching(call.params)]
        return _reply(200, "search-results", {"page-size": _PAGE_SIZE, "ids": ids})

    def search(self, call: Call) -> Reply:
        found = list(self._matching(call.params))
        shown = "".join(xml.element("transaction", render.transaction(each)) for each in found)
        size = xml.element("page-size", _PAGE_SIZE) + xml.element("total-items", len(found))
        body = f'<credit-card-transactions type="collection">{size}{shown}'
        return Reply(200, f"{body}</credit-card-transactions>".encode(), dict(_XML))

    def _matching(self, criteria: dict[str, Criterion]) -> Iterable[Transaction]:
        visible = self.clock.timestamp() - self.faults.search_lag_seconds
        order = criteria.get("order_id")
        if isinstance(order, dict) and "is" in order:
            candidates = self._transactions.of_order(order["is"])
        else:
            candidates = list(self._transactions)
        for each in reversed(candidates):
            if each.created_at.timestamp() <= visible and _matches(each, criteria):
                yield each


_XML = {"Content-Type": "application/xml; charset=utf-8"}


def _reply(status: int, tag: str, content: dict[str, Any]) -> Reply:
    return Reply(status, xml.document(tag, content), dict(_XML))


def _matches(each: Transaction, criteria: dict[str, Criterion]) -> bool:
    fields: dict[str, str | datetime] = {
        "id": each.id,
        "ids": each.id,
        "order_id": each.order_id,
        "status": each.status,
        "merchant_account_id": each.merchant_account,
        "payment_method_token": each.token,
        "created_at": each.created_at.replace(microsecond=0),
        "type": "sale",
    }
    return all(
        name in fields and _fulfils(fields[name], criterion) for name, criterion in criteria.items()
    )


def _fulfils(value: Any, criterion: Criterion) -> bool:
    """A list names all that will do; otherwise each operator must hold."""
    if isinstance(criterion, list):
        return value in criterion
    for operator, operand in criterion.items():
        match operator:
            case "is":
                holds = value == operand
            case "is_not":
                holds = value != operand
            case "starts_with":
                holds = value.startswith(operand)
            case "ends_with":
                holds = value.endswith(operand)
            case "contains":
                holds = operand in value
            case "min":
                holds = value >= operand
            case "max":
                holds = value <= operand
            case _:
                holds = False
        if not holds:
            return False
    return True
