"""A payment, and each of our attempts to do something about it at a PSP.

The graph of a payment's states is here and, a second time, in the database (a trigger that knows the same
arrows); a test compares the two. Transitions are pure: the work is in the verbs beside this file.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django_fsm import FSMField, transition

from kernel.ids import encode, uuid7
from kernel.money import Money
from kernel.rows import MerchantRow
from paygate.payments.exchanges.models import Exchange as Exchange


class State(models.TextChoices):
    """The statuses of the public API."""

    CREATED = "created"
    IN_REVIEW = "in_review"
    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


class Operation(models.TextChoices):
    """What an attempt asks the PSP for."""

    AUTHORIZE = "authorize"
    CONFIRM = "confirm"
    CAPTURE = "capture"
    CANCEL = "cancel"
    EXPIRE = "expire"  # A cancel that nobody asked for: the authorization has lapsed.
    REFUND = "refund"


class Result(models.TextChoices):
    """How an attempt stands. The first two leave it open."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    APPROVED = "approved"
    ACTION_REQUIRED = "action_required"
    DECLINED = "declined"
    NOT_SENT = "not_sent"


class Payment(MerchantRow):
    """One sum that one merchant wants from one payer."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    livemode = models.BooleanField()
    state = FSMField(default=State.CREATED, choices=State.choices, protected=True)
    sequence = models.IntegerField(default=0)  # Grows by one with every change.

    amount = models.BigIntegerField()  # All amounts are minor units of `currency`.
    currency = models.CharField(max_length=3)
    amount_authorized = models.BigIntegerField(default=0)
    amount_captured = models.BigIntegerField(default=0)
    amount_refunded = models.BigIntegerField(default=0)
    amount_refund_pending = models.BigIntegerField(default=0)
    amount_disputed = models.BigIntegerField(default=0)
    fee = models.BigIntegerField(default=0)  # Ours, on what was captured.

    user_id = models.TextField()
    payment_method = models.TextField()
    last4 = models.TextField(default="")  # Of the card, as it was when this was made.
    capture_method = models.TextField()
    psp = models.TextField(default="")
    psp_reference = models.TextField(default="")
    next_action = models.JSONField(null=True)
    last_error = models.JSONField(null=True)
    risk = models.JSONField()

    description = models.TextField(default="")
    statement_descriptor = models.TextField(default="")
    return_url = models.TextField(default="")
    metadata = models.JSONField(default=dict)
    conversion = models.JSONField(null=True)  # How it is converted, and what was (paygate.fx).

    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    expires_at = models.DateTimeField(
        null=True
    )  # When what is held, or the customer's time, lapses.

    class Meta:
        db_table = "payment"
        ordering = ["-id"]
        permissions = [
            ("refund", "Can refund payments"),
            ("capture", "Can capture payments"),
            ("cancel", "Can cancel payments"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {Money(self.amount, self.currency)} {self.state}"

    @property
    def public_id(self) -> str:
        return encode("pay", self.id)

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    @property
    def card(self) -> dict[str, str]:
        """The card's `brand` and its issuer's `country`, where they were known when the payment was made."""
        card: dict[str, str] = self.risk.get("card", {})
        return card

    @property
    def capturable(self) -> int:
        """Held and not yet taken."""
        holding = self.state in {State.AUTHORIZED, State.PARTIALLY_CAPTURED, State.PROCESSING}
        return self.amount_authorized - self.amount_captured if holding else 0

    @property
    def refundable(self) -> int:
        """Taken, and neither given back nor on its way back; nothing while a dispute holds the payment."""
        if self.amount_disputed:
            return 0
        return self.amount_captured - self.amount_refunded - self.amount_refund_pending

    # ------------------------------------------------------------------------------------ the graph

    @transition(field=state, source=State.CREATED, target=State.IN_REVIEW)
    def hold_for_review(self) -> None:
        """Risk wants a person to look first; nothing was sent."""

    @transition(field=state, source=[State.CREATED, State.IN_REVIEW], target=State.PROCESSING)
    def begin(self) -> None:
        """We are about to ask the PSP for the money."""

    @transition(field=state, source=State.PROCESSING, target=State.REQUIRES_ACTION)
    def ask_customer(self) -> None:
        """The bank wants to see the customer first."""

    @transition(field=state, source=State.REQUIRES_ACTION, target=State.PROCESSING)
    def begin_confirm(self) -> None:
        """The customer came back; we are about to ask the PSP how it went."""

    @transition(field=state, source=State.PROCESSING, target=State.AUTHORIZED)
    def hold(self) -> None:
        """The sum is held on the card and can be taken."""

    @transition(
        field=state, source=[State.AUTHORIZED, State.PARTIALLY_CAPTURED], target=State.PROCESSING
    )
    def begin_capture(self) -> None:
        """We are about to ask the PSP to take what is held."""

    @transition(field=state, source=State.PROCESSING, target=State.PARTIALLY_CAPTURED)
    def take_part(self) -> None:
        """A part was taken; the rest is still held."""

    @transition(field=state, source=State.PROCESSING, target=State.CAPTURED)
    def take(self) -> None:
        """Taken; nothing is held any more."""

    @transition(
        field=state, source=[State.AUTHORIZED, State.REQUIRES_ACTION], target=State.PROCESSING
    )
    def begin_cancel(self) -> None:
        """We are about to ask the PSP to let go of what is held, or of the question to the customer."""

    @transition(
        field=state,
        source=[State.AUTHORIZED, State.PARTIALLY_CAPTURED, State.REQUIRES_ACTION],
        target=State.PROCESSING,
    )
    def begin_expire(self) -> None:
        """Its time is up; we are about to ask the PSP to let go."""

    @transition(field=state, source=State.PROCESSING, target=State.CANCELED)
    def cancel(self) -> None:
        """Nothing is held and nothing was taken."""

    @transition(field=state, source=State.PROCESSING, target=State.EXPIRED)
    def expire(self) -> None:
        """The authorization lapsed before it was taken."""

    @transition(
        field=state,
        source=[State.CREATED, State.IN_REVIEW, State.PROCESSING],
        target=State.FAILED,
    )
    def fail(self) -> None:
        """Declined, blocked, or certainly not executed; nothing was taken."""

    @transition(field=state, source=State.CAPTURED, target=State.FAILED)
    def lose_capture(self) -> None:
        """The PSP took back the capture it had reported: nothing was taken after all."""

    @transition(field=state, source=State.PARTIALLY_CAPTURED, target=State.AUTHORIZED)
    def lose_part(self) -> None:
        """The PSP took back the one part that was taken; the rest is still held."""

    @transition(field=state, source=State.FAILED, target=State.CAPTURED)
    def recapture(self) -> None:
        """The PSP made a capture after all that it had taken back."""

    @transition(field=state, source=State.AUTHORIZED, target=State.PARTIALLY_CAPTURED)
    def recapture_part(self) -> None:
        """The PSP took after all the one part that it had taken back; the rest is still held."""


class RefundState(models.TextChoices):
    """The statuses of a refund in the public API."""

    PENDING = "pending"  # Reserved; asked for, and not known or not decided yet.
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class Refund(MerchantRow):
    """A sum on its way back to the payer, reserved on its payment from the start."""

    class Source(models.TextChoices):
        API = "api"
        PSP = "psp"  # Made in the PSP's own dashboard: external.
        BACK_OFFICE = "back_office"  # By one of our staff (by_hand.py).

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment_id = models.UUIDField()
    livemode = models.BooleanField()
    state = FSMField(default=RefundState.PENDING, choices=RefundState.choices, protected=True)
    sequence = models.IntegerField(default=1)
    amount = models.BigIntegerField()  # Minor units of the payment's currency.
    currency = models.CharField(max_length=3)
    reason = models.TextField(default="")
    source = models.TextField(choices=Source.choices, default=Source.API)
    psp = models.TextField()
    of_reference = models.TextField()  # The PSP's, of what is given back: the payment or a capture.
    captured = models.BigIntegerField()  # All that was taken under it.
    fee = models.BigIntegerField(default=0)  # Ours: charged when it succeeds.
    psp_reference = models.TextField(default="")  # The PSP's, of the refund.
    failure_code = models.TextField(default="")
    failure_message = models.TextField(default="")
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    #: What other refunds give back of the same, for whoever read them along; minor units.
    given_beside: int = 0

    class Meta:
        db_table = "refund"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.public_id} {self.money} {self.state}"

    @property
    def public_id(self) -> str:
        return encode("re", self.id)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def counts(self) -> bool:
        """Is it given back, or reserved for that?"""
        return self.state in {RefundState.PENDING, RefundState.SUCCEEDED}

    @transition(field=state, source=RefundState.PENDING, target=RefundState.SUCCEEDED)
    def succeed(self) -> None:
        """The payer has it, or will have: the PSP has sent it."""

    @transition(field=state, source=RefundState.PENDING, target=RefundState.FAILED)
    def fail(self) -> None:
        """Nothing was given back, and nothing is reserved any more."""

    @transition(field=state, source=RefundState.PENDING, target=RefundState.CANCELED)
    def cancel(self) -> None:
        """Called off at the PSP before it was sent."""

    @transition(field=state, source=RefundState.SUCCEEDED, target=RefundState.FAILED)
    def come_back(self) -> None:
        """It had succeeded, and the payer's bank sent it back."""


class Attempt(MerchantRow):
    """One thing we ask of a PSP. Its id is the PSP-side idempotency key, for ever."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment_id = models.UUIDField()
    refund_id = models.UUIDField(null=True)  # Refund: the one that it is to bring about.
    operation = models.TextField(choices=Operation.choices)
    psp = models.TextField()
    amount = models.BigIntegerField()  # Minor units of the payment's currency.
    final = models.BooleanField(default=True)  # Capture: is the rest released?
    token = models.TextField(default="")  # Authorize: the PSP's token of the card.
    result = models.JSONField(default=dict)  # Confirm: what the customer's browser brought back.
    route = models.JSONField(default=dict)  # Why this PSP.
    idempotency_key = models.TextField(default="")  # The merchant's key that set this going.

    outcome = models.TextField(
        default="", choices=Result.choices
    )  # "" while the first call is out.
    decline_code = models.TextField(default="")
    psp_code = models.TextField(default="")
    psp_message = models.TextField(default="")
    psp_reference = models.TextField(default="")

    started_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)  # When somebody took it to call the PSP.
    finished_at = models.DateTimeField(null=True)  # Open until then; closed for ever after.
    looks = models.IntegerField(default=0)  # How often resolve asked what became of it.
    next_look_at = models.DateTimeField(null=True)

    #: The refund of `refund_id`, for whoever read it along.
    refund: Refund | None = None

    class Meta:
        db_table = "payment_attempt"
        ordering = ["-id"]
        permissions = [
            ("look_up", "Can ask the PSP what became of an attempt"),
            ("view_wire", "Can see what was sent to PSPs and answered, redacted"),
            ("decide_unknown", "Can say, with a document, what became of an attempt"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.operation} at {self.psp}: {self.outcome or 'in flight'}"

    @property
    def public_id(self) -> str:
        return encode("att", self.id)

    @property
    def open(self) -> bool:
        return self.finished_at is None

    @property
    def charges(self) -> bool:
        """Is it what a customer is charged by?"""
        return self.operation in {Operation.AUTHORIZE, Operation.CONFIRM}


class Unresolved(Attempt):
    """An attempt whose outcome nobody knows: what the desk for it is about."""

    class Meta:
        proxy = True
        ordering = ["started_at"]
        default_permissions = ("view",)
        verbose_name = "unresolved attempt"
        verbose_name_plural = "unresolved money"


def arrows(model: type[Payment | Refund] = Payment) -> set[tuple[str, str]]:
    """Every (from, to) of a model's graph, read off its transitions above."""
    state: Any = model._meta.get_field("state")
    return {(str(arrow.source), str(arrow.target)) for arrow in state.get_all_transitions(model)}
