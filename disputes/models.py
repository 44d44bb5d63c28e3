"""A dispute, what its PSP said of it, the money it moved, our proof, and what we asked the PSP to do about it.

The graph of a dispute's statuses is here and, a second time, in the database (a trigger that knows the same
arrows); a test compares the two. Transitions are pure: the work is in the verbs beside this file.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django_fsm import FSMField, transition

from kernel.ids import encode, uuid7
from kernel.money import Money
from kernel.rows import MerchantRow
from paygate.psp.cases import Direction, Reason, Stage, Standing

STAGES = [stage.value for stage in Stage]  # In this order a case goes on; it never goes back.


class Status(models.TextChoices):
    """The statuses of the public API: a PSP's Standing, word for word."""

    NEEDS_RESPONSE = Standing.NEEDS_RESPONSE.value
    UNDER_REVIEW = Standing.UNDER_REVIEW.value
    WON = Standing.WON.value
    LOST = Standing.LOST.value


class Action(models.TextChoices):
    """What an act asks the PSP for."""

    SUBMIT = "submit"
    ACCEPT = "accept"


class Result(models.TextChoices):
    """How an act stands. The first leaves it open."""

    UNKNOWN = "unknown"
    DONE = "done"
    DECLINED = "declined"
    NOT_SENT = "not_sent"
    OVERTAKEN = "overtaken"  # The case was decided otherwise before anybody could tell.


#: A transition that is only for a case that has gone on to a further stage: what was settled is open again.
AGAIN: dict[str, Any] = {"in_a_further_stage": True}


class Dispute(MerchantRow):
    """One payer's quarrel with one payment, through all the rounds it takes at the bank."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment_id = models.UUIDField()
    livemode = models.BooleanField()
    psp = models.TextField()
    psp_reference = (
        models.TextField()
    )  # The PSP's id of the case; of the newest, where each round has one.
    stage = models.TextField(choices=[(stage, stage) for stage in STAGES])
    status = FSMField(default=Status.NEEDS_RESPONSE, choices=Status.choices, protected=True)
    sequence = models.IntegerField(default=0)  # Grows by one with every change.

    amount = models.BigIntegerField()  # In dispute. All amounts are minor units of `currency`.
    currency = models.CharField(max_length=3)
    outstanding = models.BigIntegerField(default=0)  # Withdrawn and not given back.
    fee = models.BigIntegerField()  # Ours, for each withdrawal.

    reason = models.TextField(choices=[(reason.value, reason.value) for reason in Reason])
    reason_code = models.TextField(default="")  # The PSP's or the card network's own.
    evidence_due_by = models.DateTimeField(null=True)
    reminders = models.SmallIntegerField(default=0)  # How many were told for this evidence_due_by.

    opened_at = models.DateTimeField()  # By the PSP's clock, as are the next two.
    reported_at = models.DateTimeField()  # What it said last.
    closed_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)  # By us, the last time.
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "dispute"
        ordering = ["-id"]
        permissions = [
            ("answer", "Can give evidence and answer disputes"),
            ("accept", "Can accept disputes, which gives the money up"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.money(self.amount)} {self.stage} {self.status}"

    @property
    def public_id(self) -> str:
        return encode("dp", self.id)

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    @property
    def decided(self) -> bool:
        return self.status in {Status.WON, Status.LOST}

    # ------------------------------------------------------------------------------------ the graph

    @transition(field=status, source=Status.NEEDS_RESPONSE, target=Status.UNDER_REVIEW)
    def answer(self) -> None:
        """Our answer is with the bank, which is about to decide."""

    @transition(
        field=status,
        source=[Status.NEEDS_RESPONSE, Status.UNDER_REVIEW, Status.LOST],
        target=Status.WON,
    )
    def win(self) -> None:
        """The bank decided for the merchant, or gave the money back after all."""

    @transition(
        field=status,
        source=[Status.NEEDS_RESPONSE, Status.UNDER_REVIEW, Status.WON],
        target=Status.LOST,
    )
    def lose(self) -> None:
        """The bank decided for the payer, nobody answered in time, or the merchant gave in."""

    @transition(
        field=status,
        source=[Status.UNDER_REVIEW, Status.WON, Status.LOST],
        target=Status.NEEDS_RESPONSE,
        custom=AGAIN,
    )
    def take_up_again(self) -> None:
        """The case has gone on to a further stage (a second chargeback, an appeal), and it is our turn again."""

    @transition(
        field=status,
        source=[Status.WON, Status.LOST],
        target=Status.UNDER_REVIEW,
        custom=AGAIN,
    )
    def review_again(self) -> None:
        """The case has gone on to a further stage, and was answered there before we heard of it."""


class Case(MerchantRow):
    """One of the names by which the PSP knows a dispute: Braintree's pre-arbitration is a case of its own."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    dispute = models.ForeignKey(
        Dispute, models.DO_NOTHING, db_constraint=False, related_name="cases"
    )
    livemode = models.BooleanField()
    psp = models.TextField()
    psp_reference = models.TextField()

    class Meta:
        db_table = "dispute_case"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.psp_reference} at {self.psp}"


class Report(MerchantRow):
    """What a PSP said of a case, as it was heard. Never changed: a dispute's state is the join of its reports."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    dispute = models.ForeignKey(
        Dispute, models.DO_NOTHING, db_constraint=False, related_name="reports"
    )
    digest = models.BinaryField()  # SHA-256 of all that was said: the same thing is kept once.
    psp_reference = models.TextField()
    continues = models.TextField(default="")
    said_at = models.DateTimeField()  # By the PSP's clock.
    stage = models.TextField()
    standing = models.TextField()
    amount = models.BigIntegerField()
    reason = models.TextField()
    reason_code = models.TextField(default="")
    evidence_due_by = models.DateTimeField(null=True)
    movements = models.JSONField(default=list)  # The PSP's ids of those it told.
    act = models.UUIDField(null=True)  # It was the answer to this act of ours.
    heard_at = models.DateTimeField()

    class Meta:
        db_table = "dispute_report"
        ordering = ["said_at", "id"]

    def __str__(self) -> str:
        return f"{self.psp_reference} {self.stage} {self.standing} at {self.said_at}"


class Movement(MerchantRow):
    """Money that a dispute moved at the PSP. Never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    dispute = models.ForeignKey(
        Dispute, models.DO_NOTHING, db_constraint=False, related_name="movements"
    )
    livemode = models.BooleanField()
    psp = models.TextField()
    psp_reference = models.TextField()  # The PSP's id of the movement.
    direction = models.TextField(choices=[(way.value, way.value) for way in Direction])
    amount = models.BigIntegerField()
    fee = models.BigIntegerField()  # The PSP's, with it.
    currency = models.CharField(max_length=3)
    said_at = models.DateTimeField()  # Of the report by which we heard of it first.
    heard_at = models.DateTimeField()

    class Meta:
        db_table = "dispute_movement"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.psp_reference} {self.money} {self.direction}"

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class Round(MerchantRow):
    """A withdrawal, and what became of the money: how it stands in the books."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    dispute = models.ForeignKey(
        Dispute, models.DO_NOTHING, db_constraint=False, related_name="rounds"
    )
    number = (
        models.SmallIntegerField()
    )  # From 1, in the order in which we heard of the withdrawals.
    withdrawal = models.UUIDField()  # The movement.
    amount = models.BigIntegerField()  # Of it.
    fee = models.BigIntegerField()  # Ours, charged with it.
    reinstatement = models.UUIDField(null=True)  # The movement that gave it back.
    returned = models.BigIntegerField(default=0)  # Of that.
    # How often it was given up for lost, and as which ledger transaction it is now.
    times_lost = models.SmallIntegerField(default=0)
    lost_as = models.UUIDField(null=True)

    class Meta:
        db_table = "dispute_round"
        ordering = ["number"]

    def __str__(self) -> str:
        return f"round {self.number}: {self.amount} withdrawn, {self.returned} back"

    @property
    def left(self) -> int:
        """Withdrawn and not given back."""
        return self.amount - self.returned


class Evidence(MerchantRow):
    """A text, or the description of a file, for the bank. The file itself is outside the database."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    dispute = models.ForeignKey(
        Dispute, models.DO_NOTHING, db_constraint=False, related_name="evidence"
    )
    kind = models.TextField()
    text = models.TextField(default="")
    file_name = models.TextField(default="")  # "" for a text.
    media_type = models.TextField(default="")
    size = models.BigIntegerField(default=0)  # Bytes.
    sha256 = models.TextField(default="")  # In hex.
    stored_as = models.TextField(default="")  # Its name in the storage, which tells nothing.
    given_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)  # By a newer one of the same kind, or taken back.

    class Meta:
        db_table = "dispute_evidence"
        ordering = ["id"]
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return f"{encode('ev', self.id)} {self.kind}"

    @property
    def is_file(self) -> bool:
        return self.stored_as != ""


class Act(MerchantRow):
    """One thing we ask of the PSP about a dispute. Its id is the PSP-side key, for ever."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    dispute = models.ForeignKey(
        Dispute, models.DO_NOTHING, db_constraint=False, related_name="acts"
    )
    payment_id = models.UUIDField()
    livemode = models.BooleanField()
    psp = models.TextField()
    psp_reference = models.TextField()  # Of the case, as it was when this was asked.
    action = models.TextField(choices=Action.choices)
    idempotency_key = models.TextField(default="")  # The merchant's key that set this going.

    outcome = models.TextField(
        default="", choices=Result.choices
    )  # "" while the first call is out.
    psp_code = models.TextField(default="")
    psp_message = models.TextField(default="")

    started_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)  # When somebody took it to call the PSP.
    finished_at = models.DateTimeField(null=True)  # Open until then; closed for ever after.
    looks = models.IntegerField(default=0)  # How often resolve asked what became of it.
    next_look_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "dispute_act"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.public_id} {self.action} at {self.psp}: {self.outcome or 'in flight'}"

    @property
    def public_id(self) -> str:
        return encode("act", self.id)

    @property
    def open(self) -> bool:
        return self.finished_at is None


def arrows() -> set[tuple[str, str, bool]]:
    """Every (from, to, only in a further stage) of a dispute's graph, read off the transitions above."""
    status: Any = Dispute._meta.get_field("status")
    return {
        (str(arrow.source), str(arrow.target), bool(arrow.custom.get("in_a_further_stage")))
        for arrow in status.get_all_transitions(Dispute)
    }
