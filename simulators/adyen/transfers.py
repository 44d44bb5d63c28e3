"""Paying merchants: transfers out of our balance account to a bank, each told of as its status changes.

The balance account holds what Adyen owes us by the books, and is topped up by what it settled before. What is
authorised is reserved; the books are written when it is booked, an hour later. The endings below, of an IBAN or an
account number, stand for accounts with a fault.
Sources: TransferService-v4 and BalancePlatformTransferNotification-v4, OpenAPI; docs.adyen.com/payouts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from simulators.adyen.errors import AdyenError
from simulators.adyen.fields import EXPONENTS, Body, iso_minor
from simulators.adyen.notices import KEY
from simulators.agenda import Agenda
from simulators.books import Books
from simulators.clock import Clock
from simulators.currencies import ISO
from simulators.webhooks import Webhooks

CLOSED = "0000000001"  # Its bank refuses the transfer: it fails, and never was booked.
BOUNCING = "0000000002"  # Its bank sends it back: booked, and two days later returned.

HOUR, DAY = 3600.0, 86400.0
_FIELDS = frozenset(
    (
        *("amount", "balanceAccountId", "category", "counterparty", "description"),
        *("executionDate", "paymentInstrumentId", "priorities", "priority", "reference"),
        *("referenceForBeneficiary", "review", "type", "ultimateParty"),
    )
)
_NUMBERS = {
    "iban": ("iban",),
    "usLocal": ("accountNumber", "routingNumber"),
    "numberAndBic": ("accountNumber", "bic"),
}


class TransferError(AdyenError):
    """This API's errors have a title and a detail where the others have a message."""

    def __init__(self, status: int, code: str, title: str, detail: str = "") -> None:
        super().__init__(status, code, title)
        self.body = {
            "type": "https://docs.adyen.com/errors/validation",
            "status": status,
            "errorCode": code,
            "title": title,
            "detail": detail or title,
        }


@dataclass(slots=True)
class Transfer:
    """`asked` is the request; the amount in it is in Adyen's minor units."""

    id: str
    asked: Body
    created: float
    status: str = "received"
    reason: str = "pending"
    sequence: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def currency(self) -> str:
        return str(self.asked["amount"]["currency"])

    @property
    def minor(self) -> int:
        return iso_minor(self.asked["amount"]["value"], self.currency)

    @property
    def number(self) -> str:
        """Of the bank account that it goes to."""
        identified = self.asked["counterparty"]["bankAccount"]["accountIdentification"]
        return str(identified.get("iban") or identified.get("accountNumber"))


class Transfers:
    """The transfers of our balance account, newest last."""

    def __init__(
        self, clock: Clock, books: Books, webhooks: Webhooks, new_reference: Callable[[], str]
    ) -> None:
        self._agenda = Agenda(clock)
        self._books = books
        self._webhooks = webhooks
        self._new_reference = new_reference
        self._all: dict[str, Transfer] = {}
        self._reserved: Counter[str] = Counter()  # By currency, in ISO 4217 minor units.

    def make(self, asked: Body) -> Transfer:
        """Authorised, or refused, at once."""
        transfer = Transfer(self._new_reference(), asked, self._agenda.now())
        self._all[transfer.id] = transfer
        self._become(transfer, "received", "pending", told="created")
        free = self._books.funds(transfer.currency) - self._reserved[transfer.currency]
        if transfer.minor > free:
            self._become(transfer, "refused", "notEnoughBalance")
            return transfer
        self._reserved[transfer.currency] += transfer.minor
        self._become(transfer, "authorised", "approved")
        self._agenda.put(self._agenda.now() + HOUR, partial(self._execute, transfer))
        return transfer

    def find(self, id_: str) -> Transfer:
        try:
            return self._all[id_]
        except KeyError:
            raise TransferError(404, "30_001", "Entity was not found") from None

    def of(self, ours: str) -> Transfer:
        """The newest with our reference. Raises LookupError."""
        for transfer in self.matching(reference=ours):
            return transfer
        raise LookupError(f"no such payout: {ours}")

    def matching(
        self, *, reference: str = "", account: str = "", since: float = 0, until: float = 1e12
    ) -> Iterable[Transfer]:
        """Newest first."""
        for transfer in reversed(self._all.values()):
            if (
                reference in ("", transfer.asked.get("reference"))
                and account in ("", transfer.asked.get("balanceAccountId"))
                and since <= transfer.created <= until
            ):
                yield transfer

    def pass_time(self) -> None:
        self._agenda.run()

    def _execute(self, transfer: Transfer) -> None:
        if transfer.status != "authorised":  # It was made to fail meanwhile.
            return
        if transfer.number.endswith(CLOSED):
            self.fail(transfer, "counterpartyAccountClosed")
            return
        self._book(transfer)
        if transfer.number.endswith(BOUNCING):
            later = self._agenda.now() + 2 * DAY
            self._agenda.put(later, partial(self.give_back, transfer))

    def fail(self, transfer: Transfer, why: str = "refusedByCounterpartyBank") -> None:
        """What is not booked yet fails. Raises ValueError for what is."""
        if transfer.status != "authorised":
            raise ValueError(f"{transfer.id} is {transfer.status}: only what is authorised fails")
        self._reserved[transfer.currency] -= transfer.minor
        self._become(transfer, "failed", why)

    def give_back(self, transfer: Transfer) -> None:
        """The bank returns what was booked, which it is first where it is not yet. Raises ValueError."""
        if transfer.status == "authorised":
            self._book(transfer)
        if transfer.status == "returned":
            return
        if transfer.status != "booked":
            raise ValueError(f"{transfer.id} is {transfer.status}: there is nothing to give back")
        self._write("payout_returned", transfer)
        self._become(transfer, "returned", "counterpartyAccountNotFound")

    def _book(self, transfer: Transfer) -> None:
        self._reserved[transfer.currency] -= transfer.minor
        self._write("paid_out", transfer)
        self._become(transfer, "booked", "approved")

    def _write(self, kind: str, transfer: Transfer) -> None:
        ours = str(transfer.asked.get("reference", ""))
        self._books.write(
            kind,
            payment=ours,
            attempt=ours,
            reference=transfer.id,
            amount=transfer.minor,
            currency=transfer.currency,
        )

    def _become(
        self, transfer: Transfer, status: str, reason: str, *, told: str = "updated"
    ) -> None:
        transfer.status, transfer.reason = status, reason
        transfer.sequence += 1
        transfer.events.append(
            {
                "id": self._new_reference(),
                "bookingDate": _written(self._agenda.now()),
                "status": status,
                "type": "accounting",
            }
        )
        message = {
            "data": {**shown(transfer), "sequenceNumber": transfer.sequence},
            "environment": "test",
            "timestamp": _written(time.time()),  # Real time, as all that is told.
            "type": f"balancePlatform.transfer.{told}",
        }
        self._webhooks.tell(json.dumps(message).encode())


def check(asked: Body) -> None:
    """Raises AdyenError for a request that Adyen refuses before it begins."""
    if unknown := asked.keys() - _FIELDS:
        raise TransferError(422, "30_022", f"Unknown fields: {', '.join(sorted(unknown))}")
    for name in ("amount", "category", "counterparty"):
        if not asked.get(name):
            raise TransferError(422, "30_081", f"{name} is required")
    if asked["category"] != "bank" or not asked.get("balanceAccountId"):
        raise TransferError(422, "30_081", "Only bank transfers of a balance account are simulated")
    value, currency = asked["amount"].get("value"), asked["amount"].get("currency")
    if type(value) is not int or value <= 0 or currency not in EXPONENTS:
        raise TransferError(422, "30_007", "Invalid amount")
    if value % 10 ** max(EXPONENTS[currency] - ISO[currency], 0):
        raise TransferError(422, "30_007", "Invalid amount")
    if len(str(asked.get("reference", ""))) > 80 or len(str(asked.get("description", ""))) > 140:
        raise TransferError(422, "30_022", "reference or description is too long")
    account = asked["counterparty"].get("bankAccount") or {}
    identified = account.get("accountIdentification") or {}
    numbers = _NUMBERS.get(str(identified.get("type")), ())
    holder = (account.get("accountHolder") or {}).get("fullName")
    if not holder or not numbers or not all(identified.get(name) for name in numbers):
        raise TransferError(422, "30_112", "Invalid bank account", "Invalid bank information")


def shown(transfer: Transfer) -> dict[str, Any]:
    """The object as the API returns it."""
    asked = transfer.asked
    repeated = ("amount", "category", "counterparty", "description", "priority", "reference")
    return {
        "id": transfer.id,
        "balanceAccount": {"id": asked["balanceAccountId"]},
        "balancePlatform": "Paygate",
        "creationDate": _written(transfer.created),
        "direction": "outgoing",
        "events": list(transfer.events),
        "reason": transfer.reason,
        "status": transfer.status,
        "tracking": {
            "estimatedArrivalTime": _written(transfer.created + DAY),
            "type": "estimation",
        },
        "type": "bankTransfer",
        **{name: asked[name] for name in repeated if name in asked},
    }


def envelope(message: bytes, *, secret: str) -> tuple[dict[str, str], bytes]:
    """A message as it goes over the wire: the whole body is signed, in a header."""
    try:
        key = bytes.fromhex(secret or KEY)
    except ValueError:  # A forger's.
        key = secret.encode()
    signature = base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()
    headers = {
        "Content-Type": "application/json",
        "HmacSignature": signature,
        "Protocol": "HmacSHA256",
    }
    return headers, message


def _written(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
