"""Our bank's statements: the entries of a camt.053 (camt.py) become lines, and skipped numbers are told of."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from django.conf import settings
from django.db import connection

from kernel.xml_documents import Unreadable, message_name
from paygate.reconciliation.camt import Document, Line
from paygate.reconciliation.models import BANK, Statement
from paygate.reconciliation.reading import Refused

log = logging.getLogger(__name__)

FORMAT = "camt.053"
_MESSAGE = "camt.053.001.08"
_SHOWN = 40

_COPY = """
    COPY told (row, kind, reference, object, payment, ours, account, currency, gross, settled_currency, settled_gross,
        fee, net, billed, rate, batch, booked_at, description) FROM STDIN"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a file is, when its lines are in `told`."""

    format: str
    identity: str


def load(content: Callable[[], Iterator[bytes]], *, livemode: bool) -> Told:
    """Fill `told`, which statement_stage() has made, with the lines of a camt.053.

    Raises Refused: then the transaction has to be taken back to where it was before.
    """
    try:
        name = message_name(content())
    except Unreadable as why:
        raise Refused(None, str(why)) from why
    if name != _MESSAGE:
        raise Refused(None, f"{name[:_SHOWN]} is no statement that is read here: {_MESSAGE} is")
    document = Document(traces=_our_traces(livemode=livemode))
    lines = document.lines(content())
    row = 0
    try:
        # The first one before COPY begins: until then the file is still being read from the database.
        first = next(lines, None)
        if first is not None:
            with connection.cursor() as cursor, cursor.copy(_COPY) as into:
                for row, line in enumerate(chain([first], lines), 1):
                    into.write_row(_columns(row, line))
    except Unreadable as why:
        raise Refused(row + 1 if row else None, str(why)) from why
    _look_for_gaps(document.numbers, livemode=livemode)
    return Told(FORMAT, document.identity)


def _our_traces(*, livemode: bool) -> frozenset[str]:
    """What the trace numbers of our NACHA files begin with: our bank's number, eight digits of it."""
    accounts = (settings.BANK["live" if livemode else "test"] or {}).get("accounts", {})
    return frozenset(
        account["routing_number"][:8]
        for account in accounts.values()
        if "routing_number" in account
    )


def _look_for_gaps(numbers: Sequence[tuple[str, int]], *, livemode: bool) -> None:
    """Log it where an account's statements were had, but not the one before this."""
    kept = Statement.objects.filter(
        psp=BANK,
        livemode=livemode,
        state__in=(Statement.State.APPLIED, Statement.State.SUPERSEDED),
    )
    for account, number in numbers:
        of_account = kept.filter(identity__contains=f"{account} ")
        before = of_account.filter(identity__contains=f"{account} {number - 1} ")
        if (account, number - 1) not in numbers and of_account.exists() and not before.exists():
            log.error("statement.number_skipped", extra={"account": account[-4:], "number": number})


def _columns(row: int, line: Line) -> tuple[object, ...]:
    amount, currency = line.amount.minor, line.amount.currency
    said = (row, line.kind.value, line.reference, line.object, "", line.ours, line.account)
    return (
        *said,
        currency,
        amount,
        currency,
        amount,
        0,
        amount,
        0,
        None,
        "",
        line.at,
        line.description,
    )
