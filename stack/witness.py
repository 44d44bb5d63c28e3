"""The independent witness: what the simulators' own books say, set against ours, to the cent.

Nothing here looks at what the platform believes of a PSP: one side is the simulator's append-only file, the
other the platform's ledger and payments.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import psycopg
import requests

OURS = """
    SELECT public_id('pay', p.id), p.state, p.psp, p.currency, p.amount_captured, p.amount_refunded, p.amount_disputed
    FROM payment p
"""
BOOKED = """
    SELECT split_part(c.code, ':', 3), e.currency, sum(CASE e.type WHEN 'DEBIT' THEN e.amount ELSE -e.amount END)
    FROM ledger_entry e JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id
    WHERE c.code LIKE 'assets:psp:%:receivable'
    GROUP BY 1, 2
"""
HELD = {"authorized", "partially_captured", "captured", "canceled", "expired", "processing"}

#: What each kind of entry does to what the PSP owes.
OWES = {
    "captured": 1,
    "capture_failed": -1,
    "refunded": -1,
    "refund_failed": 1,
    "disputed": -1,
    "reinstated": 1,
    "dispute_fee": -1,
    "dispute_fee_returned": 1,
    "paid_out": -1,
    "payout_returned": 1,
}
#: What each kind does to a payment's (captured, refunded, disputed).
MOVES = {
    "captured": (1, 0, 0),
    "capture_failed": (-1, 0, 0),
    "refunded": (0, 1, 0),
    "refund_failed": (0, -1, 0),
    "disputed": (0, 0, 1),
    "reinstated": (0, 0, -1),
}


@dataclass
class Comparison:
    """Both sides of what each PSP owes, by currency in minor units, and every disagreement in a sentence."""

    ours: dict[tuple[str, str], int] = field(default_factory=dict)
    theirs: dict[tuple[str, str], int] = field(default_factory=dict)
    disagreements: list[str] = field(default_factory=list)


def compare(database_url: str, simulators: dict[str, str]) -> Comparison:
    """Set the platform's books against each simulator's."""
    result = Comparison()
    with psycopg.connect(database_url) as connection:
        payments = {row[0]: row[1:] for row in connection.execute(OURS)}
        result.ours = {
            (psp, currency): int(minor) for psp, currency, minor in connection.execute(BOOKED)
        }
    for psp, url in simulators.items():
        _one(psp, books(url), payments, result)
    for place in sorted(set(result.ours) | set(result.theirs)):
        ours, theirs = result.ours.get(place, 0), result.theirs.get(place, 0)
        if ours != theirs:
            result.disagreements.append(f"{place}: our books say {ours}, theirs {theirs}")
    return result


def books(url: str) -> list[dict[str, Any]]:
    """A simulator's own books, oldest first."""
    entries: list[dict[str, Any]] = requests.get(f"{url}/_control/books", timeout=30).json()[
        "entries"
    ]
    return entries


def _one(
    psp: str, entries: list[dict[str, Any]], payments: dict[str, Any], result: Comparison
) -> None:
    holds: Counter[str] = Counter()
    taken_back = {entry["payment"] for entry in entries if entry["kind"] == "capture_failed"}
    moved: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for entry in entries:
        reference, kind = entry["payment"], entry["kind"]
        if kind == "authorized":
            holds[reference] += 1
        for amount, sign in enumerate(MOVES.get(kind, ())):
            moved[reference][amount] += sign * entry["amount"]
        if kind in OWES:
            place = (psp, entry["currency"])
            result.theirs[place] = result.theirs.get(place, 0) + OWES[kind] * entry["amount"]
    say = result.disagreements.append
    for reference, times in holds.items():
        if times > 1:
            say(f"{psp} authorized {reference} {times} times")
        if reference not in payments:
            say(f"{psp} authorized {reference}, which we have never heard of")
        elif payments[reference][0] not in HELD and reference not in taken_back:
            say(f"{psp} holds money for {reference}, which we call {payments[reference][0]}")
    for reference, (state, at, currency, *ours) in payments.items():
        if at != psp:
            continue
        words = ("captured", "refunded", "in dispute or lost")
        for word, our, their in zip(words, ours, moved[reference], strict=True):
            if our != their:
                say(f"{reference} ({state}): we say {our} {currency} {word}, {psp} says {their}")
