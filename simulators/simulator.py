"""What the simulators have in common: how a call is routed, befallen by faults, executed and counted.

Whoever is simulated says what its routes are and what idempotency means there; everything that can happen to a
call between its arrival and its answer is here, once, in `Simulator.answer`. What PSPs have beyond that is psp.py's.
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
    """A PSP or the bank. Everything runs in one event loop; only waiting is ever interleaved."""

    psp: ClassVar[str]  # What it is called.
    routes: ClassVar[tuple[Route, ...]]
    body_max: ClassVar[int] = 8 << 20  # Documents for a dispute are the largest that a PSP is sent.

    def __init__(self, *, clock: Clock, books: Books, faults: Faults, latency: float = 0.0) -> None:
        self.clock = clock
        self.books = books
        self.faults = faults
        self.requests = 0
        self.calls: dict[str, dict[str, Any]] = {}
        self._latency = latency
        self._ids = random.Random()  # Not under the seed: a restarted simulator repeats no id.
        self._patterns: list[tuple[str, Callable[[str], re.Match[str] | None], Route]] = [
            (route.method, re.compile(_pattern(route.template)).fullmatch, route)
            for route in self.routes
        ]

    # ------------------------------------------------------------------------- what each fills in

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
    def expire(self, now: datetime) -> None:
        """Let happen what is due by now: holds that lapse, refunds that go through, files that are executed.

        Called whenever time was made to pass, and twice a second.
        """

    @abstractmethod
    def perform(self, act: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """What people do there, at a PSP or a bank. Raises ValueError or LookupError for what cannot be done."""

    def failed(self, call: Call, reply: Reply) -> None:  # noqa: B027
        """`reply` is the server error that was sent after execution; some PSPs remember it."""

    # ------------------------------------------------------------------------------ the life of a call

    async def answer(self, request: Request) -> Reply:
        """Never raises: what goes wrong in here is printed and answered with 500."""
        self.requests += 1
        try:
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
