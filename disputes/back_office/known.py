"""What we already know of a disputed payment: facts for the page, and texts that are offered as evidence.

What is offered is never given by itself: it stands in the form until a person has looked at it and saved it. Where
something is not known, nothing is offered in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from disputes.back_office.words import grouped, moment
from disputes.models import Dispute
from disputes.shapes import LONGEST_TEXT
from kernel.card_numbers import contains_card_number
from kernel.ids import InvalidId, decode
from merchants.customers.keep import person
from merchants.customers.models import Customer
from merchants.customers.sealing import Person
from merchants.models import Merchant, PaymentMethod
from paygate.payments.in_metadata import WHO, tells_who
from paygate.payments.models import Attempt, Operation, Payment, Refund
from paygate.payments.models import Result as Outcome

#: Under which names merchants keep in a payment's metadata what a bank wants to know.
IN_METADATA: Mapping[str, tuple[str, ...]] = {
    "shipping_carrier": ("shipping_carrier", "carrier"),
    "shipping_tracking_number": ("shipping_tracking_number", "tracking_number", "tracking"),
    "shipping_date": ("shipping_date", "shipped_at", "shipped_on"),
    "service_date": ("service_date", "delivered_at", "delivered_on"),
    **WHO,
    "refund_policy": ("refund_policy",),
    "cancellation_policy": ("cancellation_policy",),
}
ORDER = ("order", "order_id", "order_number", "invoice")
#: Kinds of evidence that tell who the customer is.
PRIVATE_KINDS = frozenset(WHO)


@dataclass
class Known:
    """What there is about the payment. `names` says whether who the customer is may be offered."""

    dispute: Dispute
    payment: Payment
    names: bool
    merchant: Merchant | None = None
    method: PaymentMethod | None = None
    attempts: list[Attempt] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)

    @classmethod
    def of(cls, dispute: Dispute, *, names: bool) -> Known:
        ours: dict[str, Any] = {"merchant_id": dispute.merchant_id}
        payment: Payment = Payment.objects.get(id=dispute.payment_id, **ours)
        about = {**ours, "payment_id": payment.id}
        try:
            named = decode("pm", payment.payment_method)
        except InvalidId:
            named = None
        return cls(
            dispute,
            payment,
            names,
            merchant=Merchant.objects.filter(id=dispute.merchant_id).first(),
            method=PaymentMethod.objects.filter(id=named, **ours).first() if named else None,
            attempts=list(Attempt.objects.filter(**about).order_by("id")[:100]),
            refunds=list(Refund.objects.filter(**about).order_by("id")[:100]),
        )

    # --------------------------------------------------------------------------------------- the facts

    @property
    def merchant_name(self) -> str:
        return self.merchant.name if self.merchant else ""

    @property
    def card(self) -> str:
        """ "Visa …4242, expires 12/2030, issued in US", as far as it is known."""
        if not self.payment.last4:
            return ""
        card, method = self.payment.card, self.method
        said = [f"{card.get('brand', '').capitalize()} …{self.payment.last4}".strip()]
        if method is not None and method.exp_month and method.exp_year:
            said.append(f"expires {method.exp_month:02}/{method.exp_year}")
        if card.get("country"):
            said.append(f"issued in {card['country']}")
        return ", ".join(said)

    @property
    def three_d_secure(self) -> str:
        """What our attempts know of it. Who bears a fraud, the PSPs do not tell us, so neither do we."""
        for one in reversed(self.attempts):
            if one.operation == Operation.CONFIRM and one.outcome == Outcome.APPROVED:
                when = moment(one.finished_at or one.started_at)
                return f"passed: the cardholder was asked by the bank and confirmed ({when})"
        if any(one.outcome == Outcome.ACTION_REQUIRED for one in self.attempts):
            return "asked for, and no answer of the bank is known"
        return "not asked for"

    @property
    def taken_at(self) -> str:
        """When the money was taken, as far as our attempts know."""
        took = (Operation.CAPTURE, Operation.AUTHORIZE, Operation.CONFIRM)
        when = [
            one.finished_at
            for one in self.attempts
            if one.operation in took and one.outcome == Outcome.APPROVED and one.finished_at
        ]
        return moment(max(when)) if when and self.payment.amount_captured else ""

    @property
    def given_back(self) -> list[Refund]:
        """The refunds that were made, or are on their way."""
        return [one for one in self.refunds if one.counts]

    @cached_property
    def order(self) -> str:
        return self._told(ORDER)

    @cached_property
    def customer(self) -> Person | None:
        """Who the payer is, where the merchant has told us and this may be seen."""
        if not self.names or not self.payment.user_id:
            return None
        found = Customer.objects.filter(
            merchant_id=self.payment.merchant_id,
            livemode=self.payment.livemode,
            user_id=self.payment.user_id,
            erased_at=None,
        ).first()
        return person(found) if found else None

    def metadata(self) -> list[tuple[str, str]]:
        """What the merchant has written to the payment; who the customer is only for those who may know."""
        return [
            (str(name), "hidden" if tells_who(name) and not self.names else str(value))
            for name, value in self.payment.metadata.items()
        ]

    @property
    def private_in_metadata(self) -> frozenset[str]:
        """What of `metadata` tells who the customer is, as kinds of evidence; nothing where it is hidden."""
        kinds = {tells_who(name) for name in self.payment.metadata} - {""}
        return frozenset(kinds) if self.names else frozenset()

    def _told(self, names: tuple[str, ...]) -> str:
        """What the payment's metadata has under the first of these names."""
        metadata = {str(name).lower(): value for name, value in self.payment.metadata.items()}
        return next((str(metadata[name]).strip() for name in names if metadata.get(name)), "")

    # ------------------------------------------------------------------------------------ what is offered

    def offers(self) -> dict[str, str]:
        """Texts by kind of evidence, of what is known; nothing that would be refused."""
        told = {kind: self._told(names) for kind, names in IN_METADATA.items()}
        if who := self.customer:
            told["customer_name"] = who.name or told["customer_name"]
            told["customer_email"] = who.email or told["customer_email"]
            told["billing_address"] = told["billing_address"] or _address(who)
        told["explanation"] = self.statement()
        told["product_description"] = self.payment.description
        return {
            kind: text
            for kind, text in told.items()
            if text
            and len(text) <= LONGEST_TEXT
            and not contains_card_number(text)
            and (self.names or kind not in PRIVATE_KINDS)
        }

    def statement(self) -> str:
        """The payment as a receipt tells it, 3-D Secure, and what was given back: the beginning of an explanation."""
        payment = self.payment
        taken = grouped(payment.money(payment.amount_captured))
        lines = [
            f"Payment {payment.public_id}: {taken}, made on {moment(payment.created_at)}"
            + (f" at {self.merchant_name}." if self.merchant_name else "."),
        ]
        if self.order:
            lines.append(f"Order: {self.order}.")
        if payment.description:
            lines.append(f"For: {payment.description}.")
        if payment.statement_descriptor:
            lines.append(f"On the cardholder's statement it reads: {payment.statement_descriptor}.")
        if self.card:
            lines.append(f"Card: {self.card}.")
        if self.three_d_secure.startswith("passed"):
            lines.append(f"3-D Secure was {self.three_d_secure}.")
        if back := [one for one in self.given_back if one.state == "succeeded"]:
            total = payment.money(sum(one.amount for one in back))
            lines.append(
                f"Of this, {grouped(total)} was refunded before ({moment(back[-1].updated_at)})."
            )
        return "\n".join(lines)


def _address(who: Person) -> str:
    order = ("line1", "line2", "postal_code", "city", "state", "country")
    return ", ".join(who.address[name] for name in order if who.address.get(name))
