"""A day in the life, then the proof: `python -m stack.demo` (`make demo`).

Two merchants send hundreds of payments through the real HTTP API while the PSPs misbehave; with --kill our
own processes are killed as well. When the dust has settled nothing may be unresolved, the proof must hold
and our books must agree with each simulator's own, to the cent. The exit code says whether they do.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import redis
import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from kernel.money import Money
from stack.processes import UnableToStart
from stack.shoppers import Journal, Shop, errands
from stack.up import Stack
from stack.witness import Comparison, compare

#: How often the PSPs do what, of a hundred calls that move money.
FAULTS = {
    "timeout_after": 0.03,  # It happened, and nobody says so.
    "timeout_before": 0.02,
    "error_after": 0.03,
    "error_before": 0.02,
    "reset_after": 0.02,
    "reset_before": 0.02,
    "slow_drip": 0.01,
    "rate_limit": 0.01,
    "malformed": 0.01,
    "late": 0.01,
}
#: A demo has less patience than production: PSP time-outs in seconds, and what follows from them.
PATIENCE = {
    "PSP_CONNECT_TIMEOUT": "1",
    "PSP_READ_TIMEOUT": "2",
    "PSP_HORIZON": "10",
    "CALL_OVER_AFTER": "6",
    "RESEND_FOR": "20",
    "OUTCOME_PATIENCE": "5",
}
VICTIMS = [
    "web",
    "worker-stripe",
    "worker-adyen",
    "worker-braintree",
    "worker-default",
    "relay",
    "beat",
]
MERCY = 12.0  # Seconds a killed process gets before it may be killed again: it has to start first.
SETTLING = 120.0  # Seconds within which nothing may be left unresolved.

console = Console(highlight=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--payments", type=int, default=640)
    parser.add_argument("--shoppers", type=int, default=24, help="how many buy at the same time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kill", action="store_true", help="kill -9 our own processes meanwhile")
    parser.add_argument("--flush", action="store_true", help="flush Redis meanwhile")
    parser.add_argument("--folder", default=os.environ.get("STACK", ".stack") + "/demo")
    parser.add_argument("--json", help="write the result to this file as well")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    began = time.monotonic()
    shutil.rmtree(options.folder, ignore_errors=True)  # A demo is a day of its own.
    console.print(f"[bold]paygate demo[/]  seed {options.seed}, {options.payments} payments")
    try:
        with Stack(options.folder, environment=PATIENCE, private=True) as stack:
            console.print(f"everything is up after {time.monotonic() - began:.0f} s  {stack.api}\n")
            good = day(stack, options)
    except UnableToStart as trouble:
        console.print(f"[red]{trouble}[/]")
        return 2
    console.print(f"took {time.monotonic() - began:.0f} s in all")
    return 0 if good else 1


def day(stack: Stack, options: argparse.Namespace) -> bool:
    """The whole day; whether it ended well."""
    journal = Journal()
    secrets = [merchant["secret_key"] for merchant in stack.merchants]
    plan = errands(options.payments, secrets, seed=options.seed)
    misbehave(stack, FAULTS, seed=options.seed)
    with trouble(stack, options) as suffered:
        shop = Shop(stack.api, journal)
        with progress() as bar, ThreadPoolExecutor(options.shoppers) as shoppers:
            task = bar.add_task("payments", total=len(plan))
            running = [shoppers.submit(shop.run, errand) for errand in plan]
            try:
                while not all(one.done() for one in running):
                    bar.update(task, completed=journal.done)
                    time.sleep(0.2)
            finally:  # Also by ctrl-C: then nobody waits for what shops still want.
                shop.closed.set()
                shoppers.shutdown(cancel_futures=True)
            bar.update(task, completed=journal.done)
            for one in running:
                one.result()
    faults = injected(stack)
    misbehave(stack, {}, seed=options.seed)
    unresolved = settle_down(stack)
    proof = prove(stack)
    comparison = compare(stack.databases.owner, stack.simulators)
    told = untold(stack)
    broken_promises = promises(stack, journal)
    good = report(
        stack, journal, faults, suffered, unresolved, proof, comparison, told, broken_promises
    )
    if options.json:
        Path(options.json).write_text(
            json.dumps(
                {
                    "good": good,
                    "payments": len(plan),
                    "unresolved": unresolved,
                    "disagreements": comparison.disagreements,
                    "broken_promises": broken_promises,
                    "complaints": journal.complaints,
                    "faults": faults,
                    "suffered": suffered,
                    "proof": proof,
                },
                indent=2,
            )
        )
    return good


@contextmanager
def trouble(stack: Stack, options: argparse.Namespace) -> Iterator[Counter[str]]:
    """What we do to ourselves meanwhile: kill -9 and FLUSHALL, by the seed; counts what was done."""
    done: Counter[str] = Counter()
    over = threading.Event()
    draw = random.Random(options.seed)

    def strike() -> None:
        struck: dict[str, float] = {}
        while not over.wait(draw.uniform(3.0, 7.0)):
            alive = [v for v in VICTIMS if time.monotonic() - struck.get(v, -MERCY) > MERCY]
            if options.kill and alive:
                victim = draw.choice(alive)
                struck[victim] = time.monotonic()
                stack.processes.kill(victim, signal.SIGKILL)
                done[f"kill -9 {victim}"] += 1
            if options.flush and draw.random() < 0.4:
                redis.Redis.from_url(stack.redis_url).flushall()
                done["FLUSHALL"] += 1

    striking = threading.Thread(target=strike, daemon=True)
    if options.kill or options.flush:
        striking.start()
    try:
        yield done
    finally:
        over.set()
        if striking.is_alive():
            striking.join()


def misbehave(stack: Stack, probabilities: dict[str, float], *, seed: int) -> None:
    """Tell each simulator how to misbehave; {} for not at all."""
    for place, url in enumerate(stack.simulators.values()):
        requests.post(
            f"{url}/_control/faults",
            json={
                "seed": seed * 10 + place,
                "probabilities": probabilities,
                "hang_seconds": 4,
                "late_seconds": 3,
            },
            timeout=10,
        ).raise_for_status()


def injected(stack: Stack) -> dict[str, int]:
    """The faults that the simulators did inject."""
    total: Counter[str] = Counter()
    for url in stack.simulators.values():
        total.update(requests.get(f"{url}/_control/faults", timeout=10).json()["injected"])
    return dict(total)


def settle_down(stack: Stack) -> int:
    """Wait until every attempt has its outcome; how many are open when patience ends."""
    with (
        psycopg.connect(stack.databases.owner, autocommit=True) as connection,
        console.status("waiting until nothing is unresolved"),
    ):
        return _until_none(connection, "payment_attempt WHERE finished_at IS NULL", SETTLING)


def untold(stack: Stack) -> int:
    """Events that the relay has not told within ten seconds of the end."""
    with psycopg.connect(stack.databases.owner, autocommit=True) as connection:
        return _until_none(connection, "outbox_event WHERE told_at IS NULL", 10.0)


def _until_none(connection: psycopg.Connection[Any], rows: LiteralString, seconds: float) -> int:
    """Wait until there are no such rows; how many there still are when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        row = connection.execute(f"SELECT count(*) FROM {rows}").fetchone()  # noqa: S608
        left = int(row[0]) if row else 0
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.3)


def prove(stack: Stack) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "manage.py", "prove", "--json"],
        env=stack.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout.strip():
        raise RuntimeError(done.stderr)
    proof: dict[str, Any] = json.loads(done.stdout)
    return proof


def promises(stack: Stack, journal: Journal) -> list[str]:
    """What shops were told at last, against what the database says: each acknowledgement must hold."""
    with psycopg.connect(stack.databases.owner) as connection:
        now = {
            row[0]: row[1:]
            for row in connection.execute(
                "SELECT public_id('pay', id), state, amount_captured FROM payment"
            )
        }
    broken = []
    for payment in journal.acknowledged:
        state, captured = now.get(payment["id"], (None, None))
        if (state, captured) != (payment["status"], payment["amount_captured"]):
            broken.append(
                f"{payment['id']}: told {payment['status']} {payment['amount_captured']},"
                f" is {state} {captured}"
            )
    return broken


def progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def report(
    stack: Stack,
    journal: Journal,
    faults: dict[str, int],
    suffered: Counter[str],
    unresolved: int,
    proof: dict[str, Any],
    comparison: Comparison,
    untold_events: int,
    broken_promises: list[str],
) -> bool:
    """Print what happened; whether all of it is as it must be."""
    with psycopg.connect(stack.databases.owner) as connection:
        states = connection.execute(
            "SELECT state, psp, count(*) FROM payment GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
    _by_status(states, list(stack.simulators))
    took = sorted(journal.latencies) or [0.0]
    console.print(
        f"replies: p50 {statistics.median(took) * 1000:.0f} ms,"
        f" p99 {took[min(len(took) - 1, len(took) * 99 // 100)] * 1000:.0f} ms"
        f" over {len(took)} requests ({_counted(journal.replies)})"
    )
    console.print(f"faults of the PSPs survived: {sum(faults.values())} ({_counted(faults)})")
    if suffered:
        console.print(
            f"done to ourselves: {_counted(suffered)}; lines broken {_counted(journal.broken)}"
        )
    console.print()
    _money(comparison)
    wrong = [f for f in proof["findings"] if f["contradictions"]]
    for finding in wrong:
        console.print(
            f"[red]not so:[/] {finding['says']}: {finding['contradictions']} ×, first {finding['example']}"
        )
    for line in [*comparison.disagreements, *broken_promises, *journal.complaints][:20]:
        console.print(f"[red]{line}[/]")
    off = sum(
        abs(comparison.ours.get(place, 0) - comparison.theirs.get(place, 0))
        for place in set(comparison.ours) | set(comparison.theirs)
    )
    good = not (
        wrong
        or unresolved
        or untold_events
        or comparison.disagreements
        or broken_promises
        or journal.complaints
    )
    colour = "green" if good else "red"
    console.print(
        f"\n[bold {colour}]{proof['payments']} payments, {unresolved} unresolved,"
        f" {untold_events} events untold, {len(broken_promises)} promises broken,"
        f" {proof['discrepancies']} contradictions in {len(proof['findings'])} checks,"
        f" discrepancies {off / 100:.2f}[/]"
    )
    return good


def _by_status(states: list[Any], psps: list[str]) -> None:
    counts = {(state, psp): count for state, psp, count in states}
    table = Table("payments", *psps, "all", box=None, header_style="bold")
    for state in sorted({state for state, _ in counts}):
        row = [counts.get((state, psp), 0) for psp in psps]
        table.add_row(state, *map(str, row), str(sum(row)))
    console.print(table)
    console.print()


def _money(comparison: Comparison) -> None:
    table = Table(
        "captured", "our books", "their books", "difference", box=None, header_style="bold"
    )
    for psp, currency in sorted(set(comparison.ours) | set(comparison.theirs)):
        ours = Money(comparison.ours.get((psp, currency), 0), currency)
        theirs = Money(comparison.theirs.get((psp, currency), 0), currency)
        table.add_row(f"{psp} {currency}", ours.major, theirs.major, (ours - theirs).major)
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)


def _counted(counts: Counter[Any] | dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=str)) or "none"


if __name__ == "__main__":
    sys.exit(main())
