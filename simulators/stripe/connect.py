"""The calls by which a platform pays its connected accounts, as the wire has them."""

from __future__ import annotations

from typing import Any

from simulators.simulator import Call, Route
from simulators.stripe import params as p
from simulators.stripe.amounts import check_amount, check_currency
from simulators.stripe.errors import InvalidRequest, missing
from simulators.stripe.listing import listed
from simulators.stripe.payout import payout_shown, transfer_shown
from simulators.stripe.payouts import Payouts

_TRANSFERS = "/v1/transfers"
_PAYOUTS = "/v1/payouts"
_WHOLE_ONLY = ("huf", "twd")  # Charged with decimals, and paid out without.

ROUTES = (
    Route("POST", _TRANSFERS, "create_transfer"),
    Route("GET", _TRANSFERS, "list_transfers", moves=False),
    Route("GET", f"{_TRANSFERS}/{{id}}", "retrieve_transfer", moves=False),
    Route("POST", f"{_TRANSFERS}/{{id}}/reversals", "reverse_transfer"),
    Route("POST", _PAYOUTS, "create_payout"),
    Route("GET", _PAYOUTS, "list_payouts", moves=False),
    Route("GET", f"{_PAYOUTS}/{{id}}", "retrieve_payout", moves=False),
)


def check(call: Call) -> None:
    """Raises InvalidRequest for what Stripe refuses before it begins; of other calls it knows nothing."""
    match call.route.act:
        case "create_transfer":
            _check_transfer(call.params)
        case "reverse_transfer":
            p.check_names(call.params, p.REVERSAL)
            p.metadata(call.params)
        case "create_payout":
            _check_payout(call.params)


def _check_transfer(params: p.Tree) -> None:
    p.check_names(params, p.TRANSFER)
    _check_amount(params)
    if not params.get("destination"):
        raise missing("destination")


def _check_payout(params: p.Tree) -> None:
    p.check_names(params, p.PAYOUT)
    _check_amount(params)
    p.one_of(params, "method", "standard", "instant")
    if len(params.get("statement_descriptor", "")) > 22:
        raise InvalidRequest(
            "The statement descriptor must be at most 22 characters.", param="statement_descriptor"
        )
    if params["currency"].lower() in _WHOLE_ONLY and int(params["amount"]) % 100:
        raise InvalidRequest(
            f"Payouts in {params['currency']} must be evenly divisible by 100.", param="amount"
        )


def _check_amount(params: p.Tree) -> None:
    amount = p.integer(params, "amount")
    if not params.get("currency"):
        raise missing("currency")
    check_amount(amount, check_currency(params["currency"]))
    p.metadata(params)


class Connect:
    """What the server answers to ROUTES. Payouts are the account's that the header names."""

    _payouts: Payouts

    def create_transfer(self, call: Call) -> dict[str, Any]:
        made = self._payouts.create_transfer(call.params, key=call.key, livemode=_live(call))
        return transfer_shown(made)

    def list_transfers(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.TRANSFER_LIST)
        if after := call.params.get("starting_after"):
            self._payouts.transfer(after)
        found = self._payouts.transfers(call.params)
        return listed(found, call.params, url=_TRANSFERS, show=transfer_shown)

    def retrieve_transfer(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.ONLY_EXPAND)
        return transfer_shown(self._payouts.transfer(call.id))

    def reverse_transfer(self, call: Call) -> dict[str, Any]:
        transfer = self._payouts.transfer(call.id)
        return self._payouts.reverse(transfer, call.params, key=call.key)

    def create_payout(self, call: Call) -> dict[str, Any]:
        made = self._payouts.create_payout(
            call.params, account=_account(call), key=call.key, livemode=_live(call)
        )
        return payout_shown(made)

    def list_payouts(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.PAYOUT_LIST)
        account = _account(call)
        if after := call.params.get("starting_after"):
            self._payouts.payout(after, account)
        found = self._payouts.payouts(account, call.params.get("status", ""))
        return listed(found, call.params, url=_PAYOUTS, show=payout_shown)

    def retrieve_payout(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.ONLY_EXPAND)
        return payout_shown(self._payouts.payout(call.id, _account(call)))


def _account(call: Call) -> str:
    return call.request.headers.get("stripe-account", "")


def _live(call: Call) -> bool:
    secret = call.request.headers["authorization"].partition(" ")[2]
    return secret.startswith(("sk_live", "rk_live"))
