"""What people do at Adyen: the bank that disputes, the card scheme that fails, the merchant at the screen."""

from __future__ import annotations

from typing import Any

from simulators.adyen.batches import Batches
from simulators.adyen.disputes import Disputes
from simulators.adyen.payments import Payment, Payments
from simulators.adyen.refunds import Refunds
from simulators.adyen.transfers import Transfers


class CustomerArea:
    """See simulators.psp.Psp.perform; also

    fail_capture  {"payment"}: its newest capture comes to nothing
    recapture     {"payment"}: what had failed is taken after all
    cut           what is not settled yet is settled now; the id is the name of the (last) report
    price         {"basis_points", "fixed"}: what each capture costs that is settled from now on
    settle_in     {"currency", "in", "rate"}: that currency is settled in another one from now on
    invoice       {"amount", "currency", "text"?}: a fee of no payment, in the next report
    """

    def __init__(
        self,
        payments: Payments,
        refunds: Refunds,
        disputes: Disputes,
        transfers: Transfers,
        batches: Batches,
    ) -> None:
        self._payments = payments
        self._refunds = refunds
        self._disputes = disputes
        self._transfers = transfers
        self._batches = batches

    def perform(self, act: str, arguments: dict[str, Any]) -> str:
        """The pspReference of what came of it. Raises LookupError, ValueError."""
        match act:
            case "decide":
                dispute = self._disputes.find(arguments["dispute"])
                self._disputes.decide(dispute, won=arguments["outcome"] == "won")
                return dispute.psp
            case "escalate":
                dispute = self._disputes.find(arguments["dispute"])
                self._disputes.escalate(dispute)
                return dispute.psp
            case "fail_refund" if "refund" in arguments:
                return self._refunds.fail(refund=arguments["refund"])
            case "dispute" | "refund" | "fail_refund" | "cancel" | "fail_capture" | "recapture":
                payment = self._payments.latest(arguments["payment"])
                return self._to_payment(act, payment, arguments)
            case "fail_payout" | "return_payout":
                transfer = self._transfers.of(arguments["payout"])
                if act == "fail_payout":
                    self._transfers.fail(transfer)
                else:
                    self._transfers.give_back(transfer)
                return transfer.id
            case "cut" | "price" | "settle_in" | "invoice":
                return self._to_batches(act, arguments)
        raise LookupError(f"no such act: {act}")

    def _to_batches(self, act: str, arguments: dict[str, Any]) -> str:
        match act:
            case "cut":
                return self._batches.cut()
            case "price":
                self._batches.set_price(int(arguments["basis_points"]), int(arguments["fixed"]))
            case "settle_in":
                currency, rate = arguments["currency"], str(arguments["rate"])
                self._batches.settle_in(currency, arguments["in"], rate)
            case "invoice":
                text = arguments.get("text", "Transaction Fees")
                return self._batches.invoice(int(arguments["amount"]), arguments["currency"], text)
        return ""

    def _to_payment(self, act: str, payment: Payment, arguments: dict[str, Any]) -> str:
        match act:
            case "dispute":
                return self._disputes.begin(
                    payment,
                    reason=arguments.get("reason", ""),
                    inquiry=arguments.get("kind") == "inquiry",
                    iso=arguments.get("amount"),
                ).psp
            case "refund":
                return self._refunds.make_by_hand(payment, arguments.get("amount"))
            case "fail_refund":
                return self._refunds.fail(payment=payment)
            case "fail_capture":
                return self._payments.fail_capture(payment)
            case "recapture":
                return self._payments.recapture(payment)
        if not payment.held:
            raise ValueError(f"nothing is held of {payment.reference}")
        return self._payments.cancel(payment, attempt="")
