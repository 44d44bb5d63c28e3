"""A PSP's own files of what it settled: how one is recognised, what its rows mean, and how it is fetched.

A file is read by PostgreSQL: its rows are copied as text into a table `raw`, and a Format says in SQL what each of
them means. So a million rows cost the memory of one, and what a heading means is a page to read.

Each adapter has a module `statement` with FORMATS, a tuple of Format. An adapter whose PSP can be asked for files is a
StatementDesk as well.

Signs are ours: above zero is what the PSP owes us by a row, below zero what it takes. A fee is a cost above zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Protocol


class LineKind(StrEnum):
    """What a row of a statement tells of."""

    CAPTURE = "capture"
    CAPTURE_REVERSED = "capture_reversed"
    REFUND = "refund"
    REFUND_REVERSED = "refund_reversed"  # It had succeeded, and came back.
    CHARGEBACK = "chargeback"
    CHARGEBACK_REVERSED = "chargeback_reversed"
    PAYOUT = "payout"  # To a merchant, made for us by the PSP.
    PAYOUT_RETURNED = "payout_returned"
    FEE = "fee"  # Of no single payment: a month's invoice, the price of a report.
    OTHER = "other"  # Reserves, corrections, and every word that we do not know.
    SETTLEMENT = "settlement"  # To our bank, below zero; what they take from it, above.


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file. Headings are what decides: columns may stand in any order, and there may be more of them.

    `lines` is a SELECT over `raw`, which has the column "row" (a bigint, from 1, without the heading) and a text column
    named by each heading of `needs` and `reads`; what is empty in the file, or a column of `reads` that it does not
    have, is the empty text. It gives, for every row that is no blank, these columns, all but "row" text that is never
    null:

        row              as in raw
        kind             a LineKind
        reference        the row's own name at the PSP, the same in whatever file it is told again: "txn_…"
        object           the PSP's reference of what it is about, as our movements have it (see Movements); or ""
        payment          the PSP's reference of the payment; or ""
        ours             our own id, where the file repeats one: "att_…", "re_…", "pay_…", "po_…"; or ""
        account          whose account of ours at the PSP it is; or "" where a file names none
        currency, gross  what the payer was charged, or given: signed, in major units, like "-30.00"
        settled_currency, settled_gross, fee, net   the same as it is settled: net is settled_gross less fee
        billed           a fee that is not taken off net: the PSP sends an invoice (Braintree); a cost above zero
        rate             settled units for one of `currency`; "" where there is no conversion
        batch            the PSP's reference of the settlement that pays it out; or "" where that is not known yet
        booked_at        "2026-11-05 10:20:00" or "2026-11-05"
        zone             a time zone of PostgreSQL's, of booked_at: "UTC", "Europe/Amsterdam"
        description      for people
    """

    name: str  # "adyen.settlement_detail"
    psp: str
    needs: tuple[str, ...]  # A file with all of these headings is one of these.
    reads: tuple[str, ...]
    lines: str
    #: A SELECT over `raw` that gives one text: what the file is a version of, "PaygateECOM batch 134". A newer
    #: file of the same identity supersedes. "" where only the file's name tells.
    identity: str
    #: The accounts of ours that rows may name, by one mode of settings.PSPS[psp]; empty where files name none.
    accounts: Callable[[Mapping[str, Any]], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Offered:
    """A file that is to be had from a PSP, now or soon."""

    name: str  # As it will be kept: "settlement_detail_report_batch_134.csv".
    where: str  # What the adapter needs to fetch it: the id of a report run, a day.


class StatementUnavailable(Exception):
    """The PSP did not give it, and why; it is asked again."""


class StatementDesk(Protocol):
    """A PSP's adapter, for its files: the same object as its Gateway."""

    name: str

    def order_statements(self, day: date) -> list[Offered]:
        """Ask for the files of a day (UTC) that is over; [] where the PSP tells by itself when there is one.

        Asked again, files of the same names come. Raises StatementUnavailable.
        """
        ...

    def fetch_statement(self, offered: Offered) -> Iterator[bytes] | None:
        """The bytes, in pieces; None while it is not ready. Raises StatementUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Movements:
    """What our books have of one kind of row, said so that PostgreSQL can be asked: each room brings its own.

    `select` gives a row for each movement that was booked at a PSP:

        psp text, livemode boolean, merchant_id uuid,
        item uuid       the row of ours: an attempt, a refund, a dispute's movement, a payout
        payment_id uuid null where it is of no payment
        object text     the PSP's reference of it
        payment text    the PSP's reference of the payment, or ""
        amount bigint   signed as a Format's gross, in minor units
        fee bigint      what the PSP charged for it as far as that was booked with it: a cost above zero
        currency char(3)
        at timestamptz  when it was booked

    It is joined by `object`, so that has an index; and it is flat (no grouping), so that the join reaches it.
    """

    kind: LineKind
    prefix: str  # Of the item's public id: "att".
    select: str
    again: bool = (
        False  # Of the same object once more: its line has the reference of an earlier one.
    )
