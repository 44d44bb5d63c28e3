"""What we ask of a payment service provider, and everything it may answer.

An adapter *returns* one of the outcomes below and raises only for bugs. The difference that
matters:

    NotSent   we are certain that nothing was executed; whoever asked may ask again.
    Unknown   we asked and cannot tell. Never asked again blindly: only a look-up, a webhook, a
              settlement line or two people with a document may turn it into something else.

The key of a request is the id of *our attempt*, never of the HTTP call: it is the PSP-side
idempotency key and, where the PSP has room for it, a reference to look the attempt up by. For ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from kernel.money import Money

# ------------------------------------------------------------------------------------------ asking


@dataclass(frozen=True, slots=True)
class Authorize:
    """Hold `amount` on the card behind `token`; with `capture`, take it at once."""

    key: str  # "att_…": the attempt, the PSP's idempotency key.
    payment: str  # "pay_…": our reference, by which the PSP can be asked and files are matched.
    merchant: str  # "mer_…"
    amount: Money
    token: str  # The PSP's own token for the card; never a card number.
    capture: bool
    shopper: str = ""  # The merchant's id of the payer.
    statement_descriptor: str = ""
    return_url: str = ""  # Where the customer comes back to after 3-D Secure.
    created_at: datetime | None = None  # When the attempt was made: look-ups search from there.


@dataclass(frozen=True, slots=True)
class Confirm:
    """Finish an authorization for which the customer had to act (3-D Secure)."""

    key: str
    payment: str
    psp_reference: str  # ActionRequired's; "" where the PSP gives none before the end (Adyen).
    amount: Money
    capture: bool
    result: Mapping[str, str] = field(default_factory=dict)  # {"redirect_result": "…"}
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Capture:
    """Take `amount` of what is held. With `final`, the rest is released."""

    key: str
    payment: str
    psp_reference: str  # The authorization's.
    amount: Money
    final: bool
    authorized: Money
    captured_before: Money  # By earlier captures of this payment: tells the first from a later one.
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Release what is held (void)."""

    key: str
    payment: str
    psp_reference: str
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """Give `amount` of what was taken back to the payer."""

    key: str
    refund: str  # "re_…": our reference of the refund; the PSP is asked to repeat it.
    payment: str
    psp_reference: (
        str  # Of what is given back: the payment's, or one capture's (refunds_each_capture).
    )
    amount: Money
    captured: Money  # All that was taken under `psp_reference`.
    refunded_before: Money  # Of that, what was given back or is on its way back already.
    reason: str = ""  # "duplicate", "fraudulent", "requested_by_customer" or "".
    created_at: datetime | None = None


Request: TypeAlias = Authorize | Confirm | Capture | Cancel | Refund

# ----------------------------------------------------------------------------------------- answers


class DeclineCode(StrEnum):
    """Why a bank or a PSP said no, in our words; the PSP's own code is kept beside it."""

    CARD_DECLINED = "card_declined"  # No reason given; also every code we do not know.
    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED_CARD = "expired_card"
    INCORRECT_CVC = "incorrect_cvc"
    INCORRECT_NUMBER = "incorrect_number"
    LOST_CARD = "lost_card"
    STOLEN_CARD = "stolen_card"
    FRAUDULENT = "fraudulent"
    DO_NOT_HONOR = "do_not_honor"
    LIMIT_EXCEEDED = "limit_exceeded"
    AUTHENTICATION_FAILED = "authentication_failed"
    AUTHENTICATION_REQUIRED = "authentication_required"
    PROCESSING_ERROR = "processing_error"
    CURRENCY_NOT_SUPPORTED = "currency_not_supported"
    INVALID_PAYMENT_METHOD = "invalid_payment_method"
    INVALID_REQUEST = "invalid_request"  # The PSP refuses the request itself; psp_message says why.
    INVALID_STATE = "invalid_state"  # Already captured, canceled or expired at the PSP.
    ALREADY_CAPTURED = "already_captured"  # A cancel found the money taken.
    ALREADY_REFUNDED = "already_refunded"  # A refund asks for more than there is left to give back.
    DISPUTED = "disputed"  # A refund of what a dispute holds.


@dataclass(frozen=True, slots=True)
class Approved:
    """Done. `amount` is what was authorized (Authorize, Confirm), taken (Capture) or given back (Refund)."""

    psp_reference: str  # Of the payment; after a Capture, Cancel or Refund, of that.
    amount: Money
    captured: bool = False  # Authorize and Confirm: is the amount taken as well?
    expires_at: datetime | None = None  # When the authorization lapses, where the PSP says so.
    psp_code: str = ""
    psp_message: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """The PSP has it and will decide later.

    Without a `psp_reference`, a refund waits with us: the PSP would not take it yet (Braintree refunds
    only what is settled), so it was not executed, and is sent again when its turn comes.
    """

    psp_reference: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class ActionRequired:
    """The customer must act. `url` is where to send the customer."""

    psp_reference: str
    type: str  # "redirect"
    url: str
    method: str = "GET"
    data: Mapping[str, Any] = field(default_factory=dict)  # Form fields for a POST redirect.


@dataclass(frozen=True, slots=True)
class Declined:
    """The bank or the PSP said no; nothing was charged."""

    code: DeclineCode
    psp_code: str = ""
    psp_message: str = ""
    psp_reference: str = ""


@dataclass(frozen=True, slots=True)
class NotSent:
    """We are certain that nothing was executed; safe to try again."""

    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """We asked and cannot tell; never safe to try again blindly."""

    why: str


Outcome: TypeAlias = Approved | Pending | ActionRequired | Declined | NotSent | Unknown

# ---------------------------------------------------------------------------------------- adapters


class Gateway(Protocol):
    """One PSP's adapter: transport and translation, nothing of ours.

    Thread-safe: many threads of one worker share an instance and its kept-alive connections.
    """

    name: str  # "stripe", "adyen", "braintree"

    #: After this long without a trace of a request, "never heard of it" means that it never will
    #: be. Before, it may still be on its way, and the answer to a look-up is Unknown.
    horizon: timedelta

    #: Can the PSP be asked by our reference? Where not (Adyen), resolve replays the request under
    #: the same key, and the PSP's idempotency makes that a question, not a second charge. A replay
    #: that is NotSent was itself not executed; of what was sent before it says nothing.
    can_look_up: bool

    #: Does the PSP refund a capture rather than a payment? Then a refund names one capture, and gives
    #: back no more than that one took (Braintree, where later captures are transactions of their own).
    refunds_each_capture: bool

    #: How long the PSP honours an idempotency key. After that a replay would be a new request.
    key_lifetime: timedelta

    def send(self, request: Request) -> Outcome:
        """Carry out the request, or ask again under the same key (the PSP answers the same)."""
        ...

    def look_up(self, request: Request) -> Outcome:
        """What became of the request? Reads only. NotSent where the PSP has no trace of it (yet).

        A look-up that itself fails is Unknown, also when it certainly never left. Raises
        NotImplementedError where can_look_up is false.
        """
        ...

    def supports(self, currency: str) -> bool:
        """Can this PSP (as our account there is set up) charge in the currency?"""
        ...
