"""Start a simulator as a process of its own, and pull its levers: for the stack, tests and benchmarks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

_LEVERS_TIMEOUT = 10.0
_direct = build_opener(ProxyHandler({}))  # Loopback never goes through a proxy.


class SimulatorDied(RuntimeError):
    """It ended before it listened; the message is what it said."""


class Simulator:
    """The levers of a running simulator at `url`; end it with `stop()` when this process started it."""

    def __init__(self, psp: str, url: str, process: subprocess.Popen[str] | None = None) -> None:
        self.psp = psp
        self.url = url
        self.process = process

    def faults(
        self,
        *,
        next: Sequence[str] = (),
        probabilities: Mapping[str, float] | None = None,
        **settings: float,
    ) -> dict[str, Any]:
        """Set the faults, replacing what was set; without arguments, clear them.

        `settings` are seed, hang_seconds, late_seconds and search_lag_seconds.
        """
        body = {"next": list(next), "probabilities": dict(probabilities or {}), **settings}
        return self._ask("faults", body)

    def injected(self) -> dict[str, int]:
        """How often each fault was injected since the start."""
        counts: dict[str, int] = self._ask("faults")["injected"]
        return counts

    def books(self, *, since: int = 0) -> dict[str, Any]:
        return self._ask(f"books?since={since}")

    def calls(self) -> dict[str, Any]:
        return self._ask("calls")

    def health(self) -> dict[str, Any]:
        return self._ask("health")

    def webhooks(self, **settings: Any) -> dict[str, Any]:
        """Set where webhooks go and what goes wrong with them (simulators/webhooks.py)."""
        return self._ask("webhooks", settings)

    def told(self) -> dict[str, Any]:
        """What became of the webhooks so far."""
        return self._ask("webhooks")

    def act(self, act: str, **arguments: Any) -> dict[str, Any]:
        """What people do at the PSP: act("dispute", payment="pay_…")."""
        return self._ask("acts", {"act": act, **arguments})

    def disputes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("disputes")["disputes"]
        return found

    def statements(self) -> list[dict[str, Any]]:
        """The settlement files so far: name, size, rows, and what was planted in them."""
        found: list[dict[str, Any]] = self._ask("statements")["statements"]
        return found

    def statement(self, name: str) -> bytes:
        """A settlement file as it was published."""
        url = f"{self.url}/_control/statements/{quote(name, safe='')}"
        with _direct.open(url, timeout=_LEVERS_TIMEOUT) as reply:
            content: bytes = reply.read()
        return content

    def clock(self, *, advance: float = 0.0) -> str:
        """Let `advance` seconds pass; the time it then is there, as ISO 8601."""
        now: str = self._ask("clock", {"advance_seconds": advance})["now"]
        return now

    def _ask(self, lever: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/_control/{lever}", data=data)  # noqa: S310
        with _direct.open(request, timeout=_LEVERS_TIMEOUT) as reply:
            page: dict[str, Any] = json.load(reply)
        return page

    def stop(self) -> None:
        """End it by SIGTERM and wait until it is gone."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(
    psp: str, *, folder: Path, port: int = 0, seed: int = 1, latency_ms: float = 0
) -> Simulator:
    """Start one, and return when it listens. Its books are `folder`/<psp>.jsonl.

    Port 0 takes a free one. Raises SimulatorDied.
    """
    process = subprocess.Popen(  # noqa: S603
        [
            *(sys.executable, "-m", "simulators", psp),
            *("--port", str(port), "--books", str(folder / f"{psp}.jsonl")),
            *("--seed", str(seed), "--latency-ms", str(latency_ms)),
        ],
        cwd=Path(__file__).resolve().parent.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith(f"{psp} simulator on "):
        process.wait()
        process.stdout.close()
        raise SimulatorDied(f"the {psp} simulator ended with {process.returncode}: {line.strip()}")
    return Simulator(psp, line.split()[-1], process)
