"""What the simulators have in common: how a call is routed, befallen by faults, executed and counted.

A PSP says what its routes are and what idempotency means there; everything that can happen to a call
between its arrival and its answer is here, once, in `Simulator.answer`.
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from simulators.books import Books
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.http import Manner, Reply, Request
from simulators.webhooks import Webhooks

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Route:
    """`template` is a path in which {id} stands for one segment; `moves`: state may change."""

    method: str
    template: str
    act: str  # The name of the simulator's method that carries it out.
    moves: bool = True

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"


@dataclass(slots=True)
class Call:
    """A request for which there is a route."""

    request: Request
    route: Route
    id: str = ""  # What the path named.
    key: str = ""  # The idempotency key.
    params: dict[str, Any] = field(default_factory=dict)  # The body or the query, parsed.
    executed: bool = False  # Not so when it was refused, or answered from what the key stands for.
    silent: bool = False  # Set by test cards that are executed and never answered.


@dataclass(slots=True)
class Remembered(Generic[T]):
    """What an idempotency key stands for; no result yet means that the request is in flight."""

    fingerprint: object
    result: T | None = None


def _pattern(template: str) -> str:
    """{id} is what the call is about; other placeholders only have to be there."""
    return re.sub(r"\{\w+\}", "[^/]+", template.replace("{id}", "([^/]+)"))


class Simulator(ABC):
    """One PSP. Everything runs in one event loop; only waiting is ever interleaved."""

    psp: ClassVar[str]
    routes: ClassVar[tuple[Route, ...]]

    def __init__(self, *, clock: Clock, books: Books, faults: Faults, latency: float = 0.0) -> None:
        self.clock = clock
        self.books = books
        self.faults = faults
        self.webhooks = Webhooks(self.envelope)
        self.requests = 0
        self.calls: dict[str, dict[str, Any]] = {}
        self._latency = latency
        self._ids = random.Random()  # Not under the seed: a restarted simulator repeats no id.
        self._patterns: list[tuple[str, Callable[[str], re.Match[str] | None], Route]] = [
            (route.method, re.compile(_pattern(route.template)).fullmatch, route)
            for route in self.routes
        ]

    # ------------------------------------------------------------------------- what a PSP fills in

    @abstractmethod
    def understand(self, call: Call) -> Reply | None:
        """Authenticate and parse; set `call.key` and `call.params`. A Reply refuses the call."""

    @abstractmethod
    def recall(self, call: Call) -> Reply | None:
        """Answer what needs no execution (a replay, a conflict, a mistake); else claim the key."""

    @abstractmethod
    def execute(self, call: Call) -> Reply:
        """Do it, and remember under the key what this PSP remembers."""

    @abstractmethod
    def not_found(self, request: Request) -> Reply:
        """No such address."""

    @abstractmethod
    def refuse(self, fault: str) -> Reply:
        """The answer to "rate_limit", "error_before" and "error_after"."""

    @abstractmethod
    def distort(self, reply: Reply) -> Reply:
        """The same answer with another amount."""

    @abstractmethod
    def three_d_secure_page(self, request: Request) -> Reply:
        """The 3-D Secure page that the customer sees."""

    @abstractmethod
    def expire(self, now: datetime) -> None:
        """Let happen what is due by now: holds that lapse, refunds that go through, disputes decided.

        Called whenever time was made to pass, and twice a second.
        """

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
        and what only one PSP has. Amounts are ISO 4217 minor units. The answer has the "id" of what came of it.
        """

    @abstractmethod
    def disputes(self) -> list[dict[str, Any]]:
        """Every dispute: id, payment (ours), amount, currency (ISO), status (the PSP's), round, and what else."""

    def failed(self, call: Call, reply: Reply) -> None:  # noqa: B027
        """`reply` is the server error that was sent after execution; some PSPs remember it."""

    # ------------------------------------------------------------------------------ the life of a call

    async def answer(self, request: Request) -> Reply:
        """Never raises: what goes wrong in here is printed and answered with 500."""
        self.requests += 1
        try:
            if request.path.startswith("/3ds/"):
                return self.three_d_secure_page(request)
            return await self._answer(request)
        except Exception:  # The process must outlive a mistake of its own.
            traceback.print_exc(file=sys.stderr)
            return Reply(500, b"the simulator failed; see its log")

    async def _answer(self, request: Request) -> Reply:
        call = self._route(request)
        if call is None:
            return self.not_found(request)
        refused = self.understand(call)
        self._count(call)
        if refused is not None:
            return refused
        fault = self.faults.draw(lookup=not call.route.moves)
        match fault:
            case "error_before" | "rate_limit":
                return self.refuse(fault)
            case "timeout_before":
                return await self._hang()
            case "reset_before":
                return Reply(0, manner=Manner.RESET)
        reply = self.recall(call)
        pause = self._latency + (self.faults.late_seconds if fault == "late" else 0)
        if pause:
            await asyncio.sleep(pause)
        if reply is None:
            reply = self.execute(call)
            call.executed = True
        return await self._leave(call, reply, fault)

    async def _leave(self, call: Call, reply: Reply, fault: str) -> Reply:
        """What becomes of an answer whose effect is already in the books."""
        if call.silent:
            return await self._hang()
        match fault:
            case "error_after":
                error = self.refuse(fault)
                if call.executed:
                    self.failed(call, error)
                return error
            case "timeout_after":
                return await self._hang()
            case "reset_after":
                return Reply(0, manner=Manner.RESET)
            case "slow_drip":
                return replace(reply, manner=Manner.DRIP)
            case "malformed":
                return replace(reply, status=200, body=b"\x00<html>{upstream connect error")
            case "wrong_amount":
                return self.distort(reply)
        return reply

    async def _hang(self) -> Reply:
        await asyncio.sleep(self.faults.hang_seconds)
        return Reply(0, manner=Manner.CLOSE)

    def _route(self, request: Request) -> Call | None:
        for method, match, route in self._patterns:
            if method == request.method and (found := match(request.path)):
                return Call(request, route, id=found[1] if found.re.groups else "")
        return None

    def _count(self, call: Call) -> None:
        seen = self.calls.setdefault(call.route.name, {"count": 0, "keys": {}})
        seen["count"] += 1
        if call.key:
            seen["keys"][call.key] = seen["keys"].get(call.key, 0) + 1

    # ------------------------------------------------------------------------------------------ others

    def act(self, call: Call) -> Any:
        """Call the method that the route names."""
        return getattr(self, call.route.act)(call)

    def advance(self, seconds: float) -> None:
        """Let time pass, and end what ends in it. Raises ValueError for a negative number."""
        self.clock.advance(seconds)
        self.expire(self.clock.now())

    def new_id(self) -> str:
        """24 characters that no other thing has."""
        return f"{self._ids.getrandbits(96):024x}"
