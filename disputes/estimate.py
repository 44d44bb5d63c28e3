"""How likely a dispute is to be won, by the merchant's own history; always with its sample's size, never certain.

By the rule of succession: of n disputes like this one w were won, so the next is won with (w + 1) / (n + 2).
"Like this one" is the same reason, answered with at least the kinds of evidence that are present here; where
the merchant has had none such, the same reason; where not even that, any.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from disputes.models import Dispute

REMEMBERED = 10_000  # The newest decided disputes: how banks decide changes over the years.


@dataclass(frozen=True, slots=True)
class Past:
    """Decided disputes of one reason, answered with the same kinds of evidence."""

    reason: str
    kinds: frozenset[str]
    won: int
    decided: int


@dataclass(frozen=True, slots=True)
class Chance:
    """Of `decided` disputes like this one `won` were won: the next is with (won + 1) / (decided + 2)."""

    won: int
    decided: int
    basis: str  # "reason_and_evidence", "reason" or "all".

    @property
    def percent(self) -> int:
        """In whole percent, half of one rounded up; never 0 and never 100."""
        wins, of = self.won + 1, self.decided + 2
        return min(99, max(1, (200 * wins + of) // (2 * of)))

    def worth(self, *, amount: int, fee: int) -> int:
        """What answering is worth: the amount, as far as it is likely to come back, less the fee, as far as it is not.

        All in minor units, half of one rounded up. The fee is what is kept of us when the dispute is lost.
        """
        wins, of = self.won + 1, self.decided + 2
        return (2 * (wins * amount - (of - wins) * fee) + of) // (2 * of)


def chance(dispute: Dispute, kinds: frozenset[str], history: Sequence[Past]) -> Chance | None:
    """None without any history. For a dispute that is decided it makes no sense."""
    alike: dict[str, Callable[[Past], bool]] = {
        "reason_and_evidence": lambda past: past.reason == dispute.reason and kinds <= past.kinds,
        "reason": lambda past: past.reason == dispute.reason,
        "all": lambda past: True,
    }
    if not kinds:
        del alike["reason_and_evidence"]
    for basis, is_alike in alike.items():
        decided = sum(past.decided for past in history if is_alike(past))
        if decided:
            won = sum(past.won for past in history if is_alike(past))
            return Chance(won, decided, basis)
    return None


def estimate(
    dispute: Dispute, kinds: frozenset[str], history: Sequence[Past]
) -> dict[str, Any] | None:
    """The chance as the API shows it: {"probability", "sample_size", "basis"}; None without any history."""
    found = chance(dispute, kinds, history)
    if found is None:
        return None
    probability = round((found.won + 1) / (found.decided + 2), 4)
    return {"probability": probability, "sample_size": found.decided, "basis": found.basis}


def history(merchant_id: UUID, *, livemode: bool) -> list[Past]:
    """The merchant's decided disputes. Those that the merchant gave up tell nothing of how a bank decides."""
    whose = (merchant_id, livemode)
    return histories([whose])[whose]


def histories(whose: Collection[tuple[UUID, bool]]) -> dict[tuple[UUID, bool], list[Past]]:
    """The histories of several merchants, each in one mode, by one question."""
    found: dict[tuple[UUID, bool], list[Past]] = {one: [] for one in whose}
    if not found:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT w.merchant_id, w.livemode, d.reason, e.kinds, count(*) FILTER (WHERE d.status = 'won'), count(*)
            FROM unnest(%(merchants)s::uuid[], %(modes)s::boolean[]) AS w (merchant_id, livemode),
            LATERAL (
                SELECT * FROM dispute
                WHERE merchant_id = w.merchant_id AND livemode = w.livemode AND status IN ('won', 'lost')
                    AND NOT EXISTS (
                        SELECT FROM dispute_act a
                        WHERE a.merchant_id = dispute.merchant_id AND a.dispute_id = dispute.id
                            AND a.action = 'accept' AND a.outcome = 'done')
                ORDER BY id DESC LIMIT %(most)s
            ) d,
            LATERAL (
                SELECT coalesce(array_agg(DISTINCT kind ORDER BY kind), '{}') AS kinds FROM dispute_evidence
                WHERE merchant_id = d.merchant_id AND dispute_id = d.id AND replaced_at IS NULL
            ) e
            GROUP BY w.merchant_id, w.livemode, d.reason, e.kinds
            """,
            {
                "merchants": [merchant for merchant, _ in found],
                "modes": [livemode for _, livemode in found],
                "most": REMEMBERED,
            },
        )
        for merchant, livemode, reason, kinds, won, decided in cursor:
            found[merchant, livemode].append(Past(reason, frozenset(kinds), won, decided))
    return found
