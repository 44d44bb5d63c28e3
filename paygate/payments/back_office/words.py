"""What states, operations, answers and refusals are called by people."""

from __future__ import annotations

from datetime import datetime

from kernel.clock import rfc3339
from kernel.timeline import Tone
from paygate.payments.models import Operation, RefundState, Result, State
from paygate.psp.gateway import DeclineCode

_CALLED = {"stripe": "Stripe", "adyen": "Adyen", "braintree": "Braintree"}

#: How a state looks: calm where nothing is to be done, loud where money is not where somebody expects it.
STATES: dict[str, Tone] = {
    State.CREATED: Tone.PLAIN,
    State.IN_REVIEW: Tone.WAITING,
    State.PROCESSING: Tone.WAITING,
    State.REQUIRES_ACTION: Tone.WAITING,
    State.AUTHORIZED: Tone.PLAIN,
    State.PARTIALLY_CAPTURED: Tone.GOOD,
    State.CAPTURED: Tone.GOOD,
    State.FAILED: Tone.BAD,
    State.CANCELED: Tone.PLAIN,
    State.EXPIRED: Tone.PLAIN,
}
REFUND_STATES: dict[str, Tone] = {
    RefundState.PENDING: Tone.WAITING,
    RefundState.SUCCEEDED: Tone.GOOD,
    RefundState.FAILED: Tone.BAD,
    RefundState.CANCELED: Tone.PLAIN,
}

#: What an attempt asked the PSP for, as a noun.
OPERATIONS: dict[str, str] = {
    Operation.AUTHORIZE: "authorization",
    Operation.CONFIRM: "3-D Secure confirmation",
    Operation.CAPTURE: "capture",
    Operation.CANCEL: "cancellation",
    Operation.EXPIRE: "release, its time being up",
    Operation.REFUND: "refund",
}

#: How it ended.
OUTCOMES: dict[str, tuple[str, Tone]] = {
    "": ("no answer yet", Tone.WAITING),
    Result.UNKNOWN: ("not known yet", Tone.WAITING),
    Result.PENDING: ("the PSP decides later", Tone.WAITING),
    Result.APPROVED: ("approved", Tone.GOOD),
    Result.ACTION_REQUIRED: ("the bank asks for 3-D Secure", Tone.WAITING),
    Result.DECLINED: ("declined", Tone.BAD),
    Result.NOT_SENT: ("not carried out", Tone.BAD),
}

_NOT_FOR_CUSTOMERS = "the bank does not allow it on this card"

#: Why it was declined, in words that a customer may be told. That a card is reported lost or stolen, or that fraud is
#: suspected, is not for whoever holds the card.
REASONS: dict[str, str] = {
    DeclineCode.CARD_DECLINED: "no reason was given",
    DeclineCode.INSUFFICIENT_FUNDS: "insufficient funds",
    DeclineCode.EXPIRED_CARD: "the card has expired",
    DeclineCode.INCORRECT_CVC: "the security code is wrong",
    DeclineCode.INCORRECT_NUMBER: "the card number is wrong",
    DeclineCode.LOST_CARD: _NOT_FOR_CUSTOMERS,
    DeclineCode.STOLEN_CARD: _NOT_FOR_CUSTOMERS,
    DeclineCode.FRAUDULENT: _NOT_FOR_CUSTOMERS,
    DeclineCode.DO_NOT_HONOR: "the bank does not say why; the customer may ask there",
    DeclineCode.LIMIT_EXCEEDED: "over the card's limit",
    DeclineCode.AUTHENTICATION_FAILED: "the customer did not pass 3-D Secure",
    DeclineCode.AUTHENTICATION_REQUIRED: "the bank wants 3-D Secure, which was not done",
    DeclineCode.PROCESSING_ERROR: "an error on the way to the bank",
    DeclineCode.CURRENCY_NOT_SUPPORTED: "the card cannot be charged in this currency",
    DeclineCode.INVALID_PAYMENT_METHOD: "it does not know this card",
    DeclineCode.INVALID_REQUEST: "the request was not acceptable",
    DeclineCode.INVALID_STATE: "it was captured, canceled or had lapsed already",
    DeclineCode.ALREADY_CAPTURED: "the money had been taken already",
    DeclineCode.ALREADY_REFUNDED: "less is left to be given back",
    DeclineCode.DISPUTED: "a dispute holds the payment",
}

#: What staff should know and customers are not told.
IN_CONFIDENCE: dict[str, str] = {
    DeclineCode.LOST_CARD: "reported lost; not to be told to the customer",
    DeclineCode.STOLEN_CARD: "reported stolen; not to be told to the customer",
    DeclineCode.FRAUDULENT: "suspected fraud; not to be told to the customer",
}

#: Refused by the PSP itself; no bank was asked, or it was not the bank that said no.
BY_THE_PSP = frozenset(
    {
        *(DeclineCode.PROCESSING_ERROR, DeclineCode.CURRENCY_NOT_SUPPORTED),
        *(DeclineCode.INVALID_PAYMENT_METHOD, DeclineCode.INVALID_REQUEST),
        *(DeclineCode.INVALID_STATE, DeclineCode.ALREADY_CAPTURED),
        *(DeclineCode.ALREADY_REFUNDED, DeclineCode.DISPUTED),
    }
)


def called(psp: str) -> str:
    """A PSP's name as it writes it."""
    return _CALLED.get(psp, psp.capitalize() or "no PSP")


def reason(code: str) -> str:
    """A decline code in words for the customer."""
    return REASONS.get(code, "no reason was given")


def spaced(name: str) -> str:
    """A name of the contract as words: "partially_captured" is "partially captured"."""
    return name.replace("_", " ")


def when(moment: datetime, *, now: datetime) -> str:
    """ "at 14:02 UTC" today, "on 2026-11-24 at 14:02 UTC" on another day."""
    if moment.date() == now.date():
        return f"at {moment:%H:%M} UTC"
    return f"on {moment:%Y-%m-%d} at {moment:%H:%M} UTC"


def stamp(moment: datetime) -> str:
    """To the second: "2026-11-25 14:02:11 UTC"."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def exactly(moment: datetime) -> str:
    """To the millisecond, as machines read it."""
    return rfc3339(moment)


def card(brand: str, last4: str) -> str:
    """ "Visa …4242"; what is not known is left out."""
    return " ".join(filter(None, [brand.replace("_", " ").title(), last4 and f"…{last4}"]))
