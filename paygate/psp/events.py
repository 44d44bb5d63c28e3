"""What a PSP tells us unasked: how a delivery becomes items, and an item one of a closed list of news.

Each adapter has a module `webhook` with

    receive(delivery, configuration, now=…) -> list[Item]
                             raises NotGenuine, Unreadable; every item's signature is checked, over the bytes
                             as they came; `configuration` is one mode of settings.PSPS[psp]
    translate(item) -> News  pure; raises Unreadable for an item of a known kind that is not as documented
    ACKNOWLEDGEMENT          the body of our 200

A delivery is evidence once it is genuine; whether it fits what we know is for those to say who hear it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from kernel.money import Money
from paygate.psp.cases import CaseReport
from paygate.psp.gateway import Outcome
from paygate.psp.payouts import PayoutOutcome


class NotGenuine(Exception):
    """No signature, a wrong one, or one outside its time: nobody knows who sent this."""


class Unreadable(Exception):
    """Genuine, and not what the PSP's documents describe."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP request as it came; header names in lower case."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing told. A delivery of Adyen's may hold several."""

    key: str  # The same when the same thing is told again; at most 255 characters.
    kind: str  # The PSP's name for it: "charge.dispute.created", "CAPTURE_FAILED", "dispute_won".
    at: datetime  # When the PSP says it was.
    payload: Mapping[str, Any]  # As it came, as JSON.


# -------------------------------------------------------------------------------------------- news


class Became(StrEnum):
    """What a payment has become at the PSP."""

    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    CANCELED = "canceled"
    EXPIRED = "expired"
    DECLINED = "declined"
    ACTION_REQUIRED = "action_required"


@dataclass(frozen=True, slots=True)
class PaymentMoved:
    """Something happened to a payment.

    With an `outcome` the item is itself the evidence that settles an open attempt (Adyen cannot be asked);
    without one it is a reason to ask the PSP now.
    """

    psp_reference: str  # The PSP's reference of the payment.
    became: Became
    payment: str = ""  # "pay_…", where the PSP repeats our reference.
    attempt: str = ""  # "att_…", where it repeats that.
    amount: Money | None = None  # Of the payment as it was authorized, where it is told.
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class CaptureFailed:
    """A capture that the PSP had accepted came to nothing: the money was not taken (Adyen)."""

    psp_reference: str
    capture: (
        str  # The PSP's reference of the capture; that of the payment where it captured by itself.
    )
    amount: Money
    payment: str = ""  # "pay_…", where the PSP repeats our reference.
    attempt: str = ""  # "att_…", where the PSP repeats our capture's reference.
    why: str = ""


@dataclass(frozen=True, slots=True)
class Recaptured:
    """A capture that had failed was made after all (Adyen, within ten days)."""

    psp_reference: str
    capture: str
    amount: Money
    payment: str = ""
    attempt: str = ""


class RefundState(StrEnum):
    """How a refund stands at the PSP."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # Also after it had succeeded.
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class RefundReported:
    """How a refund stands: one of ours, or one made in the PSP's own dashboard."""

    psp_reference: str  # Of the payment, or the capture (refunds_each_capture), that is given back.
    reference: str  # The PSP's reference of the refund.
    state: RefundState
    amount: Money | None = (
        None  # None where the PSP does not say (Braintree names no currency there).
    )
    refund: str = ""  # "re_…", where the PSP repeats our reference.
    payment: str = ""  # "pay_…", where it repeats that.
    code: str = ""  # Why it failed, in the PSP's words.
    why: str = ""


@dataclass(frozen=True, slots=True)
class PayoutMoved:
    """How a payout that a PSP makes for us stands; of payouts that are not ours nothing is told on.

    With Unknown it is a reason to call Payer.pay_out again, which finds out, and undoes what is left to be undone
    (Stripe's payout failed, its transfer not being reversed). Any other outcome may be believed where the
    `psp_reference` is the one that pay_out gave and the amount is right; else it is a reason to ask too:
    a merchant can write our reference into a payout of his own at Stripe.
    """

    payout: str  # "po_…": our reference, which the PSP repeats.
    outcome: PayoutOutcome
    psp_reference: str = ""
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class StatementReady:
    """A file of what was settled can be fetched."""

    name: str  # As it will be kept.
    where: str  # See paygate.psp.statements.Offered. Never an address that nobody signed.


@dataclass(frozen=True, slots=True)
class Disbursed:
    """A PSP paid our bank account, or took from it (Braintree says so here alone)."""

    reference: str  # The batch, as the lines of its statement name it.
    amount: Money  # Below zero what it takes.
    at: datetime


@dataclass(frozen=True, slots=True)
class Irrelevant:
    """Known, and nothing for us to do."""

    why: str


News: TypeAlias = (
    PaymentMoved
    | CaptureFailed
    | Recaptured
    | RefundReported
    | CaseReport
    | PayoutMoved
    | StatementReady
    | Disbursed
    | Irrelevant
)

# ------------------------------------------------------------------------------------- hearing it


class Quarantined(Exception):
    """The news contradict what we know (an unknown payment, another amount or currency): for a person."""


class NotYet(Exception):
    """The news cannot be applied now, and can later: it comes again, and goes to a person after `patience`."""

    def __init__(self, why: str, *, patience: timedelta = timedelta(days=3)) -> None:
        super().__init__(why)
        self.patience = patience
