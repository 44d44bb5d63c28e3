"""A statement is read: what is in the file becomes typed lines in the temporary table `told`, or it is refused.

A file of a PSP's is told by its headings to be of one of the PSP's formats (paygate.psp.statements.Format). A file of
our bank's is a camt.053 (bank.py), and its lines are said as the bank says them: above zero is what came to our
account, below zero what left it, while a PSP's SETTLEMENT line is below zero for what it pays us.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection

from kernel.db import atomic, call, require_transaction
from paygate.psp import registry
from paygate.psp.statements import Format
from paygate.reconciliation import bank, table
from paygate.reconciliation.models import BANK, Statement
from paygate.reconciliation.reading import Reading as Reading
from paygate.reconciliation.reading import Refused as Refused
from paygate.reconciliation.receive import content_of
from paygate.reconciliation.text import Garbled, NotUtf8, utf8

#: What was booked before there was us, or long after the file came, was not booked then.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=366)


def read(statement: Statement) -> Reading:
    """Fill `told` (and `raw`, of a PSP's file) with the statement's lines, in the caller's transaction.

    Raises Refused for a file that is truncated, garbled or foreign, and receive.Damaged; then nothing was filled, and
    the transaction can go on.
    """
    require_transaction("a statement's lines")
    if statement.psp == BANK:
        with atomic():
            call("statement_stage")
            told = bank.load(lambda: content_of(statement), livemode=statement.livemode)
            return _reading(statement, told.format, told.identity)
    try:
        return _table(statement, latin=False)
    except NotUtf8:
        return _table(statement, latin=True)


def _table(statement: Statement, *, latin: bool) -> Reading:
    """A PSP's file, in a savepoint of its own."""
    with atomic():
        call("statement_stage")
        try:
            chosen = table.load(
                lambda: utf8(content_of(statement), latin=latin), registry.formats(statement.psp)
            )
        except Garbled as why:
            raise Refused(None, str(why)) from why
        with connection.cursor() as cursor:
            cursor.execute(chosen.identity)
            found = cursor.fetchone()
        reading = _reading(statement, chosen.name, (found and found[0]) or "")
        _refuse_a_stranger(statement, chosen)
        return reading


def _reading(statement: Statement, format_: str, identity: str) -> Reading:
    """What is in `told`, all in all. Raises Refused."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), min(booked_at), max(booked_at) FROM told")
        lines, since, until = cursor.fetchone()
        latest = statement.received_at + _AHEAD
        if lines and not _EARLIEST <= since <= until <= latest:
            cursor.execute(
                "SELECT row, booked_at FROM told WHERE NOT booked_at BETWEEN %s AND %s ORDER BY row LIMIT 1",
                [_EARLIEST, latest],
            )
            row, at = cursor.fetchone()
            raise Refused(row, f"it was booked at {at:%Y-%m-%d}")
    return Reading(format_, identity or _stem(statement.name), lines, until)


def _stem(name: str) -> str:
    """A file's name without its extension."""
    stem, _, _ = name.rpartition(".")
    return stem or name


def _refuse_a_stranger(statement: Statement, chosen: Format) -> None:
    """A file in which no row is of an account of ours was meant for somebody else. Raises Refused."""
    configuration = registry.configuration(statement.psp, livemode=statement.livemode)
    ours = chosen.accounts(configuration) if configuration is not None else frozenset()
    if not ours:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(account) FROM told WHERE account <> '' HAVING NOT bool_or(account = ANY (%s))",
            [sorted(ours)],
        )
        if found := cursor.fetchone():
            raise Refused(None, f"none of its rows is of an account of ours, but of {found[0]}")
