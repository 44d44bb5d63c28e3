"""What a dispute does to the books: pure. The same movements and the same end make the same balances.

A round is a withdrawal and the reinstatement that answers it:

    withdrawn            opened       our fee is charged with it, and what the PSP charged is booked
    given back           won          … and our fee is given back
    decided against us   lost         what is not back is given up
    given back all the same           reinstated
    open again           the loss is reversed: what was given up is set aside once more

A reinstatement that is heard of before its withdrawal waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from disputes.models import Dispute, Movement, Round, Status
from ledger.recipes.disputes import (
    dispute_lost,
    dispute_opened,
    dispute_reinstated,
    dispute_won,
)
from ledger.recipes.fees import psp_fee_charged, psp_fee_returned
from ledger.transaction import Transaction
from paygate.psp.cases import Direction


@dataclass(slots=True)
class Books:
    """A dispute's rounds, and what is to be posted because they changed."""

    dispute: Dispute
    rounds: list[Round]
    transactions: list[Transaction] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)  # Numbers of the rounds that are to be saved.

    @property
    def outstanding(self) -> int:
        """Withdrawn and not given back, in minor units."""
        return sum(one.left for one in self.rounds)

    def withdraw(self, movements: Iterable[Movement]) -> None:
        """Open a round for each of these withdrawals, of which none was booked before."""
        for movement in movements:
            one = Round(
                merchant_id=self.dispute.merchant_id,
                dispute=self.dispute,
                number=len(self.rounds) + 1,
                withdrawal=movement.id,
                amount=movement.amount,
                fee=self.dispute.fee,
            )
            self.rounds.append(one)
            self._post(one, dispute_opened(**self._of(one), **self._psp, fee=self._fee(one)))
            if movement.fee:
                self.transactions.append(
                    psp_fee_charged(**self._whose, **self._psp, **self._fee_of(movement))
                )

    def reinstate(self, waiting: Sequence[Movement]) -> list[Movement]:
        """Give back what fits, to a round of the same amount or the first that waits; what was booked of it."""
        booked = []
        for movement in waiting:
            fitting = [r for r in self.rounds if self._fits(movement, r)]
            one = min(fitting, key=lambda r: (r.amount != movement.amount, r.number), default=None)
            if one is None:
                continue
            amount = self.dispute.money(movement.amount)
            how = dispute_won
            if one.lost_as and movement.amount == one.amount:
                how = dispute_reinstated
            elif one.lost_as:
                self._not_lost(one)  # A part of it came back: of that only the rest is lost.
            one.reinstatement, one.returned = movement.id, movement.amount
            item = how(
                **self._whose,
                **self._psp,
                source=self._source(one),
                amount=amount,
                fee=self._fee(one),
            )
            self._post(one, item)
            if movement.fee:
                self.transactions.append(
                    psp_fee_returned(**self._whose, **self._psp, **self._fee_of(movement))
                )
            booked.append(movement)
        return booked

    def conclude(self) -> None:
        """Give up what is lost by the dispute's status, and take back what was given up too early.

        Of a dispute that was won, what is not back when every round has its answer does not come back. (Of all
        rounds together: which reinstatement answers which depends on what was heard first, and sums do not.)
        """
        answered = all(one.reinstatement is not None for one in self.rounds)
        gone = self.dispute.status == Status.LOST or (
            self.dispute.status == Status.WON and answered
        )
        for one in self.rounds:
            if one.left and gone and not one.lost_as:
                one.times_lost += 1
                lost = dispute_lost(**self._of(one, amount=one.left, lost=True), **self._psp)
                one.lost_as = lost.id
                self._post(one, lost)
            elif one.left and not gone and one.lost_as:
                self._not_lost(one)

    def _not_lost(self, one: Round) -> None:
        lost = dispute_lost(**self._of(one, amount=one.left, lost=True), **self._psp)
        assert one.lost_as is not None
        self._post(one, replace(lost, id=one.lost_as).reversal(source=lost.source))
        one.lost_as = None

    def _fits(self, movement: Movement, one: Round) -> bool:
        return one.reinstatement is None and movement.amount <= one.amount

    def _post(self, one: Round, item: Transaction) -> None:
        self.transactions.append(item)
        self.changed.add(one.number)

    # ------------------------------------------------------------------------ arguments of the recipes

    @property
    def _whose(self) -> dict[str, Any]:
        return {"merchant": self.dispute.merchant_id, "livemode": self.dispute.livemode}

    @property
    def _psp(self) -> dict[str, Any]:
        return {"psp": self.dispute.psp}

    def _source(self, one: Round, *, lost: bool = False) -> str:
        """ "dp_…:1"; a round that is lost once more is "dp_…:1:2"."""
        again = f":{one.times_lost}" if lost and one.times_lost > 1 else ""
        return f"{self.dispute.public_id}:{one.number}{again}"

    def _of(self, one: Round, *, amount: int | None = None, lost: bool = False) -> dict[str, Any]:
        return {
            **self._whose,
            "source": self._source(one, lost=lost),
            "amount": self.dispute.money(one.amount if amount is None else amount),
        }

    def _fee(self, one: Round) -> Any:
        return self.dispute.money(one.fee)

    def _fee_of(self, movement: Movement) -> dict[str, Any]:
        return {
            "source": f"{self.dispute.public_id}:{movement.psp_reference}",
            "fee": self.dispute.money(movement.fee),
        }


def waiting(movements: Iterable[Movement], rounds: Iterable[Round]) -> list[Movement]:
    """The reinstatements that no round has yet, in the order in which we heard of them."""
    booked = {one.reinstatement for one in rounds}
    return [
        movement
        for movement in movements
        if movement.direction == Direction.REINSTATED and movement.id not in booked
    ]
