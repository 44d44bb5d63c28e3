"""What a PSP told us: one row for each thing told, from the moment it was received until it has had its effect.

The graph of its states is here and, a second time, in the database; a test compares the two. What was
said never changes.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django_fsm import FSMField, transition

from kernel.ids import encode, uuid7


class State(models.TextChoices):
    """How far one thing told has come."""

    RECEIVED = "received"
    APPLIED = "applied"
    IRRELEVANT = "irrelevant"
    QUARANTINED = "quarantined"
    SET_ASIDE = "set_aside"


class PspEvent(models.Model):
    """One thing told. Whose it is, is known only when it is applied: so no merchant is in its key."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    psp = models.TextField(verbose_name="PSP")
    livemode = models.BooleanField()
    key = models.TextField()  # The adapter's; the same when the same thing is told again.
    kind = models.TextField()  # The PSP's name for it.
    payload = models.JSONField(null=True)  # As it came; emptied some time after it was settled.
    said_at = models.DateTimeField()  # By the PSP's clock.
    received_at = models.DateTimeField()

    state = FSMField(default=State.RECEIVED, choices=State.choices, protected=True)
    concerns = models.TextField(
        default=""
    )  # The PSP's reference of the payment, where it is one's.
    result = models.TextField(default="")  # What was done about it, in words.
    why = models.TextField(default="")  # Why it could not be applied, the last time or for good.
    tries = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)  # While it is received and not applied.
    settled_at = models.DateTimeField(null=True)

    decided_by = models.TextField(default="")  # The person who decided about it last,
    decided_why = models.TextField(default="")  # for what reason,
    decided_at = models.DateTimeField(null=True)  # and when.

    class Meta:
        db_table = "psp_event"
        ordering = ["-id"]
        verbose_name = "PSP event"
        default_permissions = ("view",)
        permissions = [("decide_pspevent", "Can decide about quarantined PSP events")]

    def __str__(self) -> str:
        return f"{self.psp} {self.kind} {self.key}"

    @property
    def public_id(self) -> str:
        return encode("pev", self.id)

    # ------------------------------------------------------------------------------------ the graph

    @transition(field=state, source=State.RECEIVED, target=State.APPLIED)
    def apply(self) -> None:
        """What it tells of is in our states and books."""

    @transition(field=state, source=State.RECEIVED, target=State.IRRELEVANT)
    def pass_over(self) -> None:
        """It is known, and nothing for us to do."""

    @transition(field=state, source=State.RECEIVED, target=State.QUARANTINED)
    def quarantine(self) -> None:
        """It contradicts what we know, or cannot be read: a person must look."""

    @transition(field=state, source=State.QUARANTINED, target=State.RECEIVED)
    def apply_again(self) -> None:
        """A person has looked, and it can be applied now."""

    @transition(field=state, source=State.QUARANTINED, target=State.SET_ASIDE)
    def set_aside(self) -> None:
        """A person has looked, and nothing is to be done about it here."""


def arrows() -> set[tuple[str, str]]:
    """Every (from, to) of an event's graph, read off the transitions above."""
    state: Any = PspEvent._meta.get_field("state")
    return {(str(arrow.source), str(arrow.target)) for arrow in state.get_all_transitions(PspEvent)}
