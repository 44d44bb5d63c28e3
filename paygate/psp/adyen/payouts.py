"""Paying merchants at Adyen: one transfer out of our balance account to the merchant's bank account.

Like everything there it is only asked for, and told of as it moves; unlike payments, transfers can be looked up, by
our reference, for ever. So pay_out looks before it asks: Adyen keeps an idempotency key for a week, and answers what
it first answered. Sources: TransferService-v4.json and BalancePlatformTransferNotification-v4.json of github.com/
Adyen/adyen-openapi; docs.adyen.com/payouts/payout-service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from kernel.clock import now
from paygate.psp.adyen import translate
from paygate.psp.adyen.item import amount, moment
from paygate.psp.events import Irrelevant, News, PayoutMoved, Unreadable
from paygate.psp.gateway import Declined, NotSent, Unknown
from paygate.psp.payouts import (
    BankAccount,
    InTransit,
    PaidOut,
    PayOut,
    PayoutOutcome,
    Refused,
    Returned,
)
from paygate.psp.wire import Inexpressible

TRANSFERS = "https://balanceplatform-api-test.adyen.com/btl/v4/transfers"  # Where the SDK starts.
PAGE = 100
CLOCKS_DIFFER = timedelta(hours=1)  # More than they do.
WINDOW = timedelta(days=180)  # Of creation, in which a look-up may search: six months.

COMING = frozenset(
    (
        *("received", "authorised", "bookingPending"),
        *("approvalPending", "pendingApproval", "pendingExecution"),
    )
)
BOOKED = frozenset(("booked", "credited"))
REFUSED = frozenset(("refused", "rejected", "failed", "cancelled", "expired"))
#: What banks on both sides of the ocean can print.
UNPRINTABLE = re.compile(r"[^A-Za-z0-9?'+ -]+")

Body = Mapping[str, Any]


class AdyenPayer:
    """See paygate.psp.payouts.Payer."""

    _transfers: Any  # The SDK's transfers_api.
    _balance_account: str

    def pay_out(self, request: PayOut) -> PayoutOutcome:
        if refused := unpayable(request):
            return refused
        if not self._balance_account:
            return NotSent("no balance account is configured")
        try:
            if found := self._find(request):
                return stands(request, found)
            if request.known_as:
                return Unknown(f"Adyen does not show {request.known_as}")
        except Exception as error:
            why = f"Adyen did not say what it has: {type(error).__name__}: {error}"
            return NotSent(why) if isinstance(failed(error), NotSent) else Unknown(why)
        try:
            body = creation(request, balance_account=self._balance_account)
            made = self._transfers.transfer_funds(body, idempotency_key=request.key)
            return stands(request, made.message)
        except Exception as error:  # Also what the SDK trips over in a reply, when all is done.
            return failed(error)

    def look_up_payout(self, request: PayOut) -> PayoutOutcome:
        try:
            if found := self._find(request):
                return stands(request, found)
        except Exception as error:  # A question that failed, for whatever reason, answers nothing.
            return Unknown(f"the look-up failed: {type(error).__name__}: {error}")
        return NotSent(f"Adyen has no transfer of {request.key}")

    def _find(self, request: PayOut) -> Body | None:
        """Raises what the SDK raises, and ValueError where there is more than one, or no telling."""
        since = (request.created_at or now() - WINDOW + 2 * CLOCKS_DIFFER) - CLOCKS_DIFFER
        parameters = {
            "balanceAccountId": quote(self._balance_account),
            "reference": quote(request.key),
            "createdSince": _instant(since),
            "createdUntil": _instant(since + WINDOW),
            "limit": PAGE,
        }
        message = self._transfers.get_all_transfers(query_parameters=parameters).message
        found = [made for made in message["data"] if made.get("reference") == request.key]
        if len(found) > 1:
            raise ValueError(f"{len(found)} transfers are of {request.key}")
        if not found and "next" in (message.get("_links") or {}):
            raise ValueError("Adyen's answer has pages of transfers that are not asked for")
        return found[0] if found else None


# ------------------------------------------------------------------------------------------ asking


def unpayable(request: PayOut) -> Refused | None:
    """Why there is no way to put this to Adyen; None when there is one."""
    if request.bank is None or not request.bank.holder or not identification(request.bank):
        said = "There is no bank account of the merchant's that Adyen can be told of."
        return Refused("", "no_bank_account", said)
    if request.amount.currency not in translate.SUPPORTED:
        said = f"Adyen does not pay out in {request.amount.currency}."
        return Refused("", "currency_not_supported", said)
    try:
        translate.amount(request.amount)
    except Inexpressible as error:
        return Refused("", "amount_not_payable", f"Adyen cannot count it: {error}")
    return None


def identification(bank: BankAccount) -> dict[str, str] | None:
    """accountIdentification; None for an account that has neither an IBAN nor a number with its bank's."""
    if bank.iban:
        return {"type": "iban", "iban": bank.iban}
    if bank.account_number and bank.routing_number:
        return {
            "type": "usLocal",
            "accountNumber": bank.account_number,
            "accountType": bank.account_type,
            "routingNumber": bank.routing_number,
        }
    if bank.account_number and bank.bic:
        return {"type": "numberAndBic", "accountNumber": bank.account_number, "bic": bank.bic}
    return None


def creation(request: PayOut, *, balance_account: str) -> dict[str, Any]:
    """POST /transfers."""
    assert request.bank is not None
    body = {
        "amount": translate.amount(request.amount),
        "balanceAccountId": balance_account,
        "category": "bank",
        "counterparty": {
            "bankAccount": {
                "accountHolder": {"fullName": request.bank.holder},
                "accountIdentification": identification(request.bank),
            }
        },
        "priority": "regular",
        "reference": request.key,
    }
    if said := " ".join(UNPRINTABLE.sub(" ", request.statement_descriptor).split()):
        body["description"] = said[:140]
    return body


# -------------------------------------------------------------------------------------- the answers


def stands(request: PayOut, transfer: Body) -> PayoutOutcome:
    """How a transfer of ours stands."""
    if not isinstance(transfer, Mapping) or not transfer.get("id"):
        return Unknown("Adyen answered with something else than a transfer")
    asked, said = translate.amount(request.amount), transfer.get("amount")
    if said != asked:
        return Unknown(f"AMOUNT DIFFERS: {transfer['id']} says {said!r}, we expected {asked}")
    if transfer.get("reference") != request.key:
        return Unknown(f"{transfer['id']} is of {transfer.get('reference')!r:.100}, another payout")
    return _standing(transfer)


def _standing(transfer: Body) -> PayoutOutcome:
    """A bank may refuse what was booked before; then it came back to us."""
    reference, status = str(transfer["id"]), str(transfer.get("status"))
    why = str(transfer.get("reason") or status)
    if status in COMING:
        return InTransit(reference, _arrives(transfer))
    if status in BOOKED:
        return PaidOut(reference)
    if status == "returned" or (status in REFUSED and _was_booked(transfer)):
        return Returned(reference, why)
    if status in REFUSED:
        return Refused(reference, why)
    return Unknown(f"{reference} is {status!r}, which is no end and no way to one")


def _was_booked(transfer: Body) -> bool:
    events = transfer.get("events")
    return isinstance(events, list) and any(
        isinstance(event, Mapping) and event.get("status") == "booked" for event in events
    )


def _arrives(transfer: Body) -> Any:
    tracking = transfer.get("tracking")
    said = tracking.get("estimatedArrivalTime") if isinstance(tracking, Mapping) else None
    at = moment(said)
    return at.date() if at else None


def failed(error: Exception) -> Refused | NotSent | Unknown:
    """As translate.failed; this API's errors have a title and a detail."""
    outcome = translate.failed(error)
    if not isinstance(outcome, Declined):
        return outcome
    body = getattr(error, "message", None)
    body = body if isinstance(body, dict) else {}
    said = outcome.psp_message or body.get("detail") or body.get("title") or ""
    return Refused(outcome.psp_reference, outcome.psp_code or "refused", str(said))


# ----------------------------------------------------------------------------------------- webhooks


def reported(transfer: object) -> News:
    """What a webhook says of a transfer. Raises Unreadable.

    A balance account has transfers of many kinds; ours go out to banks, and have our reference.
    """
    if not isinstance(transfer, Mapping) or not isinstance(transfer.get("id"), str):
        raise Unreadable("a transfer that is none")
    ours = str(transfer.get("reference") or "")
    going = transfer.get("direction", "outgoing") == "outgoing"
    if not (ours.startswith("po_") and going and transfer.get("category") == "bank"):
        return Irrelevant("a transfer that we did not ask for")
    outcome = _standing(transfer)
    if isinstance(outcome, Unknown):
        raise Unreadable(outcome.why)
    return PayoutMoved(ours, outcome, transfer["id"], amount(transfer))


def _instant(at: datetime) -> str:
    """As the query has room for it: the SDK encodes nothing, and a + would be a space."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
