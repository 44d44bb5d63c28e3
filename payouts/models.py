"""A payout, where it goes, when, in which batch and file; and what the bank said.

The graph of a payout's states is here and, a second time, in the database (a trigger that knows the same arrows);
a test compares the two. Payouts move by sets: `move.py` calls the function that moves, posts and tells in one commit,
for one payout and for a hundred thousand.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django_fsm import FSMField, transition

from kernel.ids import encode, uuid7
from kernel.money import Money
from kernel.rows import MerchantRow
from payouts.acts import Act

__all__ = [
    "Act",
    "BankFile",
    "Batch",
    "Destination",
    "Payout",
    "Rail",
    "Report",
    "ReportException",
    "Schedule",
    "State",
    "arrows",
]


class Rail(models.TextChoices):
    """How the money travels."""

    BANK = "bank"  # By a file to our bank: pain.001, NACHA.
    STRIPE = "stripe"  # By Stripe, out of what it owes us, to the merchant's connected account.
    ADYEN = "adyen"  # By Adyen, out of what it owes us, to the merchant's bank account.


class State(models.TextChoices):
    """The statuses of the public API."""

    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"
    CANCELED = "canceled"


class Destination(MerchantRow):
    """Where a merchant is paid to. A change is another destination: proposed by one, approved by another."""

    class Kind(models.TextChoices):
        IBAN = "iban"
        US = "us"  # A routing and an account number.
        STRIPE = "stripe"  # A connected account.

    class State(models.TextChoices):
        PROPOSED = "proposed"
        APPROVED = "approved"  # Usable from `usable_from` on.
        REJECTED = "rejected"
        RETIRED = "retired"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    livemode = models.BooleanField()
    currency = models.CharField(max_length=3)
    rail = models.TextField(choices=Rail.choices)
    kind = models.TextField(choices=Kind.choices)
    holder = models.TextField()
    country = models.CharField(max_length=2)  # ISO 3166-1 alpha-2.
    sealed = models.BinaryField()  # The IBAN, the account number or "acct_…" (kernel.sealed).
    last4 = models.TextField()
    bic = models.TextField(blank=True, default="")
    routing_number = models.TextField(blank=True, default="")
    account_type = models.TextField(default="checking")  # … or "savings".
    bank_name = models.TextField(blank=True, default="")
    state = FSMField(default=State.PROPOSED, choices=State.choices, protected=True)
    proposed_by = models.TextField()
    proposed_because = models.TextField(blank=True, default="")
    decided_by = models.TextField(blank=True, default="")
    decided_because = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    usable_from = models.DateTimeField(null=True)  # The end of the cooling-off time.
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payout_destination"
        ordering = ["-id"]
        permissions = [("decide_destination", "Can approve, reject and retire destinations")]

    def __str__(self) -> str:
        return f"{self.public_id} {self.holder} …{self.last4} {self.currency} {self.state}"

    @property
    def public_id(self) -> str:
        return encode("pd", self.id)

    @transition(field=state, source=State.PROPOSED, target=State.APPROVED)
    def approve(self) -> None:
        """A second person stands for it; after the cooling-off time money goes there."""

    @transition(field=state, source=State.PROPOSED, target=State.REJECTED)
    def reject(self) -> None:
        """A second person says no: no money ever goes there."""

    @transition(field=state, source=State.APPROVED, target=State.RETIRED)
    def retire(self) -> None:
        """No new payout goes there any more."""


class Schedule(MerchantRow):
    """When a merchant is paid what is available in a currency: superseded, never changed."""

    class Interval(models.TextChoices):
        MANUAL = "manual"  # Only when asked.
        DAILY = "daily"  # Each business day.
        WEEKLY = "weekly"
        MONTHLY = "monthly"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    livemode = models.BooleanField()
    currency = models.CharField(max_length=3)
    interval = models.TextField(choices=Interval.choices)
    anchor = models.SmallIntegerField(default=0)  # Weekly: 1 (Monday) to 7. Monthly: the day.
    minimum = models.BigIntegerField(default=1)  # Minor units; less stays for the next time.
    agreed_by = models.TextField()
    effective_from = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "payout_schedule"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.currency} {self.interval} {self.anchor or ''} from {self.minimum}"


class Batch(models.Model):
    """Payouts of many merchants that leave together. Who builds or submits it does not approve it."""

    class State(models.TextChoices):
        DRAFT = "draft"
        PENDING_APPROVAL = "pending_approval"
        APPROVED = "approved"
        SENT = "sent"
        CANCELED = "canceled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    livemode = models.BooleanField()
    rail = models.TextField(choices=Rail.choices)
    state = FSMField(default=State.DRAFT, choices=State.choices, protected=True)
    value_date = models.DateField()  # On which the bank is to pay.
    note = models.TextField(blank=True, default="")
    created_by = models.TextField()
    created_at = models.DateTimeField()
    submitted_by = models.TextField(blank=True, default="")
    submitted_at = models.DateTimeField(null=True)
    digest = models.TextField(blank=True, default="")  # Of what was submitted.
    approved_by = models.TextField(blank=True, default="")
    approved_at = models.DateTimeField(null=True)
    approved_because = models.TextField(blank=True, default="")
    canceled_by = models.TextField(blank=True, default="")
    canceled_because = models.TextField(blank=True, default="")
    sent_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "payout_batch"
        ordering = ["-id"]
        verbose_name_plural = "batches"
        permissions = [
            ("build_batch", "Can build, submit and cancel batches"),
            ("approve_batch", "Can approve batches that somebody else built"),
            ("approve_large_batch", "Can approve batches above the limit"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.rail} {self.state}"

    @property
    def public_id(self) -> str:
        return encode("pb", self.id)

    @transition(field=state, source=State.DRAFT, target=State.PENDING_APPROVAL)
    def submit(self) -> None:
        """Its builder has previewed it; what is approved is what was submitted."""

    @transition(field=state, source=State.PENDING_APPROVAL, target=State.DRAFT)
    def take_back(self) -> None:
        """Not as it is: to be changed and submitted again."""

    @transition(field=state, source=State.PENDING_APPROVAL, target=State.APPROVED)
    def approve(self) -> None:
        """A second person stands for it."""

    @transition(field=state, source=State.APPROVED, target=State.SENT)
    def send(self) -> None:
        """Every payout of it is on its way, or was called off."""

    @transition(
        field=state,
        source=[State.DRAFT, State.PENDING_APPROVAL, State.APPROVED],
        target=State.CANCELED,
    )
    def cancel(self) -> None:
        """It will not leave; its payouts are loose again or called off."""


class BankFile(models.Model):
    """One file for our bank. Its bytes never change; what became of it is added."""

    class State(models.TextChoices):
        MADE = "made"
        SENT = "sent"  # The bank has it.
        ACCEPTED = "accepted"
        REJECTED = "rejected"  # As a whole: none of it was paid.

    EXTENSIONS = {"pain.001": "xml", "nacha": "ach"}  # By format.

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.ForeignKey(Batch, models.DO_NOTHING, related_name="files", db_constraint=False)
    livemode = models.BooleanField()
    format = models.TextField()  # "pain.001" or "nacha".
    currency = models.CharField(max_length=3)
    sequence = models.BigIntegerField()  # By mode and format, without a gap.
    message_id = models.TextField(unique=True)
    payments = models.IntegerField()
    total = models.BigIntegerField()  # Minor units.
    sha256 = models.TextField()
    content = models.BinaryField()  # Deflated (zlib).
    state = models.TextField(choices=State.choices, default=State.MADE)
    outcome = models.TextField(blank=True, default="")
    message = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    looks = models.IntegerField(default=0)
    next_look_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payout_file"
        ordering = ["-id"]
        permissions = [("download_bankfile", "Can read files of the bank's, with account numbers")]

    def __str__(self) -> str:
        return f"{self.message_id} {self.payments} × {self.currency} {self.state}"

    @property
    def money(self) -> Money:
        return Money(self.total, self.currency)

    @property
    def file_name(self) -> str:
        return f"{self.message_id}.{self.EXTENSIONS[self.format]}"


class Payout(MerchantRow):
    """A sum on its way from a merchant's balance to the merchant's bank."""

    class Method(models.TextChoices):
        API = "api"
        SCHEDULE = "schedule"
        BACK_OFFICE = "back_office"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    livemode = models.BooleanField()
    state = FSMField(default=State.DRAFT, choices=State.choices, protected=True)
    sequence = models.IntegerField(default=1)  # Grows by one with every change of state.
    amount = models.BigIntegerField()  # Minor units of `currency`.
    currency = models.CharField(max_length=3)
    destination = models.ForeignKey(
        Destination, models.DO_NOTHING, related_name="payouts", db_constraint=False
    )
    rail = models.TextField(choices=Rail.choices)
    method = models.TextField(choices=Method.choices)
    scheduled_for = models.DateField(null=True)  # By a schedule: for which day.
    batch = models.ForeignKey(
        Batch, models.DO_NOTHING, related_name="payouts", null=True, db_constraint=False
    )
    file = models.ForeignKey(
        BankFile, models.DO_NOTHING, related_name="payouts", null=True, db_constraint=False
    )
    trace = models.TextField(blank=True, default="")
    psp_reference = models.TextField(blank=True, default="")
    description = models.TextField(blank=True, default="")
    statement_descriptor = models.TextField(blank=True, default="")
    metadata = models.JSONField(default=dict)
    failure_code = models.TextField(blank=True, default="")
    failure_message = models.TextField(blank=True, default="")
    outcome = models.TextField(blank=True, default="")  # Of our last call to the PSP.
    taken_at = models.DateTimeField(null=True)
    looks = models.IntegerField(default=0)
    next_look_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    arrives_on = models.DateField(null=True)

    class Meta:
        db_table = "payout"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.public_id} {self.money} {self.state}"

    @property
    def public_id(self) -> str:
        return encode("po", self.id)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    # ------------------------------------------------------------------------------------ the graph

    @transition(field=state, source=State.DRAFT, target=State.PENDING_APPROVAL)
    def submit(self) -> None:
        """In a batch that waits for a second person."""

    @transition(field=state, source=State.PENDING_APPROVAL, target=State.DRAFT)
    def take_back(self) -> None:
        """Its batch was not approved as it was: it is loose again."""

    @transition(field=state, source=State.PENDING_APPROVAL, target=State.APPROVED)
    def approve(self) -> None:
        """Two people stand for it."""

    @transition(field=state, source=State.APPROVED, target=State.IN_TRANSIT)
    def send(self) -> None:
        """In a file, or about to be asked of a PSP: from now on only their word moves it."""

    @transition(field=state, source=State.IN_TRANSIT, target=State.PAID)
    def pay(self) -> None:
        """It left our account."""

    @transition(field=state, source=State.IN_TRANSIT, target=State.FAILED)
    def fail(self) -> None:
        """It never left our account: the amount is available again."""

    @transition(field=state, source=[State.IN_TRANSIT, State.PAID], target=State.RETURNED)
    def come_back(self) -> None:
        """The merchant's bank sent it back: the amount is available again."""

    @transition(
        field=state,
        source=[State.DRAFT, State.PENDING_APPROVAL, State.APPROVED],
        target=State.CANCELED,
    )
    def cancel(self) -> None:
        """Called off before it was sent: the amount is available again."""


class Report(models.Model):
    """One file of the bank's, as it came."""

    class State(models.TextChoices):
        RECEIVED = "received"
        APPLIED = "applied"
        UNREADABLE = "unreadable"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    livemode = models.BooleanField()
    number = models.BigIntegerField()
    name = models.TextField()
    kind = models.TextField()
    sha256 = models.TextField()
    content = models.BinaryField()  # Deflated (zlib).
    state = models.TextField(choices=State.choices, default=State.RECEIVED)
    message = models.TextField(blank=True, default="")
    items = models.IntegerField(default=0)
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payout_report"
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.number} {self.name} {self.state}"


class ReportException(models.Model):
    """A line of a report that a person must look at: it fits no payout of ours as that stands."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    report = models.ForeignKey(
        Report, models.DO_NOTHING, related_name="exceptions", db_constraint=False
    )
    place = models.IntegerField()
    reference = models.TextField(blank=True)
    became = models.TextField()
    amount = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, null=True)
    code = models.TextField(blank=True)
    message = models.TextField(blank=True)
    why = models.TextField()
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.TextField(blank=True, default="")
    settled_because = models.TextField(blank=True, default="")

    class Meta:
        db_table = "payout_report_exception"
        ordering = ["-id"]
        permissions = [("settle_reportexception", "Can say how an exception was seen to")]

    def __str__(self) -> str:
        return f"{self.reference or 'no reference'}: {self.why}"


def arrows(model: type[Payout | Batch | Destination] = Payout) -> set[tuple[str, str]]:
    """Every (from, to) of a model's graph, read off its transitions above."""
    state: Any = model._meta.get_field("state")
    return {(str(arrow.source), str(arrow.target)) for arrow in state.get_all_transitions(model)}
