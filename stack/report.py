"""What the demo prints at its end, and whether all of it is as it must be."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, LiteralString

import psycopg
from rich.console import Console
from rich.table import Table

from kernel.money import Money
from stack.desk import Desk
from stack.endpoint import Endpoint
from stack.fortnight import Fortnight
from stack.mischief import WEBHOOKS, Psps
from stack.night import Reconciled
from stack.office import Worked
from stack.shoppers import Journal
from stack.stagehands import CURRENCY
from stack.up import Stack
from stack.witness import Comparison

console = Console(highlight=False)


@dataclass
class Day:
    """How it ended."""

    journal: Journal
    psps: Psps
    desk: Desk
    endpoint: Endpoint
    faults: dict[str, int]  # Of the PSPs' answers, as they were injected.
    suffered: Counter[str]  # What we did to ourselves.
    unresolved: int
    untold: int  # Events that the relay has not told.
    undelivered: int  # Events that no merchant's endpoint has accepted.
    broken_promises: list[str]
    proof: dict[str, Any]
    comparison: Comparison
    fortnight: Fortnight
    reconciled: Reconciled
    worked: Worked
    paid: Comparison  # Our payouts against the books of the bank and of the PSPs.

    @property
    def contradictions(self) -> list[dict[str, Any]]:
        return [finding for finding in self.proof["findings"] if finding["contradictions"]]

    @property
    def good(self) -> bool:
        return not (
            self.contradictions
            or self.unresolved
            or self.untold
            or self.undelivered
            or self.endpoint.forged
            or self.comparison.disagreements
            or self.paid.disagreements
            or self.fortnight.complaints
            or self.reconciled.complaints
            or self.worked.complaints
            or self.broken_promises
            or self.journal.complaints
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "good": self.good,
            "payments": self.proof["payments"],
            "unresolved": self.unresolved,
            "untold": self.untold,
            "undelivered": self.undelivered,
            "disagreements": [*self.comparison.disagreements, *self.paid.disagreements],
            "fortnight": asdict(self.fortnight),
            "reconciled": self.reconciled.as_json(),
            "worked": asdict(self.worked),
            "broken_promises": self.broken_promises,
            "complaints": self.journal.complaints,
            "faults": self.faults,
            "webhooks": self.psps.told(),
            "suffered": self.suffered,
            "proof": self.proof,
        }


def report(stack: Stack, day: Day) -> None:
    """Print what happened."""
    with psycopg.connect(stack.databases.owner) as connection:
        states = connection.execute(
            "SELECT state, psp, count(*) FROM payment GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
    _by_status(states, list(stack.simulators))
    _refunds_and_disputes(stack)
    took = sorted(day.journal.latencies) or [0.0]
    console.print(
        f"replies: p50 {statistics.median(took) * 1000:.0f} ms,"
        f" p99 {took[min(len(took) - 1, len(took) * 99 // 100)] * 1000:.0f} ms"
        f" over {len(took)} requests ({_counted(day.journal.replies)})"
    )
    console.print(
        f"faults of the PSPs survived: {sum(day.faults.values())} ({_counted(day.faults)})"
    )
    told = day.psps.told()
    console.print(
        f"webhooks heard: {told['acknowledged']} of {told['told']}, though"
        f" {_counted({name: told[name] for name in WEBHOOKS if told[name]})}"
    )
    console.print(
        f"done at the PSPs: {_counted(day.psps.done)}; by the desk: {_counted(day.desk.answered)}"
    )
    console.print(f"moods of the merchants' endpoints survived: {_counted(day.endpoint.moods)}")
    if day.suffered:
        console.print(
            f"done to ourselves: {_counted(day.suffered)};"
            f" lines broken {_counted(day.journal.broken)}"
        )
    console.print()
    _evenings(day.fortnight)
    _night(day.reconciled)
    worked = day.worked
    console.print(
        f"in the office: {worked.refunded} refunded by hand, {worked.approved} approved by a second person,"
        f" {worked.rejected} refused by one, {worked.answered} disputes answered\n"
    )
    _money("the PSP owes", day.comparison)
    _money("left our account", day.paid)
    for finding in day.contradictions:
        console.print(
            f"[red]not so:[/] {finding['says']}: {finding['contradictions']} ×, first {finding['example']}"
        )
    wrong = [
        *day.comparison.disagreements,
        *day.paid.disagreements,
        *day.fortnight.complaints,
        *day.worked.complaints,
        *day.reconciled.complaints,
        *day.broken_promises,
        *day.journal.complaints,
    ]
    for line in wrong[:20]:
        console.print(f"[red]{line}[/]")
    off = day.comparison.off + day.paid.off
    proof = day.proof
    console.print(
        f"\n[bold {'green' if day.good else 'red'}]{proof['payments']} payments,"
        f" {day.unresolved} unresolved, {day.untold} events untold, {day.undelivered} undelivered,"
        f" {len(day.broken_promises)} promises broken,"
        f" {proof['discrepancies']} contradictions in {len(proof['findings'])} checks,"
        f" discrepancies {off / 100:.2f}[/]"
    )


def _by_status(states: list[Any], psps: list[str]) -> None:
    counts = {(state, psp): count for state, psp, count in states}
    table = Table("payments", *psps, "all", box=None, header_style="bold")
    for state in sorted({state for state, _ in counts}):
        row = [counts.get((state, psp), 0) for psp in psps]
        table.add_row(state, *map(str, row), str(sum(row)))
    console.print(table)
    console.print()


def _refunds_and_disputes(stack: Stack) -> None:
    with psycopg.connect(stack.databases.owner) as connection:
        for what, sql in COUNTED.items():
            rows: list[tuple[str, int]] = connection.execute(sql).fetchall()
            console.print(f"{what}: {', '.join(f'{state} {n}' for state, n in rows) or 'none'}")
    console.print()


COUNTED: dict[str, LiteralString] = {
    "refunds": """SELECT state || CASE source WHEN 'psp' THEN ' (external)' ELSE '' END, count(*) FROM refund
                  GROUP BY 1 ORDER BY 1""",
    "disputes": "SELECT stage || ' ' || status, count(*) FROM dispute GROUP BY 1 ORDER BY 1",
    "news of the PSPs": "SELECT state, count(*) FROM psp_event GROUP BY 1 ORDER BY 1",
}


def _evenings(fortnight: Fortnight) -> None:
    """How each day of the fortnight ended, over all merchants."""
    table = Table(
        *(
            "day",
            "pending",
            "available",
            "in reserve",
            "on its way",
            "left our bank",
            "payouts approved by two, and what else happened",
        ),
        box=None,
        header_style="bold",
    )
    for evening in fortnight.evenings:
        sums = (
            *(evening.pending, evening.available, evening.reserved),
            *(evening.on_its_way, evening.left),
        )
        table.add_row(
            str(evening.day),
            *(Money(minor, CURRENCY).major for minor in sums),
            "; ".join(evening.happened),
        )
    for column in table.columns[:-1]:
        column.justify = "right"
    console.print(table)
    owed = Money(fortnight.owed_at_most, CURRENCY)
    console.print(f"owed to us by a merchant for some days, and recovered from later sales: {owed}")
    console.print()


def _night(night: Reconciled) -> None:
    """What the PSPs' files had wrong, as it was found: money at risk by cause."""
    table = Table("found by night", "PSP", "breaks", "money at risk", box=None, header_style="bold")
    groups: dict[tuple[str, str], list[Money]] = {}
    for psp, cause, at_risk in night.found:
        groups.setdefault((cause, psp), []).append(at_risk)
    for (cause, psp), found in sorted(groups.items()):
        sums: dict[str, Money] = {}
        for one in found:
            sums[one.currency] = sums.get(one.currency, Money.zero(one.currency)) + one
        table.add_row(
            *(cause.replace("_", " "), psp, str(len(found))),
            ", ".join(str(total) for _, total in sorted(sums.items())),
        )
    table.columns[2].justify = "right"
    console.print(table)
    console.print(
        f"{len(night.planted)} mistakes were planted in the PSPs' files and {len(night.found)} breaks found, by their"
        f" causes; {night.statements} statements with {night.lines} lines, {night.batches} payments of PSPs to our"
        f" bank; {night.passed} breaks passed by themselves, all others were approved by two;"
        f" {night.suspense / 100:.2f} left in suspense"
    )
    console.print()


def _money(what: str, comparison: Comparison) -> None:
    table = Table(what, "our books", "their books", "difference", box=None, header_style="bold")
    for psp, currency in sorted(set(comparison.ours) | set(comparison.theirs)):
        ours = Money(comparison.ours.get((psp, currency), 0), currency)
        theirs = Money(comparison.theirs.get((psp, currency), 0), currency)
        table.add_row(f"{psp} {currency}", ours.major, theirs.major, (ours - theirs).major)
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)


def _counted(counts: Counter[Any] | dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=str)) or "none"
