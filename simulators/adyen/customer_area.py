"""What people do at Adyen: the bank that disputes, the card scheme that fails, the merchant at the screen."""

from __future__ import annotations

from typing import Any

from simulators.adyen.disputes import Disputes
from simulators.adyen.payments import Payment, Payments
from simulators.adyen.refunds import Refunds
from simulators.adyen.transfers import Transfers


class CustomerArea:
    """See simulators.psp.Psp.perform; also

    fail_capture  {"payment"}: its newest capture comes to nothing
    recapture     {"payment"}: what had failed is taken after all
    """

    def __init__(
        self, payments: Payments, refunds: Refunds, disputes: Disputes, transfers: Transfers
    ) -> None:
        self._payments = payments
        self._refunds = refunds
        self._disputes = disputes
        self._transfers = transfers

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
        raise LookupError(f"no such act: {act}")

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
