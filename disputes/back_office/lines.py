"""What the desk says of each dispute in a list, all of them read at once: by as many questions for one as for many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from disputes.estimate import Chance, chance, histories
from disputes.models import Act, Dispute, Evidence
from kernel.money import Money
from kernel.rows import MerchantQuerySet
from merchants.models import Merchant

AT_ONCE = 500  # Disputes that are told of by one set of questions.
ENOUGH = 10  # Decided disputes by which a chance is told; below that there are too few to tell.


@dataclass(frozen=True, slots=True)
class Prospect:
    """What answering promises; `chance` is None where the merchant has no history, or nothing is open."""

    chance: Chance | None
    worth: Money | None  # None also where there are too few to tell.

    @property
    def words(self) -> str:
        """ "62 % of 48 like it"."""
        if self.chance is None:
            return "too few to tell: none like it"
        if self.worth is None:
            return f"too few to tell: {self.chance.decided} like it"
        return f"{self.chance.percent} % of {self.chance.decided} like it"


@dataclass(frozen=True, slots=True)
class Line:
    """What is beside the dispute's own columns."""

    merchant: str  # Its name.
    prospect: Prospect
    sending: bool  # Something was asked of the PSP and is not answered.


def prospect(dispute: Dispute, found: Chance | None) -> Prospect:
    """The chance, and what that makes answering worth: the fee is at risk as far as the amount is."""
    if found is None or found.decided < ENOUGH:
        return Prospect(found, None)
    worth = found.worth(amount=dispute.amount, fee=dispute.fee)
    return Prospect(found, dispute.money(worth))


def lines(disputes: Sequence[Dispute]) -> dict[UUID, Line]:
    """For each of these disputes, of whichever merchants, its line; in four questions."""
    merchants = {dispute.merchant_id for dispute in disputes}
    ours = {
        "merchant_id__in": merchants,
        "dispute_id__in": [dispute.id for dispute in disputes],
    }
    kinds: dict[UUID, set[str]] = defaultdict(set)
    for dispute_id, kind in Evidence.objects.filter(**ours, replaced_at=None).values_list(
        "dispute_id", "kind"
    ):
        kinds[dispute_id].add(kind)
    sending = set(Act.objects.filter(**ours, finished_at=None).values_list("dispute_id", flat=True))
    names = dict(Merchant.objects.filter(id__in=merchants).values_list("id", "name"))
    past = histories({(d.merchant_id, d.livemode) for d in disputes if not d.decided})
    return {
        dispute.id: Line(
            merchant=names.get(dispute.merchant_id, ""),
            prospect=prospect(
                dispute,
                None
                if dispute.decided
                else chance(
                    dispute,
                    frozenset(kinds[dispute.id]),
                    past[dispute.merchant_id, dispute.livemode],
                ),
            ),
            sending=dispute.id in sending,
        )
        for dispute in disputes
    }


class WithLines(MerchantQuerySet[Dispute]):
    """Disputes of which each is read with what is said of it beside its own columns; for pages and for files."""

    def _fetch_all(self) -> None:
        fresh = self._result_cache is None
        super()._fetch_all()
        if fresh and self._result_cache and isinstance(self._result_cache[0], Dispute):
            _attach(self._result_cache)

    def iterator(self, chunk_size: int | None = None) -> Iterator[Dispute]:
        rows = super().iterator(chunk_size or AT_ONCE)
        while some := list(islice(rows, AT_ONCE)):
            _attach(some)
            yield from some


def _attach(disputes: Sequence[Any]) -> None:
    told = lines(disputes)
    for dispute in disputes:
        dispute.line = told[dispute.id]
