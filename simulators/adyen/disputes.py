"""Disputes at Adyen: how each begins, what it does to the money, and by which events it is told.

    inquiry        REQUEST_FOR_INFORMATION; answered: INFORMATION_SUPPLIED. It ends by itself (nobody answered:
                   DISPUTE_DEFENSE_PERIOD_ENDED, Expired; the bank is content: ISSUER_RESPONSE_TIMEFRAME_EXPIRED,
                   Won) or becomes a chargeback
    chargeback     NOTIFICATION_OF_CHARGEBACK and CHARGEBACK, which takes the money. Undefended or accepted it ends
                   with DISPUTE_DEFENSE_PERIOD_ENDED; defended it goes on with INFORMATION_SUPPLIED, and then
      allocation   (Visa, for fraud and authorization) CHARGEBACK_REVERSED, which gives the money back, or
                   PREARBITRATION_LOST
      otherwise    CHARGEBACK_REVERSED at once, as the bank has yet to look, and later
                   ISSUER_RESPONSE_TIMEFRAME_EXPIRED or SECOND_CHARGEBACK, which takes the money again

What was won may be taken up once more by a SECOND_CHARGEBACK, which is final. All events of a dispute have one
pspReference. Sources: Webhooks-v1 and DisputeService-v30, OpenAPI; docs.adyen.com/risk-management/
understanding-disputes/dispute-process-and-flow.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulators.adyen.fields import iso_minor, units
from simulators.adyen.notices import Notices
from simulators.adyen.payments import Payment, Payments
from simulators.clock import Clock

DAY = 24 * 3600.0
DISPUTED_AFTER = 1.0  # Seconds from the capture of a card whose holder will dispute it.
DEFENCE_SECONDS = 10 * DAY
DECISION_SECONDS = 30 * DAY
REVERSED_AFTER = 1.0  # Seconds from the defence, where the money comes back before the decision.
WINNING = b"winning_evidence"
PERIOD_ENDED = "DISPUTE_DEFENSE_PERIOD_ENDED"

#: What the schemes call a reason: Visa, Mastercard. Adyen writes a space before Mastercard's.
_CODES = {
    "fraudulent": ("10.4", "4837"),
    "unrecognized": ("10.4", "4863"),
    "product_not_received": ("13.1", "4855"),
    "product_unacceptable": ("13.3", "4853"),
    "duplicate": ("12.6.1", "4834"),
    "credit_not_processed": ("13.6", "4860"),
    "subscription_canceled": ("13.2", "4841"),
}
_REASONS = {
    "10.4": "Other Fraud-Card Absent Environment",
    "13.1": "Merchandise/Services Not Received",
    "13.3": "Not as Described or Defective Merchandise/Services",
}


@dataclass(slots=True)
class Dispute:
    """The amount is in Adyen's minor units. `status` is Undefended, Pending, Won, Lost, Accepted or Expired."""

    psp: str
    payment: Payment
    amount: int
    code: str
    inquiry: bool
    due: float
    status: str = "Undefended"
    round: int = 1
    withdrawn: bool = False
    reversed_at: float | None = None  # When the money comes back before the decision.
    decided_at: float | None = None
    documents: dict[str, bytes] = field(default_factory=dict)  # One of each type.
    told_at: float = 0.0

    @property
    def open(self) -> bool:
        return self.status in ("Undefended", "Pending")

    @property
    def allocation(self) -> bool:
        """Visa does not give the money back before the bank has decided on the defence."""
        return self.payment.card.brand == "visa" and self.code.startswith(("10.", "11."))


class Disputes:
    """The disputes of the company account."""

    def __init__(
        self,
        clock: Clock,
        payments: Payments,
        notices: Notices,
        new_reference: Callable[[], str],
    ) -> None:
        self._clock = clock
        self._payments = payments
        self._notices = notices
        self._new_reference = new_reference
        self._all: dict[str, Dispute] = {}
        self._open: dict[str, Dispute] = {}

    # -------------------------------------------------------------------------- what the bank does

    def begin(
        self, payment: Payment, *, reason: str = "", inquiry: bool = False, iso: int | None = None
    ) -> Dispute:
        """The payer disputes what is left of the payment, or so much of it. Raises ValueError."""
        amount = payment.left if iso is None else units(iso, payment.currency)
        if not 0 < amount <= payment.left:
            raise ValueError(f"{payment.reference} has {payment.left} left to dispute")
        visa, mastercard = _CODES.get(reason or "fraudulent", (reason, reason))
        dispute = Dispute(
            psp=self._new_reference(),
            payment=payment,
            amount=amount,
            code=mastercard if payment.card.brand == "mc" else visa,
            inquiry=inquiry,
            due=self._clock.timestamp() + DEFENCE_SECONDS,
        )
        self._all[dispute.psp] = self._open[dispute.psp] = dispute
        if inquiry:
            self._tell("REQUEST_FOR_INFORMATION", dispute)
        else:
            self._charge_back(dispute)
        return dispute

    def decide(self, dispute: Dispute, *, won: bool) -> None:
        """The bank's decision. Raises ValueError when there is nothing to decide."""
        if not dispute.open:
            raise ValueError(f"the dispute is {dispute.status}")
        if dispute.inquiry and not won:
            self.escalate(dispute)
        elif dispute.inquiry:
            self._close(dispute, "Won", "ISSUER_RESPONSE_TIMEFRAME_EXPIRED")
        elif dispute.status == "Undefended":
            self._close(
                dispute, *(("Won", "CHARGEBACK_REVERSED") if won else ("Lost", PERIOD_ENDED))
            )
        elif dispute.allocation:
            event = "CHARGEBACK_REVERSED" if won else "PREARBITRATION_LOST"
            self._close(dispute, "Won" if won else "Lost", event)
        else:
            self._reverse_for_now(dispute)
            event = "ISSUER_RESPONSE_TIMEFRAME_EXPIRED" if won else "SECOND_CHARGEBACK"
            self._close(dispute, "Won" if won else "Lost", event)

    def escalate(self, dispute: Dispute) -> None:
        """An inquiry becomes a chargeback; what was won is lost again. Raises ValueError for any other."""
        if dispute.open and dispute.inquiry:
            dispute.inquiry, dispute.status = False, "Undefended"
            dispute.round += 1
            dispute.documents, dispute.decided_at = {}, None
            dispute.due = self._clock.timestamp() + DEFENCE_SECONDS
            self._charge_back(dispute)
        elif dispute.status == "Won" and not dispute.inquiry:
            dispute.round += 1
            self._close(dispute, "Lost", "SECOND_CHARGEBACK")
        else:
            raise ValueError(f"the dispute is {dispute.status}")

    def pass_time(self) -> None:
        """Let begin and end what is due."""
        now = self._clock.timestamp()
        waiting, self._payments.regretted = self._payments.regretted, []
        for taken_at, payment in waiting:
            if now < taken_at + DISPUTED_AFTER:
                self._payments.regretted.append((taken_at, payment))
            elif payment.left > 0:
                self.begin(payment)
        for dispute in list(self._open.values()):
            if dispute.status == "Undefended" and now >= dispute.due:
                self._close(dispute, "Expired" if dispute.inquiry else "Lost", PERIOD_ENDED)
                continue
            if dispute.reversed_at is not None and now >= dispute.reversed_at:
                self._reverse_for_now(dispute)
            if dispute.decided_at is not None and now >= dispute.decided_at:
                won = any(WINNING in content for content in dispute.documents.values())
                self.decide(dispute, won=won)

    # ---------------------------------------------------------------------- what the merchant does

    def find(self, psp: str) -> Dispute:
        """Raises LookupError."""
        try:
            return self._all[psp]
        except KeyError:
            raise LookupError(f"no dispute {psp}") from None

    def defend(self, dispute: Dispute) -> None:
        """The documents go to the bank."""
        now = self._clock.timestamp()
        dispute.status, dispute.decided_at = "Pending", now + DECISION_SECONDS
        self._tell("INFORMATION_SUPPLIED", dispute)
        if not dispute.inquiry and not dispute.allocation:
            dispute.reversed_at = now + REVERSED_AFTER

    def accept(self, dispute: Dispute) -> None:
        self._close(dispute, "Accepted", PERIOD_ENDED)

    def page(self) -> list[dict[str, Any]]:
        """Every dispute; amounts are ISO minor units."""
        return [
            {
                "id": dispute.psp,
                "payment": dispute.payment.reference,
                "amount": iso_minor(dispute.amount, dispute.payment.currency),
                "currency": dispute.payment.currency,
                "status": dispute.status,
                "round": dispute.round,
                "kind": "inquiry" if dispute.inquiry else "chargeback",
                "reason": dispute.code,
                "due": datetime.fromtimestamp(dispute.due, UTC).isoformat(),
            }
            for dispute in self._all.values()
        ]

    # ------------------------------------------------------------------------------- and their effects

    def _charge_back(self, dispute: Dispute) -> None:
        self._tell("NOTIFICATION_OF_CHARGEBACK", dispute)
        self._withdraw(dispute)
        self._tell("CHARGEBACK", dispute)

    def _reverse_for_now(self, dispute: Dispute) -> None:
        """The money comes back, as the bank has yet to look at the defence."""
        dispute.reversed_at = None
        if dispute.withdrawn:
            self._reinstate(dispute)
            self._tell("CHARGEBACK_REVERSED", dispute)

    def _close(self, dispute: Dispute, status: str, event: str) -> None:
        dispute.status, dispute.decided_at = status, None
        if event == "CHARGEBACK_REVERSED":
            self._reinstate(dispute)
        elif event == "SECOND_CHARGEBACK":
            self._withdraw(dispute)
        self._open.pop(dispute.psp, None)
        dispute.payment.contested = any(
            other.payment is dispute.payment and not other.inquiry for other in self._open.values()
        )
        self._tell(event, dispute)

    def _withdraw(self, dispute: Dispute) -> None:
        dispute.withdrawn = dispute.payment.contested = True
        dispute.payment.disputed += dispute.amount
        self._payments.book("disputed", dispute.payment, dispute.amount, "", dispute.psp)

    def _reinstate(self, dispute: Dispute) -> None:
        dispute.withdrawn = False
        dispute.payment.disputed -= dispute.amount
        self._payments.book("reinstated", dispute.payment, dispute.amount, "", dispute.psp)

    def _tell(self, event: str, dispute: Dispute) -> None:
        # The virtual clock makes a second of days, and what is days apart has another date.
        dispute.told_at = max(time.time(), dispute.told_at + 1.0)
        kind = "rfi" if dispute.inquiry else "chargeback"
        space = " " if dispute.payment.card.brand == "mc" else ""
        additional = {
            f"{kind}ReasonCode": space + dispute.code,
            f"{kind}SchemeCode": dispute.payment.card.brand,
            "disputeStatus": dispute.status,
            "modificationMerchantReferences": ",".join(
                capture.reference for capture in dispute.payment.captures
            ),
            "capturePspReference": dispute.payment.captures[-1].psp,
            "autoDefended": "false",
        }
        if dispute.status == "Undefended":
            additional["defendable"] = "true"
            # On the real calendar: the platform's clock has not run ahead.
            left = dispute.due - self._clock.timestamp()
            ends = datetime.fromtimestamp(time.time() + left, UTC)
            additional["defensePeriodEndsAt"] = ends.isoformat(timespec="seconds")
        self._notices.tell(
            event,
            dispute.payment,
            psp=dispute.psp,
            amount=dispute.amount,
            reason=_REASONS.get(dispute.code, f"{dispute.code}:Cardholder Dispute"),
            at=dispute.told_at,
            additional=additional,
        )
