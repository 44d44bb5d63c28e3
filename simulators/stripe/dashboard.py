"""What people do at Stripe itself and at banks: the acts of the control room."""

from __future__ import annotations

from typing import Any

from simulators.stripe.acts import Acts
from simulators.stripe.amounts import check_currency, from_iso, iso_minor
from simulators.stripe.balance import Balance
from simulators.stripe.dispute import NETWORK_CODES, Dispute
from simulators.stripe.disputes import Disputes
from simulators.stripe.errors import StripeError
from simulators.stripe.payment_intent import PaymentIntent
from simulators.stripe.payouts import Payouts
from simulators.stripe.refunds import Refund, Refunds
from simulators.stripe.reports import Reports
from simulators.stripe.settlement import Settlement


class Dashboard:
    """See simulators.psp.Psp.perform and .disputes. And what only Stripe has:

    price        {"basis_points", "fixed"}: what Stripe keeps of a charge from now on; fixed in its own minor units
    settle_in    {"currency": "GBP", "in": "EUR", "rate": "1.1700"}: what is charged in the one is paid in the other
    fee          {"amount", "currency", "description"?}: one of no payment
    cut          pays what moved so far; the "id" of the first payout, empty where there is nothing to pay
    report       {"report_type", "interval_start"?, "interval_end"?, "columns"?}: a report that somebody runs there
    fail_report  the next report run fails
    """

    def __init__(
        self,
        acts: Acts,
        refunds: Refunds,
        disputes: Disputes,
        payouts: Payouts,
        balance: Balance,
        settlement: Settlement,
        reports: Reports,
    ) -> None:
        self._acts = acts
        self._refunds = refunds
        self._disputes = disputes
        self._payouts = payouts
        self._balance = balance
        self._settlement = settlement
        self._reports = reports

    def perform(self, act: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"id": self._perform(act, arguments)}
        except StripeError as error:
            raise ValueError(str(error)) from None

    def _perform(self, act: str, arguments: dict[str, Any]) -> str:
        match act:
            case "dispute":
                return self._dispute(arguments)
            case "decide":
                dispute = self._disputes.find(arguments["dispute"])
                self._disputes.decide(dispute, won=_won(arguments["outcome"]))
                return dispute.id
            case "escalate":
                dispute = self._disputes.find(arguments["dispute"])
                self._disputes.escalate(dispute)
                return dispute.id
            case "refund":
                intent = self._intent(arguments["payment"])
                amount = arguments.get("amount")
                params = (
                    {} if amount is None else {"amount": str(from_iso(amount, intent.currency))}
                )
                refund = self._refunds.create(intent, params, attempt="")
                self._disputes.refunded(intent)
                return refund.id
            case "fail_refund":
                refund = self._refund(arguments)
                self._refunds.fail(refund, "unknown")
                return refund.id
            case "cancel":
                intent = self._intent(arguments["payment"])
                self._acts.cancel(intent, {}, attempt="")
                return intent.id
            case "fail_payout":
                payout = self._payouts.of(arguments["payout"])
                if payout.status == "paid":
                    raise ValueError(f"{payout.id} is paid: it can only be returned")
                self._payouts.fail(payout, "could_not_process")
                return payout.id
            case "return_payout":
                payout = self._payouts.of(arguments["payout"])
                self._payouts.bounce(payout)
                return payout.id
            case "price":
                self._balance.price(int(arguments["basis_points"]), int(arguments["fixed"]))
                return act
            case "settle_in":
                self._balance.settle_in(arguments["currency"], arguments["in"], arguments["rate"])
                return act
        return self._of_settlement(act, arguments)

    def _of_settlement(self, act: str, arguments: dict[str, Any]) -> str:
        match act:
            case "cut":
                return self._settlement.cut()
            case "fee":
                currency = check_currency(arguments["currency"])
                amount = from_iso(int(arguments["amount"]), currency)
                said = arguments.get("description") or "Radar"
                return self._settlement.charge(amount, currency, said)
            case "report":
                return self._report(arguments)
            case "fail_report":
                self._reports.fail_next()
                return act
        raise LookupError(f"nobody does that at Stripe: {act}")

    def _dispute(self, arguments: dict[str, Any]) -> str:
        intent = self._intent(arguments["payment"])
        reason = arguments.get("reason") or "fraudulent"
        kind = arguments.get("kind") or "chargeback"
        if reason not in NETWORK_CODES or kind not in ("chargeback", "inquiry"):
            raise ValueError(f"no such dispute at Stripe: {kind}, {reason}")
        amount = from_iso(int(arguments.get("amount") or 0), intent.currency)
        opened = self._disputes.open(intent, reason, inquiry=kind == "inquiry", amount=amount)
        return opened.id

    def _report(self, arguments: dict[str, Any]) -> str:
        """Of all there is, unless it is said of when."""
        until = arguments.get("interval_end") or self._balance.now() + 1
        asked: dict[str, Any] = {
            "interval_start": str(int(arguments.get("interval_start") or 0)),
            "interval_end": str(int(until)),
        }
        if "columns" in arguments:
            asked["columns"] = dict(enumerate(arguments["columns"]))
        params = {"report_type": arguments["report_type"], "parameters": asked}
        self._reports.check_create(params)
        return self._reports.create(params, livemode=False, host="https://files.stripe.com").id

    def _intent(self, payment: str) -> PaymentIntent:
        """The payment's newest PaymentIntent that came to something. Raises LookupError."""
        of_payment = [
            intent
            for intent in self._acts.newest_first()
            if intent.metadata.get("payment") == payment
        ]
        for intent in of_payment:
            if intent.received or intent.capturable:
                return intent
        if of_payment:
            return of_payment[0]
        raise LookupError(f"no such payment: {payment}")

    def _refund(self, arguments: dict[str, Any]) -> Refund:
        if "refund" in arguments:
            return self._refunds.find(arguments["refund"])
        for refund in self._refunds.newest_first(self._intent(arguments["payment"]).id):
            if refund.status != "failed":
                return refund
        raise LookupError(f"nothing of {arguments['payment']} was refunded")

    def disputes(self) -> list[dict[str, Any]]:
        return [_shown(dispute) for dispute in self._disputes.newest_first()]


def _won(outcome: str) -> bool:
    if outcome not in ("won", "lost"):
        raise ValueError(f"a dispute is won or lost, not {outcome}")
    return outcome == "won"


def _shown(dispute: Dispute) -> dict[str, Any]:
    intent = dispute.intent
    return {
        "id": dispute.id,
        "payment": intent.metadata.get("payment", ""),
        "psp_reference": intent.id,
        "amount": iso_minor(dispute.amount, intent.currency),
        "currency": intent.currency.upper(),
        "status": dispute.status,
        "round": dispute.round,
        "reason": dispute.reason,
        "kind": dispute.case_type,
        "due_by": dispute.due_by,
        "submissions": dispute.submissions,
        "evidence": sorted(dispute.evidence),
    }
