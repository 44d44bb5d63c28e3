"""Paying merchants at Stripe: a transfer to the merchant's connected account, and a payout from there to the bank.

Before anything is moved it is looked at: Stripe keeps an idempotency key for a day, and the lists, which do not lag,
for ever. So pay_out can be called again at any time, and goes on where it stands: what has a transfer is not
transferred again, what has a payout is not paid again, and where the payout was refused or failed the transfer is
reversed. The keys are for two that look at the same moment. The connected accounts are on a manual schedule of
payouts, or Stripe would pay out by itself what we mean to.

Sources, at docs.stripe.com: /api/transfers, /api/transfer_reversals, /api/payouts, /connect/manage-payouts,
/currencies#special-cases, /api/idempotent_requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import stripe

from kernel.clock import wall
from kernel.money import Money
from paygate.psp.events import Irrelevant, News, PayoutMoved, Unreadable
from paygate.psp.gateway import Declined, NotSent, Unknown
from paygate.psp.payouts import InTransit, PaidOut, PayOut, PayoutOutcome, Refused
from paygate.psp.stripe import refusals, translate
from paygate.psp.stripe.calls import Calls
from paygate.psp.wire import Inexpressible

TRANSFERS = "/v1/transfers"
PAYOUTS = "/v1/payouts"
PAGES = 10  # How much of an account's payouts is read before we say that we cannot tell.
CLOCKS_DIFFER = timedelta(hours=1)  # More than they do: to read some more costs nothing.
DESCRIPTOR = 22  # Characters that a statement has room for.

WHOLE_ONLY = frozenset(("HUF", "TWD"))  # Charged in hundredths, and paid out without.
COMING = frozenset(("pending", "in_transit"))
FAILED = frozenset(("failed", "canceled"))

Body = Mapping[str, Any]


class StripePayer:
    """See paygate.psp.payouts.Payer."""

    _calls: Calls

    def pay_out(self, request: PayOut) -> PayoutOutcome:
        if refused := unpayable(request):
            return refused
        try:
            transfer = self._transfer(request)
        except Exception as error:
            return unasked(error)
        payout = None
        try:
            if transfer:
                payout = self._payout(request)
            elif request.known_as:
                return Unknown(f"Stripe does not show the transfer of {request.known_as}")
            else:
                params = transfer_creation(request)
                transfer = self._calls.post(TRANSFERS, f"{request.key}:transfer", **params)
        except Exception as error:  # Also what the SDK trips over in a reply, when all is done.
            return unasked(error, half_done=True) if transfer else failed(error)
        if (ended := ended_by(request, transfer, payout)) is not None:
            return ended
        return self._pay(request, transfer, payout)

    def look_up_payout(self, request: PayOut) -> PayoutOutcome:
        try:
            transfer = self._transfer(request)
            payout = transfer and self._payout(request)
            if not transfer:
                return NotSent(f"Stripe has no transfer of {request.key}")
            if (ended := ended_by(request, transfer, payout)) is not None:
                return ended
            if not payout:
                return Unknown(f"{transfer['id']} was made, and no payout yet: pay_out goes on")
            outcome = stands(request, payout)
        except Exception as error:  # A question that failed, for whatever reason, answers nothing.
            return Unknown(f"the look-up failed: {type(error).__name__}: {error}")
        if isinstance(outcome, Refused):
            return Unknown(f"{payout['id']} failed, {transfer['id']} not reversed: pay_out does it")
        return outcome

    def _pay(self, request: PayOut, transfer: Body, payout: Body | None) -> PayoutOutcome:
        """The second half: pay what was transferred, or take it back."""
        if not payout and request.known_as:
            return Unknown(f"Stripe does not show {request.known_as}")
        if not payout:
            try:
                payout = self._calls.post(
                    PAYOUTS,
                    f"{request.key}:payout",
                    stripe_account=request.account,
                    **payout_creation(request),
                )
            except Exception as error:
                answer = failed(error, of_account=True)
                if isinstance(answer, Refused):
                    return self._take_back(request, transfer, answer)
                return Unknown(f"{transfer['id']} was made; of its payout: {answer.why}")
        outcome = stands(request, payout)
        if isinstance(outcome, Refused):
            return self._take_back(request, transfer, outcome)
        return outcome

    def _take_back(self, request: PayOut, transfer: Body, refused: Refused) -> Refused | Unknown:
        """Refused, once the money is ours again.

        Stripe remembers a refusal under its key as well; so the key is of the hour. It need not be of the payout
        alone: a whole transfer can be reversed only once.
        """
        hour = int(wall().timestamp()) // 3600
        path = f"{TRANSFERS}/{quote(transfer['id'])}/reversals"
        params = {"amount": transfer["amount"], "metadata": {"payout": request.key}}
        try:
            made = self._calls.post(path, f"{request.key}:reversal:{hour}", **params)
            if made.get("object") == "transfer_reversal" and made["amount"] == transfer["amount"]:
                return refused
            why = f"Stripe answered with {made!r:.200}"
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
        return Unknown(
            f"the payout is {refused.code}, and {transfer['id']} perhaps not reversed: {why}"
        )

    def _transfer(self, request: PayOut) -> dict[str, Any] | None:
        """Each of ours is in a group of its own. Raises what the SDK raises, and TwoTransfers."""
        listed = self._calls.listed(TRANSFERS, pages=1, transfer_group=request.key)
        found = [made for made in listed if _ours(made) == request.key]
        if len(found) > 1:
            raise TwoTransfers(", ".join(made["id"] for made in found))
        return found[0] if found else None

    def _payout(self, request: PayOut) -> dict[str, Any] | None:
        """Among those of the connected account, which pays what we did not ask for as well.

        Of several the last counts: there is a second only where a person made one with our reference.
        """
        window: dict[str, Any] = {}
        if request.created_at:
            window["created"] = {"gte": int((request.created_at - CLOCKS_DIFFER).timestamp())}
        listed = self._calls.listed(PAYOUTS, pages=PAGES, stripe_account=request.account, **window)
        return next((made for made in listed if _ours(made) == request.key), None)


class TwoTransfers(Exception):
    """More than one transfer is of the payout: for a person."""


# ------------------------------------------------------------------------------------------ asking


def unpayable(request: PayOut) -> Refused | None:
    """Why there is no way to put this to Stripe; None when there is one."""
    amount = request.amount
    if not request.account:
        return Refused("", "no_connected_account", "The merchant has no account at Stripe.")
    if amount.currency not in translate.SUPPORTED:
        said = f"Stripe does not pay out in {amount.currency}."
        return Refused("", "currency_not_supported", said)
    try:
        units = translate.units(amount)
    except Inexpressible as error:
        return Refused("", "amount_not_payable", f"Stripe cannot count it: {error}")
    if amount.currency in WHOLE_ONLY and units % 100:
        said = f"Stripe pays out whole {amount.currency} only, not {amount}."
        return Refused("", "amount_not_payable", said)
    return None


def transfer_creation(request: PayOut) -> dict[str, Any]:
    return {
        "amount": translate.units(request.amount),
        "currency": request.amount.currency.lower(),
        "destination": request.account,
        "transfer_group": request.key,
        "metadata": {"payout": request.key, "merchant": request.merchant},
    }


def payout_creation(request: PayOut) -> dict[str, Any]:
    params = {
        "amount": translate.units(request.amount),
        "currency": request.amount.currency.lower(),
        "metadata": {"payout": request.key, "merchant": request.merchant},
    }
    if request.statement_descriptor:
        params["statement_descriptor"] = request.statement_descriptor[:DESCRIPTOR]
    return params


# -------------------------------------------------------------------------------------- the answers


def ended_by(request: PayOut, transfer: Body, payout: Body | None) -> Refused | Unknown | None:
    """What the transfer says of it by itself; None where it is whole, and the payout decides."""
    if transfer.get("object") != "transfer" or not transfer.get("id"):
        return Unknown("Stripe answered with something else than a transfer")
    if doubt := _differs(request, transfer):
        return doubt
    if transfer.get("destination") != request.account:
        return Unknown(f"{transfer['id']} is to {transfer.get('destination')!r:.100}, another one")
    reversed_ = transfer.get("amount_reversed")
    if reversed_ == 0:
        return None
    if reversed_ != transfer["amount"]:
        return Unknown(f"of {transfer['id']} a part was reversed: {reversed_!r}")
    if payout and payout.get("status") not in FAILED:
        return Unknown(f"{transfer['id']} was reversed, and {payout['id']} has not failed")
    return _refused(payout) if payout else Refused(transfer["id"], "transfer_reversed")


def stands(request: PayOut, payout: Body) -> InTransit | PaidOut | Refused | Unknown:
    """How a payout of ours stands."""
    if payout.get("object") != "payout" or not payout.get("id"):
        return Unknown("Stripe answered with something else than a payout")
    return _differs(request, payout) or _standing(payout)


def _standing(payout: Body) -> InTransit | PaidOut | Refused | Unknown:
    status = str(payout.get("status"))
    if status in COMING:
        arrival = payout.get("arrival_date")
        on = datetime.fromtimestamp(arrival, UTC).date() if isinstance(arrival, int) else None
        return InTransit(payout["id"], on)
    if status == "paid":
        return PaidOut(payout["id"])
    if status in FAILED:
        return _refused(payout)
    return Unknown(f"{payout['id']} is {status!r}, which no document of Stripe's knows")


def _refused(payout: Body) -> Refused:
    why = str(payout.get("failure_code") or payout.get("status"))
    return Refused(str(payout["id"]), why, str(payout.get("failure_message") or ""))


def _differs(request: PayOut, made: Body) -> Unknown | None:
    asked = (translate.units(request.amount), request.amount.currency.lower())
    if (made.get("amount"), made.get("currency")) == asked:
        return None
    return Unknown(
        f"AMOUNT DIFFERS: {made['id']} says {made.get('amount')!r} {made.get('currency')!r},"
        f" we expected {asked[0]} (in Stripe's units)"
    )


def unasked(error: Exception, *, half_done: bool = False) -> NotSent | Unknown:
    """What it means that Stripe did not say what it has: this time nothing was moved, earlier perhaps."""
    why = f"Stripe did not say what it has: {type(error).__name__}: {error}"
    if not half_done and isinstance(refusals.failed(error), NotSent):
        return NotSent(why)
    return Unknown(why)


def failed(error: Exception, *, of_account: bool = False) -> Refused | NotSent | Unknown:
    """What an exception of the SDK says about the request that raised it.

    That we may do nothing for an account (any more) is an answer about that account: a payout there is refused.
    """
    if of_account and isinstance(error, stripe.PermissionError):
        return Refused("", str(error.code or "account_invalid"), str(error))
    outcome = refusals.failed(error)
    if isinstance(outcome, Declined):
        return Refused("", outcome.psp_code, outcome.psp_message)
    assert isinstance(outcome, NotSent | Unknown)
    return outcome


# ----------------------------------------------------------------------------------------- webhooks


def reported(payout: Body) -> News:
    """What a webhook says of a payout. Raises Unreadable.

    A failure is none yet, as the transfer is not reversed; so it is Unknown, which pay_out resolves. Whoever has
    the connected account may write into its payouts what he likes, our reference too: hence the amount.
    """
    if payout.get("object") != "payout" or not payout.get("id"):
        raise Unreadable("a payout that is none")
    ours = _ours(payout)
    if not ours.startswith("po_"):
        return Irrelevant("a payout that we did not ask for")
    reference = str(payout["id"])
    outcome = _standing(payout)
    if isinstance(outcome, Refused):
        why = f"{reference} failed ({outcome.code}): pay_out takes the transfer back"
        return PayoutMoved(ours, Unknown(why), reference, _amount(payout))
    if isinstance(outcome, Unknown):
        raise Unreadable(outcome.why)
    return PayoutMoved(ours, outcome, reference, _amount(payout))


def _amount(payout: Body) -> Money:
    return translate.told_money(payout.get("amount"), payout.get("currency"))


def _ours(made: Body) -> str:
    metadata = made.get("metadata")
    return str(metadata.get("payout", "")) if isinstance(metadata, Mapping) else ""
