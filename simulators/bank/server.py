"""The bank on the wire: who may ask, which file is known already, and which reports there are."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from simulators.agenda import Agenda
from simulators.bank import nacha, pain001
from simulators.bank.clearing import Clearing
from simulators.bank.orders import File, Invalid, NoSuchFormat
from simulators.bank.reports import Reports
from simulators.books import Books
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.http import Reply, Request
from simulators.simulator import Call, Route, Simulator

_PAGE = 100
_XML = ("application/xml", "text/xml")


class Refused(Exception):
    """What the bank answers instead of doing it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Bank(Simulator):
    """A message id stands for one file: the same bytes are answered again, other bytes are refused."""

    psp = "bank"
    body_max = 256 << 20  # A hundred thousand payments, and then some.
    routes = (
        Route("POST", "/files", "take"),
        Route("GET", "/files/{id}", "find", moves=False),
        Route("GET", "/reports", "list_reports", moves=False),
        Route("GET", "/reports/{id}", "fetch", moves=False),
    )

    def __init__(self, *, clock: Clock, books: Books, faults: Faults, latency: float = 0.0) -> None:
        super().__init__(clock=clock, books=books, faults=faults, latency=latency)
        self._agenda = Agenda(clock)
        self._reports = Reports(books.folder and books.folder / "bank-reports")
        self._clearing = Clearing(self._agenda, books, self._reports, self.new_id)

    # ------------------------------------------------------------------------------------ the wire

    def understand(self, call: Call) -> Reply | None:
        headers = call.request.headers
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token.startswith("bank_"):
            return _error(Refused(401, "unauthorized", "a token of the bank's is wanted"))
        call.key = headers.get("x-message-id", "")
        return None

    def recall(self, call: Call) -> Reply | None:
        """Everything is decided in one moment, when the file is taken."""
        return None

    def execute(self, call: Call) -> Reply:
        try:
            reply: Reply = self.act(call)
        except Refused as refusal:
            return _error(refusal)
        return reply

    def not_found(self, request: Request) -> Reply:
        return _error(Refused(404, "no_such_address", f"{request.method} {request.path}"))

    def refuse(self, fault: str) -> Reply:
        if fault == "rate_limit":
            return _error(Refused(429, "too_many_requests", "later, please"))
        return _error(Refused(500, "internal_error", "something went wrong here"))

    def distort(self, reply: Reply) -> Reply:
        """A record of another file. (Of lists and reports there is none.)"""
        if "sha256" not in (record := _read(reply)):
            return reply
        record["total"] = f"1{record['total']}"
        record["sha256"] = hashlib.sha256(record["total"].encode()).hexdigest()
        return _json(reply.status, record)

    # --------------------------------------------------------------------------------------- calls

    def take(self, call: Call) -> Reply:
        content = call.request.body
        digest = hashlib.sha256(content).hexdigest()
        try:
            file = self._parsed(call.request)
        except NoSuchFormat as why:
            raise Refused(400, "no_such_format", str(why)) from None
        except ValueError as why:
            raise Refused(422, "invalid_file", str(why)) from None
        known = self._clearing.find(file.message_id)
        if known is not None:
            if known.sha256 != digest:
                raise Refused(409, "message_id_used", f"{file.message_id} is another file")
            return _json(200, _shown(known))
        file.sha256 = digest
        file.name = call.request.headers.get("x-file-name", "")
        self._clearing.take(file)
        return _json(201, _shown(file))

    @staticmethod
    def _parsed(request: Request) -> File:
        said = request.headers.get("x-message-id", "")
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        if kind in _XML:
            file = pain001.read(request.body)
            if said not in ("", file.message_id):
                raise Invalid(f"X-Message-Id is not {file.message_id}")
            return file
        if kind != "text/plain":
            raise NoSuchFormat(f"{kind or 'no Content-Type'} is not taken")
        if not 0 < len(said) <= 35:
            raise Invalid("X-Message-Id is missing")
        return nacha.read(request.body, message_id=said)

    def find(self, call: Call) -> Reply:
        file = self._clearing.find(call.id)
        if file is None:
            raise Refused(404, "no_such_file", f"no file {call.id}")
        return _json(200, _shown(file))

    def list_reports(self, call: Call) -> Reply:
        after = parse_qs(call.request.query).get("after", ["0"])[0]
        if not after.isdecimal():
            raise Refused(400, "invalid_query", "after is no number")
        found = self._reports.after(int(after), most=_PAGE)
        return _json(200, {"reports": [report.shown() for report in found]})

    def fetch(self, call: Call) -> Reply:
        try:
            report = self._reports.find(call.id)
        except LookupError:
            raise Refused(404, "no_such_report", f"no report {call.id}") from None
        headers = {
            "Content-Type": "text/plain" if report.kind == "nacha.return" else "application/xml",
            "X-File-Name": report.name,
            "X-SHA256": hashlib.sha256(report.content).hexdigest(),
        }
        return Reply(200, report.content, headers)

    # ----------------------------------------------------------------------------- behind the wire

    def expire(self, now: datetime) -> None:
        self._agenda.run()

    def perform(self, act: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """pay          {"reference": "po_…"}: at once
        reject       {"reference", "reason"?: "AC04"}: before it is paid; not by ACH
        reject_file  {"message_id", "reason"?: "FF01"}: before the check
        return       {"reference", "reason"?: "AC04", by ACH "R02"}: after it was paid, at once
        deposit      {"amount", "currency", "reference", "from", "account"?}: to our account, in minor units; what is
                     below zero is taken from it
        Raises LookupError, and ValueError for what cannot be done.
        """
        match act:
            case "deposit":
                deposit = self._clearing.deposit(
                    arguments["amount"],
                    arguments["currency"],
                    reference=arguments["reference"],
                    other=arguments["from"],
                    account=arguments.get("account", ""),
                )
                return {"id": deposit.reference, "state": "booked"}
            case "reject_file":
                file = self._clearing.reject_file(
                    arguments["message_id"], arguments.get("reason", "FF01")
                )
                return {"id": file.message_id, "state": file.state}
            case "pay":
                payment = self._clearing.pay(arguments["reference"])
            case "reject":
                payment = self._clearing.reject(
                    arguments["reference"], arguments.get("reason", "AC04")
                )
            case "return":
                payment = self._clearing.send_back(
                    arguments["reference"], arguments.get("reason", "")
                )
            case _:
                raise ValueError(f"nobody does {act} here")
        return {"id": payment.ours, "state": payment.state}


def _shown(file: File) -> dict[str, Any]:
    return {
        "message_id": file.message_id,
        "status": file.state,
        "sha256": file.sha256,
        "payments": len(file.payments),
        "total": file.total,
        "name": file.name,
        "received_at": datetime.fromtimestamp(file.received_at, UTC).isoformat(),
    }


def _read(reply: Reply) -> dict[str, Any]:
    if reply.headers.get("Content-Type") != "application/json":
        return {}
    page: dict[str, Any] = json.loads(reply.body)
    return page


def _error(refusal: Refused) -> Reply:
    return _json(refusal.status, {"code": refusal.code, "message": str(refusal)})


def _json(status: int, page: dict[str, Any]) -> Reply:
    return Reply(status, json.dumps(page).encode(), {"Content-Type": "application/json"})
