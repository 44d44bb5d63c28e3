"""Statements as they were received, how their lines were taken into the books, and the breaks.

A break is one thing on which our books and a statement do not agree. The graph of its states is here and, a second
time, in the database (a trigger that knows the same arrows); a test compares the two. Transitions are pure: the work is
in the verbs beside this file.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django_fsm import FSMField, transition

from kernel.ids import encode, uuid7
from kernel.money import Money

BANK = "bank"  # Stands where a PSP does for the statements of our bank.


class Order(models.Model):
    """A file that a PSP is to give us; fetched at growing pauses until it is had."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    psp = models.TextField(verbose_name="PSP")
    livemode = models.BooleanField()
    name = models.TextField()
    place = models.TextField()  # Of paygate.psp.statements.Offered: `where`.
    day = models.DateField(null=True)  # The one that was asked for; None where the PSP told.
    ordered_at = models.DateTimeField()
    looks = models.IntegerField(default=0)
    next_look_at = models.DateTimeField(null=True)  # None once it is fetched.
    statement_id = models.UUIDField(null=True)
    problem = models.TextField(blank=True, default="")

    class Meta:
        db_table = "statement_order"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.psp} {self.name}"


class Statement(models.Model):
    """A file as it was received, and what became of it."""

    class State(models.TextChoices):
        RECEIVED = "received"  # Kept; not read yet.
        APPLIED = "applied"
        REFUSED = "refused"  # As a whole; nothing of it is in the books.
        SUPERSEDED = "superseded"  # By a newer version: what it had posted is taken back.

    class Source(models.TextChoices):
        FETCHED = "fetched"
        FOLDER = "folder"
        UPLOADED = "uploaded"
        BANK = "bank"  # Handed on by whoever hears our bank.

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    psp = models.TextField(verbose_name="PSP")  # BANK for our bank.
    livemode = models.BooleanField()
    name = models.TextField()
    source = models.TextField(choices=Source.choices)
    received_by = models.TextField(blank=True, default="")
    received_at = models.DateTimeField()
    sha256 = models.TextField()
    size = models.BigIntegerField()  # Bytes, as it came.
    state = models.TextField(choices=State.choices, default=State.RECEIVED)
    format = models.TextField(blank=True, default="")
    identity = models.TextField(blank=True, default="")  # What it is a version of.
    lines = models.BigIntegerField(default=0)
    until = models.DateTimeField(null=True)  # What was booked there by then is known.
    refused_row = models.BigIntegerField(null=True)
    refused_because = models.TextField(blank=True, default="")
    applied_at = models.DateTimeField(null=True)
    learned = models.BigIntegerField(
        default=0
    )  # Of the lines: from how many it was learned what payments cost.
    superseded_by = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, db_column="superseded_by", related_name="+"
    )

    class Meta:
        db_table = "statement"
        ordering = ["-id"]
        permissions = [("upload", "Can upload statements, and have refused ones read again")]

    def __str__(self) -> str:
        return f"{self.psp} {self.name} {self.state}"

    @property
    def public_id(self) -> str:
        return encode("stm", self.id)


class Batch(models.Model):
    """What a PSP pays to our bank account, or takes from it, for many lines at once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    psp = models.TextField(verbose_name="PSP")
    livemode = models.BooleanField()
    reference = models.TextField()
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()  # Minor units; below zero what it takes.
    told_at = models.DateTimeField()
    statement_id = models.UUIDField(null=True)  # None where a webhook told it.
    row = models.BigIntegerField(null=True)
    arrived_in = models.UUIDField(null=True)  # The bank's statement.
    arrived_row = models.BigIntegerField(null=True)
    arrived = models.BigIntegerField(null=True)
    arrived_at = models.DateTimeField(null=True)
    swept_at = models.DateTimeField(null=True)  # When it was posted to those whose lines it pays.
    swept_as = models.TextField(blank=True, default="")  # The source of that in the books.

    class Meta:
        db_table = "settlement_batch"
        ordering = ["-id"]
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        return f"{self.psp} {self.reference} {self.money}"

    @property
    def public_id(self) -> str:
        return encode("stl", self.id)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class Cause(models.TextChoices):
    """Why our books and a statement do not agree."""

    MISSING_HERE = "missing_here", "unknown to us"
    MISSING_THERE = "missing_there", "in no statement"
    AMOUNT = "amount", "another amount"
    CURRENCY = "currency", "another currency"
    FEE = "fee", "fee unlike the contract"
    FX_ROUNDING = "fx_rounding", "rounding of a conversion"
    CAPTURED_TWICE = "captured_twice", "captured twice"
    REFUNDED_IN_DASHBOARD = "refunded_in_dashboard", "refunded in the PSP's dashboard"
    CHARGEBACK_NOT_HEARD = "chargeback_not_heard", "chargeback not heard of"
    DUPLICATE_LINE = "duplicate_line", "line told twice"
    WRONG_MERCHANT_ACCOUNT = "wrong_merchant_account", "wrong merchant account"
    TIMING = "timing", "timing"


class BreakState(models.TextChoices):
    OPEN = "open"
    INVESTIGATING = "investigating"
    PROPOSED = "proposed"
    RESOLVED = "resolved"
    WRITTEN_OFF = "written_off"


class Break(models.Model):
    """One thing on which our books and a statement do not agree, and what would close it."""

    class Proposal(models.TextChoices):
        DRAFT = "draft"
        WRITE_OFF = "write_off"

    class ClosedBy(models.TextChoices):
        DRAFT = "draft"
        WRITE_OFF = "write_off"
        LATER_LINE = "later_line"  # What was missing came.
        NEWER_FILE = "newer_file"  # The file that it was found in was superseded.

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    psp = models.TextField(verbose_name="PSP")
    livemode = models.BooleanField()
    key = models.TextField()
    cause = models.TextField(choices=Cause.choices)
    state = FSMField(default=BreakState.OPEN, choices=BreakState.choices, protected=True)
    sequence = models.IntegerField(default=1)  # Grows by one with every change.
    merchant_id = (
        models.UUIDField()
    )  # In whose book it is: ledger.chart.HOUSE where it is nobody's.
    payment_id = models.UUIDField(null=True)
    item = models.UUIDField(null=True)
    subject = models.TextField()
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()  # At risk, in minor units.
    statement_id = models.UUIDField(null=True)
    row = models.BigIntegerField(null=True)
    evidence = models.JSONField(default=dict)
    draft = models.JSONField(default=list)
    news = models.JSONField(null=True)
    owner = models.TextField(blank=True, default="")
    opened_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    proposed_as = models.TextField(blank=True, default="", choices=Proposal.choices)
    proposed_by = models.TextField(blank=True, default="")
    proposed_because = models.TextField(blank=True, default="")
    proposed_digest = models.TextField(blank=True, default="")  # Of what it would post.
    approved_by = models.TextField(blank=True, default="")
    approved_because = models.TextField(blank=True, default="")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.TextField(blank=True, default="", choices=ClosedBy.choices)

    class Meta:
        db_table = "reconciliation_break"
        ordering = ["-id"]
        permissions = [
            ("propose", "Can look into breaks, and propose how they are closed"),
            ("approve", "Can approve what somebody else proposed"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.money} {self.cause} {self.state}"

    @property
    def public_id(self) -> str:
        return encode("brk", self.id)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    # ------------------------------------------------------------------------------------ the graph

    @transition(field=state, source=BreakState.OPEN, target=BreakState.INVESTIGATING)
    def investigate(self) -> None:
        """Somebody is looking into it."""

    @transition(
        field=state, source=[BreakState.OPEN, BreakState.INVESTIGATING], target=BreakState.PROPOSED
    )
    def propose(self) -> None:
        """Somebody would close it so; a second person has to agree."""

    @transition(field=state, source=BreakState.PROPOSED, target=BreakState.INVESTIGATING)
    def reject(self) -> None:
        """The second person did not agree."""

    @transition(
        field=state,
        source=[BreakState.OPEN, BreakState.INVESTIGATING, BreakState.PROPOSED],
        target=BreakState.RESOLVED,
    )
    def resolve(self) -> None:
        """The books agree with the PSP: by the draft, or by what came later."""

    @transition(field=state, source=BreakState.PROPOSED, target=BreakState.WRITTEN_OFF)
    def write_off(self) -> None:
        """We gave it up: what is missing is our loss, what is too much our gain."""


class Note(models.Model):
    """Who did what about a break, and why. In ink."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    of = models.ForeignKey(Break, models.DO_NOTHING, db_column="break_id", related_name="notes")
    at = models.DateTimeField()
    by = models.TextField(blank=True)  # "" for what came about by itself.
    act = models.TextField()
    because = models.TextField(blank=True)

    class Meta:
        db_table = "reconciliation_note"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.act} by {self.by or 'nobody'}"


def arrows() -> set[tuple[str, str]]:
    """Every (from, to) of a break's graph, read off its transitions above."""
    state: Any = Break._meta.get_field("state")
    return {(str(arrow.source), str(arrow.target)) for arrow in state.get_all_transitions(Break)}
