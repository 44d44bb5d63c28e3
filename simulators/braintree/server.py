"""Braintree on the wire: who may ask, what a key means, what each address does."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from simulators.books import Books
from simulators.braintree import evidence, notifications, render, xml
from simulators.braintree.acts import Acts, shown
from simulators.braintree.agenda import Agenda
from simulators.braintree.disbursements import Disbursement, Disbursements
from simulators.braintree.disputes import Dispute, Disputes
from simulators.braintree.errors import Invalid, NotFound, key_failed, key_in_flight, key_reused
from simulators.braintree.refunds import Refunds
from simulators.braintree.reports import Reports
from simulators.braintree.search import Criteria, dispute_matches, transaction_matches
from simulators.braintree.transactions import SUCCEEDED, Transaction, Transactions
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.http import Reply, Request
from simulators.psp import Psp
from simulators.simulator import Call, Remembered, Route

_TRANSACTIONS = "/merchants/{merchant}/transactions"
_ONE = f"{_TRANSACTIONS}/{{id}}"
_DISPUTES = "/merchants/{merchant}/disputes"
_DISPUTE = f"{_DISPUTES}/{{id}}"
_PAGE_SIZE = 50
_AMOUNT = re.compile(rb"<amount>(\d+)")


class Braintree(Psp):
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
        Route("POST", f"{_ONE}/refund", "refund"),
        Route("POST", f"{_ONE}/reverse", "reverse"),
        Route("PUT", f"{_ONE}/settle", "settle"),
        Route("PUT", f"{_ONE}/settlement_decline", "decline_settlement"),
        Route("POST", f"{_DISPUTES}/advanced_search", "search_disputes", moves=False),
        Route("GET", _DISPUTE, "find_dispute", moves=False),
        Route("POST", f"{_DISPUTE}/evidence", "add_evidence"),
        Route("DELETE", f"{_DISPUTE}/evidence/{{evidence}}", "remove_evidence"),
        Route("PUT", f"{_DISPUTE}/finalize", "finalize"),
        Route("PUT", f"{_DISPUTE}/accept", "accept"),
        Route("POST", "/merchants/{merchant}/document_uploads", "upload"),
        Route("POST", "/graphql", "query", moves=False),
        Route("GET", "/reports/{id}", "report", moves=False),
    )

    def __init__(self, *, clock: Clock, books: Books, faults: Faults, latency: float = 0.0) -> None:
        super().__init__(clock=clock, books=books, faults=faults, latency=latency)
        self._agenda = Agenda(clock)
        self._reports = Reports(self.new_id, mistaken=self.mistaken, publish=self.statements.append)
        self._disbursements = Disbursements(
            self._agenda,
            books,
            self.new_id,
            write=self._reports.write,
            tell=self._tell_of_disbursement,
        )
        self._transactions = Transactions(
            self._agenda, books, self.new_id, self._disbursements.settled
        )
        self._refunds = Refunds(self._transactions, self._disbursements.failed)
        self._documents = evidence.Documents(self.new_id)
        self._disputes = Disputes(
            self._agenda,
            books,
            self._transactions,
            self._documents,
            self.new_id,
            moved=self._disbursements.disputed,
            tell=self._tell_of_dispute,
        )
        self._acts = Acts(
            self._transactions,
            self._refunds,
            self._disputes,
            self._disbursements,
            self._tell_of_failed_refund,
        )
        self._keys: dict[str, Remembered[Transaction | Invalid]] = {}

    # ------------------------------------------------------------------------------------ the wire

    def understand(self, call: Call) -> Reply | None:
        if call.route.act == "report":  # Whoever has the address may have it.
            return None
        if not call.request.headers.get("authorization", "").startswith("Basic "):
            return Reply(401)
        kind = call.request.headers.get("content-type", "")
        try:
            if kind.startswith("application/json"):
                return None
            if kind.startswith("multipart/form-data"):
                call.params = dict(evidence.parts(kind, call.request.body))
                return None
            _, content = xml.parse(call.request.body)
        except ValueError:
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
        return self._taken(made)

    def submit(self, call: Call) -> Transaction:
        held = self._transactions.find(call.id)
        self._transactions.submit(held, call.params, attempt=call.key)
        return self._taken(held)

    def submit_part(self, call: Call) -> Transaction:
        held = self._transactions.find(call.id)
        return self._taken(self._transactions.submit_part(held, call.params, attempt=call.key))

    def _taken(self, made: Transaction) -> Transaction:
        if made.status == "submitted_for_settlement":
            self._disputes.foresee(made)
        return made

    def void(self, call: Call) -> Transaction:
        held = self._transactions.find(call.id)
        self._transactions.void(held, attempt=call.key)
        return held

    def refund(self, call: Call) -> Transaction:
        sale = self._transactions.find(call.id)
        return self._refunds.refund(sale, call.params, attempt=call.key)

    def reverse(self, call: Call) -> Transaction:
        sale = self._transactions.find(call.id)
        return self._refunds.reverse(sale, attempt=call.key)

    def settle(self, call: Call) -> Transaction:
        moved = self._transactions.find(call.id)
        self._transactions.settle(moved)
        return moved

    def decline_settlement(self, call: Call) -> Transaction:
        moved = self._transactions.find(call.id)
        self._transactions.decline_settlement(moved)
        return moved

    # ----------------------------------------------------------------------------------- by disputes

    def upload(self, call: Call) -> Reply:
        made = self._documents.upload(call.params)
        return _reply(201, "document-upload", render.document(made))

    def add_evidence(self, call: Call) -> Reply:
        made = self._disputes.add_evidence(self._disputes.find(call.id), call.params)
        return _reply(201, "evidence", render.evidence(made))

    def remove_evidence(self, call: Call) -> Reply:
        id_ = call.request.path.rpartition("/")[2]
        self._disputes.remove_evidence(self._disputes.find(call.id), id_)
        return Reply(200)

    def finalize(self, call: Call) -> Reply:
        self._disputes.finalize(self._disputes.find(call.id))
        return Reply(200)

    def accept(self, call: Call) -> Reply:
        self._disputes.accept(self._disputes.find(call.id))
        return Reply(200)

    def find_dispute(self, call: Call) -> Reply:
        return _reply(200, "dispute", render.dispute(self._disputes.find(call.id)))

    def search_disputes(self, call: Call) -> Reply:
        """A page of those that match, newest first."""
        page = int(parse_qs(call.request.query).get("page", ["1"])[0])
        found = [each for each in self._disputes if dispute_matches(each, call.params)]
        chosen = found[::-1][(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE]
        return _collection(
            "disputes",
            xml.element("current-page-number", page),
            xml.element("page-size", _PAGE_SIZE),
            xml.element("total-items", len(found)),
            *(xml.element("dispute", render.dispute(each)) for each in chosen),
        )

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
        return _collection(
            "credit-card-transactions",
            xml.element("page-size", _PAGE_SIZE),
            xml.element("total-items", len(found)),
            *(xml.element("transaction", render.transaction(each)) for each in found),
        )

    def _matching(self, criteria: Criteria) -> Iterable[Transaction]:
        visible = self.clock.timestamp() - self.faults.search_lag_seconds
        order = criteria.get("order_id")
        if isinstance(order, dict) and "is" in order:
            candidates = self._transactions.of_order(order["is"])
        else:
            candidates = list(self._transactions)
        for each in reversed(candidates):
            if each.created_at.timestamp() <= visible and transaction_matches(each, criteria):
                yield each

    def query(self, call: Call) -> Reply:
        """GraphQL, of which only reports are known."""
        return self._reports.query(call.request.body, host=call.request.headers.get("host", ""))

    def report(self, call: Call) -> Reply:
        return Reply(200, self._reports.find(call.id), {"Content-Type": "text/csv"})

    # ------------------------------------------------------------------ time, people, and being told

    def expire(self, now: datetime) -> None:
        self._agenda.run()

    def perform(self, act: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return self._acts.perform(act, arguments)

    def disputes(self) -> list[dict[str, Any]]:
        return [shown(each) for each in self._disputes]

    def envelope(self, told: Any, *, at: float, secret: str) -> tuple[dict[str, str], bytes]:
        return notifications.envelope(told, at=at, secret=secret)

    def _tell_of_dispute(self, changed: Dispute) -> None:
        kind = f"dispute_{'opened' if changed.status == 'open' else changed.status}"
        if self.webhooks.url:
            self._tell(kind, "dispute", render.dispute(changed))

    def _tell_of_failed_refund(self, credit: Transaction) -> None:
        if self.webhooks.url:
            self._tell("refund_failed", "transaction", render.refund_failed(credit))

    def _tell_of_disbursement(self, made: Disbursement) -> None:
        if self.webhooks.url:
            self._tell("disbursement", "disbursement", render.disbursement(made))

    def _tell(self, kind: str, tag: str, content: dict[str, Any]) -> None:
        told = notifications.notification(kind, tag, content, at=time.time())
        self.webhooks.tell(told)


_XML = {"Content-Type": "application/xml; charset=utf-8"}


def _reply(status: int, tag: str, content: dict[str, Any]) -> Reply:
    return Reply(status, xml.document(tag, content), dict(_XML))


def _collection(tag: str, *elements: str) -> Reply:
    body = f'<{tag} type="collection">{"".join(elements)}</{tag}>'
    return Reply(200, body.encode(), dict(_XML))
