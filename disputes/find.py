"""Reading disputes: always one merchant's, always one mode's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from disputes.models import Act, Dispute, Evidence, Movement, Round


class NoSuchDispute(LookupError):
    """Not this merchant's, not in this mode, or not at all: nobody learns which."""


@dataclass(slots=True)
class Parts:
    """What belongs to a dispute, each oldest first."""

    movements: list[Movement] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)  # What is there now.
    acts: list[Act] = field(default_factory=list)

    @property
    def open_act(self) -> Act | None:
        """What we have asked for and not been answered."""
        return next((act for act in self.acts if act.open), None)

    @property
    def kinds(self) -> frozenset[str]:
        """Of the evidence that is there."""
        return frozenset(one.kind for one in self.evidence)


def get(merchant_id: UUID, dispute_id: UUID, *, livemode: bool) -> Dispute:
    """One dispute. Raises NoSuchDispute."""
    dispute = Dispute.objects.filter(
        merchant_id=merchant_id, id=dispute_id, livemode=livemode
    ).first()
    if dispute is None:
        raise NoSuchDispute(dispute_id)
    return dispute


def all_of(merchant_id: UUID, *, livemode: bool) -> QuerySet[Dispute]:
    """The merchant's disputes, for lists and filters."""
    return Dispute.objects.filter(merchant_id=merchant_id, livemode=livemode)


def parts_of(dispute: Dispute) -> Parts:
    """Everything that belongs to the dispute."""
    return parts_of_many([dispute])[dispute.id]


def parts_of_many(disputes: Sequence[Dispute]) -> dict[UUID, Parts]:
    """Everything that belongs to a page of one merchant's disputes, in four queries."""
    found = {dispute.id: Parts() for dispute in disputes}
    if not disputes:
        return found
    whose: dict[str, Any] = {
        "merchant_id": disputes[0].merchant_id,
        "dispute_id__in": list(found),
    }
    for movement in Movement.objects.filter(**whose).order_by("id"):
        found[movement.dispute_id].movements.append(movement)
    for one in Round.objects.filter(**whose).order_by("number"):
        found[one.dispute_id].rounds.append(one)
    for evidence in Evidence.objects.filter(**whose, replaced_at__isnull=True).order_by("id"):
        found[evidence.dispute_id].evidence.append(evidence)
    for act in Act.objects.filter(**whose).order_by("id"):
        found[act.dispute_id].acts.append(act)
    return found
