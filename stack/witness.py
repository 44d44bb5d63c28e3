"""The independent witness: what the simulators' own books say, set against ours, to the cent.

Nothing here looks at what the platform believes of a PSP: one side is the simulator's append-only file, the
other the platform's ledger and payments.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
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
#: Each payout by what the bank or the PSP calls it: our id, or the trace of a NACHA file.
PAYOUTS = """
    SELECT coalesce(nullif(p.trace, ''), public_id('po', p.id)), public_id('po', p.id), p.state, p.rail, p.currency,
        p.amount
    FROM payout p
"""
LEFT_THE_BANK = """
    SELECT e.currency, sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END)
    FROM ledger_entry e JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id
    WHERE c.code = 'assets:bank:operating' GROUP BY 1
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
    "processing_fee": -1,
    "paid_out": -1,
    "payout_returned": 1,
    "converted": -1,
    "settled": -1,
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


REFUNDED, DISPUTED = "refunded", "in dispute or lost"
#: What never was, and a file tells of it: our books believe the file.
TOLD_ONLY_BY_FILES = {"dashboard_refund": REFUNDED, "unheard_chargeback": DISPUTED}

#: What each kind of entry says of a payout: which of (paid, came back), and its sign in what left.
LEAVES = {"paid_out": (0, 1), "payout_returned": (1, -1)}
#: How often a payout was paid, and came back, when it stands so.
STANDS = {
    "draft": (0, 0),
    "pending_approval": (0, 0),
    "approved": (0, 0),
    "in_transit": (0, 0),
    "paid": (1, 0),
    "failed": (0, 0),
    "returned": (1, 1),
    "canceled": (0, 0),
}


@dataclass
class Comparison:
    """Both sides of what each PSP owes, by currency in minor units, and every disagreement in a sentence."""

    ours: dict[tuple[str, str], int] = field(default_factory=dict)
    theirs: dict[tuple[str, str], int] = field(default_factory=dict)
    disagreements: list[str] = field(default_factory=list)

    @property
    def off(self) -> int:
        """The sum of all differences, in minor units of whatever currencies."""
        places = set(self.ours) | set(self.theirs)
        return sum(abs(self.ours.get(p, 0) - self.theirs.get(p, 0)) for p in places)


def compare(
    database_url: str, simulators: dict[str, str], planted: Iterable[dict[str, Any]] = ()
) -> Comparison:
    """Set the platform's books against each simulator's.

    `planted` are mistakes of settlement files (simulators/mistakes.py, each with its "psp"): what was paid is as the
    files say, and our books follow them, when all breaks are closed.
    """
    result = Comparison()
    with psycopg.connect(database_url) as connection:
        payments = {row[0]: row[1:] for row in connection.execute(OURS)}
        result.ours = {
            (psp, currency): int(minor) for psp, currency, minor in connection.execute(BOOKED)
        }
    mistakes = list(planted)
    for made in mistakes:
        here = (made["psp"], made["currency"])
        result.theirs[here] = result.theirs.get(here, 0) + made["amount"]
    told = {(made["order"], TOLD_ONLY_BY_FILES.get(made["mistake"], "")) for made in mistakes}
    for psp, url in simulators.items():
        _one(psp, books(url), payments, told, result)
    for place in sorted(set(result.ours) | set(result.theirs)):
        ours, theirs = result.ours.get(place, 0), result.theirs.get(place, 0)
        if ours != theirs:
            result.disagreements.append(f"{place}: our books say {ours}, theirs {theirs}")
    return result


def compare_payouts(database_url: str, simulators: dict[str, str], bank: str) -> Comparison:
    """Set our payouts, and what left our bank account, against the books of the bank and of the PSPs.

    Of each payout they must know as much as we do: paid once, or paid and sent back, or nothing.
    """
    result = Comparison()
    with psycopg.connect(database_url) as connection:
        payouts = {row[0]: row[1:] for row in connection.execute(PAYOUTS)}
        result.ours = {
            ("bank", currency): int(minor) for currency, minor in connection.execute(LEFT_THE_BANK)
        }
    moved: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for where, url in {**simulators, "bank": bank}.items():
        for entry in books(url):
            if where == "bank" and entry["kind"] == "settled":  # Came in from a PSP.
                here = (where, entry["currency"])
                result.theirs[here] = result.theirs.get(here, 0) - entry["amount"]
            if entry["kind"] not in LEAVES:
                continue
            place, sign = LEAVES[entry["kind"]]
            moved[entry["payment"]][place] += entry["amount"]
            if where == "bank":
                here = (where, entry["currency"])
                result.theirs[here] = result.theirs.get(here, 0) + sign * entry["amount"]
    for name in moved.keys() - payouts.keys():
        result.disagreements.append(f"{name} was paid, which we have never heard of")
    for name, (payout, state, rail, currency, amount) in payouts.items():
        paid, back = moved[name]
        gone, returned = STANDS[state]
        # What a PSP began and could not finish it undid: to us that never was paid.
        undone = state == "failed" and paid == back == amount
        if (paid, back) != (gone * amount, returned * amount) and not undone:
            result.disagreements.append(
                f"{payout} by {rail} is {state}: of {amount} {currency} {paid} was paid, {back} came back"
            )
    for place_ in sorted(set(result.ours) | set(result.theirs)):
        ours, theirs = result.ours.get(place_, 0), result.theirs.get(place_, 0)
        if ours != theirs:
            result.disagreements.append(f"{place_}: our books say {ours}, theirs {theirs}")
    return result


def books(url: str) -> list[dict[str, Any]]:
    """A simulator's own books, oldest first."""
    entries: list[dict[str, Any]] = requests.get(f"{url}/_control/books", timeout=30).json()[
        "entries"
    ]
    return entries


def _one(
    psp: str,
    entries: list[dict[str, Any]],
    payments: dict[str, Any],
    told: set[tuple[str, str]],
    result: Comparison,
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
        words = ("captured", REFUNDED, DISPUTED)
        for word, our, their in zip(words, ours, moved[reference], strict=True):
            if our != their and (reference, word) not in told:
                say(f"{reference} ({state}): we say {our} {currency} {word}, {psp} says {their}")
