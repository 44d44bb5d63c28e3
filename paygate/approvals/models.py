"""What one person asks for and another decides; what one may do alone, and what was done of it.

The graph of a request's states is here and, a second time, in the database (a trigger that knows the same arrows); a
test compares the two. Transitions are pure: the work is in the verbs beside this file.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django_fsm import FSMField, transition

from kernel.ids import encode, uuid7
from kernel.money import Money
from kernel.rows import MerchantRow


class State(models.TextChoices):
    """How a request stands."""

    PENDING = "pending", "waiting"
    APPROVED = "approved"  # And not carried out yet: it is tried until it has an end.
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    DONE = "done"
    FAILED = "failed"  # Approved, and by then it could not be done.


class Document(MerchantRow):
    """What a file that stands for a request is. The file itself is outside the database. Never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    file_name = models.TextField()
    media_type = models.TextField()
    size = models.BigIntegerField()  # Bytes.
    sha256 = models.TextField()  # In hex.
    stored_as = models.TextField()  # Its name in the storage, which tells nothing.
    given_by = models.TextField()
    given_at = models.DateTimeField()

    class Meta:
        db_table = "approval_document"
        ordering = ["-id"]
        default_permissions = ()  # Who sees a request sees its document, and the audit log says so.

    def __str__(self) -> str:
        return self.file_name


class Request(MerchantRow):
    """Something about a merchant's money that one person asks for, and nobody does without another."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    livemode = models.BooleanField()
    kind = models.TextField()  # What is done once it is approved: paygate.wiring.APPROVED.
    subject = models.TextField()  # The public id of what it is done to.
    amount = models.BigIntegerField()  # Minor units.
    currency = models.CharField(max_length=3)
    payload = models.JSONField()  # What whoever carries it out needs to know.
    document_id = models.UUIDField(null=True)
    key = models.TextField()  # The asker's: asked twice under one key, it is one request.
    asked_by = models.TextField("asked by")
    asked_because = models.TextField("because")
    asked_at = models.DateTimeField("asked at")

    state = FSMField(default=State.PENDING, choices=State.choices, protected=True)
    decided_by = models.TextField("decided by", default="")
    decided_because = models.TextField("decided because", default="")
    decided_at = models.DateTimeField("decided at", null=True)
    result = models.TextField(default="")  # The public id of what came of it.
    failure = models.TextField(default="")  # Or why nothing did.
    ended_at = models.DateTimeField("ended at", null=True)

    class Meta:
        db_table = "approval_request"
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [
            ("decide", "Can approve and reject what others ask for"),
            ("decide_large", "Can approve sums above every limit"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.kind} of {self.money}: {self.state}"

    @property
    def public_id(self) -> str:
        return encode("apr", self.id)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def says(self) -> str:
        """What is asked for, as whoever asked was told it."""
        return str(self.payload.get("says") or f"{self.kind} of {self.money}")

    @property
    def idempotency_key(self) -> str:
        """The key under which it is carried out: once, however often that is tried."""
        return f"back-office-{self.public_id}"

    @transition(field=state, source=State.PENDING, target=State.APPROVED)
    def approve(self) -> None:
        """A second person stands for it; it is about to be carried out."""

    @transition(field=state, source=State.PENDING, target=State.REJECTED)
    def reject(self) -> None:
        """A second person does not want it; nothing is done."""

    @transition(field=state, source=State.PENDING, target=State.WITHDRAWN)
    def withdraw(self) -> None:
        """Whoever asked does not want it any more; nothing is done."""

    @transition(field=state, source=State.APPROVED, target=State.DONE)
    def finish(self) -> None:
        """It was done; `result` says what came of it."""

    @transition(field=state, source=State.APPROVED, target=State.FAILED)
    def fail(self) -> None:
        """It cannot be done any more, and never will be; `failure` says why."""


class Limit(models.Model):
    """What a role may give back without a second person. No row is nothing."""

    id = models.BigAutoField(primary_key=True)
    role = models.TextField()  # The group's name.
    currency = models.CharField(max_length=3)
    single = models.BigIntegerField("at once")  # Minor units, as is the next.
    daily = models.BigIntegerField("in a day")

    class Meta:
        db_table = "approval_limit"
        ordering = ["role", "currency"]

    def __str__(self) -> str:
        return f"{self.role}: {Money(self.single, self.currency)}, {Money(self.daily, self.currency)} a day"


class Spending(MerchantRow):
    """What a person gave back without a second person, on a day (UTC): written before the refund is claimed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    livemode = models.BooleanField()
    key = models.TextField()  # The idempotency key of the refund.
    person = models.TextField()  # The login.
    day = models.DateField()
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()  # Minor units.
    single = models.BigIntegerField()  # What this person might, then: at once, and in a day.
    daily = models.BigIntegerField()
    spent_at = models.DateTimeField()
    given_back_at = models.DateTimeField(null=True)  # Nothing is given back for it, for certain.

    class Meta:
        db_table = "approval_spending"
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.person} {self.day}: {Money(self.amount, self.currency)}"


def arrows() -> set[tuple[str, str]]:
    """Every (from, to) of a request's graph, read off its transitions above."""
    state: Any = Request._meta.get_field("state")
    return {(str(arrow.source), str(arrow.target)) for arrow in state.get_all_transitions(Request)}


def document_of(request: Request) -> Document | None:
    """The document that stands for a request."""
    if request.document_id is None:
        return None
    found: Document | None = Document.objects.filter(
        merchant_id=request.merchant_id, id=request.document_id
    ).first()
    return found
