"""The whole path: POST /v1/payments until its 201, by web, worker, PSP, books, news and relay.

Two rates are reported. `payments_per_second` is what was measured, while client and simulators took
their share of the same cores. `platform_payments_per_second` is computed: what these cores would
carry with nobody else on them, cores x 1000 / platform CPU ms per payment.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bench import cpu, database
from bench.ask import ask
from bench.run import measure
from stack.up import PSPS, Stack

CORES = os.cpu_count() or 1
MIXES = {**{psp: [psp] for psp in PSPS}, "mixed": list(PSPS)}


def whole_path(
    stack: Stack,
    *,
    clients: Sequence[int],
    seconds: float,
    mixes: Sequence[str] = tuple(MIXES),
    told: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Each mix of PSPs at each number of clients; and each PSP's call by itself."""
    with untold(stack):  # These payments are nobody's: news of them would be heard again and again.
        alone = {psp: measure(stack, "call", psp, round(100 * seconds)) for psp in PSPS}
    measured = []
    for mix in mixes:
        send(stack, mix, clients=max(clients), seconds=min(2.0, seconds))  # Warms up.
        for number in clients:
            told(f"{mix}, {number} clients")
            measured.append(one(stack, mix, clients=number, seconds=seconds))
    return {"alone": alone, "measured": measured, "hot_share": database.hot_share(stack)}


@contextmanager
def untold(stack: Stack) -> Iterator[None]:
    """Meanwhile the simulators tell the platform nothing of what they do."""
    try:
        for url in stack.simulators.values():
            ask("POST", f"{url}/_control/webhooks", {"url": ""})
        yield
    finally:
        for psp, url in stack.simulators.items():
            ask("POST", f"{url}/_control/webhooks", {"url": f"{stack.api}/webhooks/{psp}"})


def one(stack: Stack, mix: str, *, clients: int, seconds: float) -> dict[str, Any]:
    """One mix at one number of clients; costs are per payment and include telling its events."""
    busy, counted = cpu.by_part(stack.processes.pids()), database.counters(stack)
    sent = send(stack, mix, clients=clients, seconds=seconds)
    while database.untold(stack):
        time.sleep(0.02)
    busy = cpu.between(busy, cpu.by_part(stack.processes.pids()))
    counted = database.between(counted, database.counters(stack))
    payments = max(sent["payments"], 1)
    each = {part: spent / payments for part, spent in busy.items()}
    platform = sum(each[part] for part in cpu.PLATFORM)
    return {
        "mix": mix,
        **sent,
        "platform_payments_per_second": CORES * 1000 / platform,
        "platform_cpu_ms": platform,
        "cpu_ms": each,
        "client_cpu_ms": sent["client_cpu_ms"] / payments,
        "wal_bytes": counted["wal_bytes"] / payments,
        "commits": counted["commits"] / payments,
    }


def send(stack: Stack, mix: str, *, clients: int, seconds: float) -> dict[str, Any]:
    """The load, from a process of its own."""
    return measure(
        stack,
        "load",
        api=stack.api,
        secrets=[merchant["secret_key"] for merchant in stack.merchants],
        psps=MIXES[mix],
        clients=clients,
        seconds=seconds,
    )
