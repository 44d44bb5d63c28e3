"""How likely a dispute is to be won, by the merchant's own history; always with its sample's size, never certain.

By the rule of succession: of n disputes like this one w were won, so the next is won with (w + 1) / (n + 2).
"Like this one" is the same reason, answered with at least the kinds of evidence that are present here; where
the merchant has had none such, the same reason; where not even that, any.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def estimate(
    dispute: Dispute, kinds: frozenset[str], history: Sequence[Past]
) -> dict[str, Any] | None:
    """{"probability", "sample_size", "basis"}; None without any history.

    For a dispute that is decided it makes no sense.
    """
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
            probability = round((won + 1) / (decided + 2), 4)
            return {"probability": probability, "sample_size": decided, "basis": basis}
    return None


def history(merchant_id: UUID, *, livemode: bool) -> list[Past]:
    """The merchant's decided disputes. Those that the merchant gave up tell nothing of how a bank decides."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.reason, e.kinds, count(*) FILTER (WHERE d.status = 'won'), count(*)
            FROM (
                SELECT * FROM dispute
                WHERE merchant_id = %(merchant)s AND livemode = %(livemode)s AND status IN ('won', 'lost')
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
            GROUP BY d.reason, e.kinds
            """,
            {"merchant": merchant_id, "livemode": livemode, "most": REMEMBERED},
        )
        return [Past(reason, frozenset(kinds), won, n) for reason, kinds, won, n in cursor]
