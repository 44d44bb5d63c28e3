"""What only PSPs have: customers who identify themselves, webhooks that tell what happens, and disputes."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from simulators import mistakes
from simulators.books import Books
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.http import Reply, Request
from simulators.settlement import File, Planted, Row
from simulators.simulator import Simulator
from simulators.webhooks import Webhooks


class Psp(Simulator):
    """One PSP."""

    def __init__(self, *, clock: Clock, books: Books, faults: Faults, latency: float = 0.0) -> None:
        super().__init__(clock=clock, books=books, faults=faults, latency=latency)
        self.webhooks = Webhooks(self.envelope)
        self.mistakes: tuple[dict[str, int], int] = ({}, 0)  # What is still to be planted; a seed.
        self.statements: list[File] = []  # As they were published, oldest first.
        self._late: list[Row] = []

    async def _answer(self, request: Request) -> Reply:
        if request.path.startswith("/3ds/"):
            return self.three_d_secure_page(request)
        return await super()._answer(request)

    # ----------------------------------------------------------------------------- settlement files

    def mistaken(self, rows: Iterable[Row]) -> tuple[list[Row], list[Planted]]:
        """The rows of a file as they are to be published: each simulator passes all of them through here.

        What is wanted and cannot be planted in this file waits for the next one. What the settlement rows say
        afterwards is what is paid.
        """
        wanted, seed = self.mistakes
        wrong, planted = mistakes.plant(
            rows, wanted, seed=seed + len(self.statements), late=self._late
        )
        left = Counter(wanted) - Counter(made.mistake for made in planted)
        self.mistakes = (dict(left), seed)
        return wrong, planted

    def make_mistakes(self, wanted: dict[str, int], seed: int) -> None:
        """Plant these in the files that come, in place of what was wanted before. Raises ValueError."""
        mistakes.check(wanted)
        self.mistakes = (dict(wanted), int(seed))

    def published(self) -> dict[str, Any]:
        """The files so far, without their bytes, and what is still to come."""
        return {
            "statements": [
                {
                    "name": file.name,
                    "size": len(file.content),
                    "rows": file.rows,
                    "planted": [asdict(made) for made in file.planted],
                }
                for file in self.statements
            ],
            "late": [row.reference for row in self._late],
            "wanted": self.mistakes[0],
        }

    def statement(self, name: str) -> bytes | None:
        """The newest file of that name."""
        return next((f.content for f in reversed(self.statements) if f.name == name), None)

    # ------------------------------------------------------------------------ what each fills in

    @abstractmethod
    def three_d_secure_page(self, request: Request) -> Reply:
        """The 3-D Secure page that the customer sees."""

    @abstractmethod
    def envelope(self, told: Any, *, at: float, secret: str) -> tuple[dict[str, str], bytes]:
        """One notification as it goes over the wire, signed at that moment (seconds since 1970).

        `secret` replaces the simulator's own where it is not empty: so are forgeries made.
        """

    @abstractmethod
    def perform(self, act: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """What people do at the PSP itself. Raises ValueError or LookupError for what cannot be done.

        dispute      {"payment": "pay_…", "reason"?, "kind"?: "chargeback" | "inquiry", "amount"?}
        decide       {"dispute": id, "outcome": "won" | "lost"}
        escalate     {"dispute": id}: an inquiry becomes a chargeback, a won case is taken up again
        refund       {"payment", "amount"?}: in the PSP's own dashboard
        fail_refund  {"payment"} or {"refund": id}: the newest refund fails after it succeeded
        cancel       {"payment"}: in the dashboard
        fail_payout    {"payout": "po_…"}: the bank refuses what was not paid yet
        return_payout  {"payout": "po_…"}: the bank sends it back, after it was paid
        and what only one PSP has. Amounts are ISO 4217 minor units. The answer has the "id" of what came of it.
        """

    @abstractmethod
    def disputes(self) -> list[dict[str, Any]]:
        """Every dispute: id, payment (ours), amount, currency (ISO), status (the PSP's), round, and what else."""
