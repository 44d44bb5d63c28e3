"""What may be done to a payment by hand: in which states, by whom, what is asked, and which verb does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from merchants.notices.again import EndpointDisabled, redeliver
from merchants.notices.find import NoSuchEvent
from paygate.approvals.ask import UnableToAsk
from paygate.payments.back_office.forms import CaptureForm, DeedForm, RefundForm, SendAgainForm
from paygate.payments.back_office.page import Read
from paygate.payments.back_office.words import called
from paygate.payments.begin import UnableToProceed
from paygate.payments.by_hand import (
    Asked,
    cancel_by_hand,
    capture_by_hand,
    refund_by_hand,
)
from paygate.payments.look_up import look_up_now
from paygate.payments.models import Payment, RefundState
from paygate.payments.render import ACTIONS

SEND_AGAIN = "merchants.change_notice"
REFUSALS = (UnableToProceed, UnableToAsk, EndpointDisabled, NoSuchEvent)


@dataclass(frozen=True, slots=True)
class Doing:
    """Who does it to what, what was filled in, and what the audit log will have of it."""

    read: Read
    given: dict[str, Any]
    user: User
    at: datetime
    log: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deed:
    """`do` says what came of it; "" where the payment's own sentence does."""

    name: str
    title: str
    icon: str
    permission: str
    act: str  # As the audit log names it.
    asks: str
    possible: Callable[[Read], bool]
    do: Callable[[Doing], str]
    form: type[DeedForm] = DeedForm
    danger: bool = False

    @property
    def moves_money(self) -> bool:
        """Whoever does it has to have proved themselves lately."""
        return self.name != "send-again"


def deeds_for(read: Read, request: HttpRequest) -> list[Deed]:
    """What this person may do to the payment as it stands."""
    return [
        deed for deed in DEEDS if request.user.has_perm(deed.permission) and deed.possible(read)
    ]


def _refund(doing: Doing) -> str:
    came = refund_by_hand(
        doing.read.payment,
        amount=doing.given["amount"],
        reason=doing.given["reason"],
        because=doing.given["because"],
        user=doing.user,
        key=doing.given["key"],
        at=doing.at,
    )
    if isinstance(came, Asked):
        doing.log["waits"] = came.request.public_id
        return format_html(
            '{} It waits for a second person: <a class="underline" href="{}">{}</a>.',
            came.why or "That was asked for before.",
            reverse("admin:approvals_request_change", args=[came.request.id]),
            came.request.public_id,
        )
    refund, psp = came.refund, called(came.refund.psp)
    match RefundState(refund.state):
        case RefundState.SUCCEEDED:
            return f"{refund.money} was given back by {psp}."
        case RefundState.PENDING:
            return f"{refund.money} is on its way back; {psp} has yet to say how that ends."
    return f"{refund.money} was not given back: {refund.failure_message or refund.state}"


def _capture(doing: Doing) -> str:
    capture_by_hand(
        doing.read.payment,
        amount=doing.given["amount"],
        final=doing.given["final"],
        key=doing.given["key"],
        at=doing.at,
    )
    return ""


def _cancel(doing: Doing) -> str:
    cancel_by_hand(doing.read.payment, key=doing.given["key"], at=doing.at)
    return ""


def _look_up(doing: Doing) -> str:
    attempt = doing.read.open_attempt
    return look_up_now(attempt, at=doing.at).said if attempt else "It is settled already."


def _send_again(doing: Doing) -> str:
    payment = doing.read.payment
    event = redeliver(
        payment.merchant_id, doing.given["event"], livemode=payment.livemode, at=doing.at
    )
    return f"{event.topic} is told again."


def _allows(action: str) -> Callable[[Read], bool]:
    """As the API says of the payment's state."""
    return lambda read: action in ACTIONS.get(read.payment.state, ())


def _refundable(read: Read) -> bool:
    payment: Payment = read.payment
    return payment.refundable > 0


DEEDS = (
    Deed(
        *("capture", "Capture", "payments", "payments.capture", "capture"),
        "Takes what is held on the card, whole or in part.",
        _allows("capture"),
        _capture,
        CaptureForm,
    ),
    Deed(
        *("refund", "Refund", "undo", "payments.refund", "refund"),
        "Gives the customer back what was taken, whole or in part.",
        _refundable,
        _refund,
        RefundForm,
    ),
    Deed(
        *("cancel", "Cancel payment", "block", "payments.cancel", "cancel"),
        "Lets go of all that is held. The customer is not charged; it cannot be captured any more.",
        _allows("cancel"),
        _cancel,
        danger=True,
    ),
    Deed(
        *("look-up", "Look up now", "search", "payments.look_up", "look_up"),
        "Asks the PSP now what became of the request, without waiting for the next look-up.",
        lambda read: read.open_attempt is not None,
        _look_up,
    ),
    Deed(
        *("send-again", "Send notice again", "send", SEND_AGAIN, "notice.send_again"),
        "Tells the merchant's endpoints again what happened.",
        lambda read: bool(read.events),
        _send_again,
        SendAgainForm,
    ),
)
