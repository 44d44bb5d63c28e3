"""Very many merchants to whom something is due: each captured one payment and has an account with an IBAN."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from kernel.db import atomic
from kernel.ids import uuid7
from kernel.sealed import seal
from ledger.checkpoints import make_checkpoints

IBAN = "DE89370400440532013000"
POSTED = 10_000  # Captures that are posted at once.


def gather(merchants: int, *, captured_at: datetime, interval: str = "daily") -> list[UUID]:
    """So many more of them, with a payout schedule each; their ids."""
    ids = [uuid7() for _ in range(merchants)]
    long_ago = captured_at - timedelta(days=60)
    with atomic():
        _merchants(ids, long_ago)
        _destinations(ids, long_ago)
        _schedules(ids, interval, long_ago)
        for start in range(0, merchants, POSTED):
            _captures(ids[start : start + POSTED], captured_at)
    make_checkpoints()
    return ids


def _merchants(ids: list[UUID], at: datetime) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY merchant (id, name, status, country, settlement_currency, created_at) FROM STDIN"
        ) as copy,
    ):
        for number, id_ in enumerate(ids):
            copy.write_row((id_, f"Shop {number}", "active", "DE", "EUR", at))


def _destinations(ids: list[UUID], at: datetime) -> None:
    """Approved by two people, and long cooled off."""
    with connection.cursor() as cursor:
        with cursor.copy(
            "COPY payout_destination (merchant_id, id, livemode, currency, rail, kind, holder, country, sealed,"
            " last4, bic, routing_number, account_type, bank_name, state, proposed_by, proposed_because, decided_by,"
            " decided_because, created_at) FROM STDIN"
        ) as copy:
            for number, id_ in enumerate(ids):
                place = uuid7()
                sealed = seal(IBAN.encode(), table="payout_destination", row=place)
                whose = (id_, place, False, "EUR", "bank", "iban", f"Shop {number}", "DE", sealed)
                where = ("3000", "COBADEFFXXX", "", "checking", "", "proposed", "ada", "", "", "")
                copy.write_row((*whose, *where, at))
        cursor.execute(
            "UPDATE payout_destination SET state = 'approved', decided_by = 'grace', decided_at = created_at,"
            " usable_from = created_at WHERE merchant_id = ANY (%s)",
            [ids],
        )


def _schedules(ids: list[UUID], interval: str, at: datetime) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY payout_schedule (merchant_id, id, livemode, currency, interval, anchor, minimum, agreed_by,"
            " effective_from, created_at) FROM STDIN"
        ) as copy,
    ):
        for id_ in ids:
            copy.write_row((id_, uuid7(), False, "EUR", interval, 0, 1, "ada", at, at))


def _captures(ids: list[UUID], at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_stage()")
        cursor.execute(
            """
            WITH captured AS MATERIALIZED (SELECT m.id, uuid7() AS transaction_id FROM unnest(%s::uuid[]) AS m (id))
            INSERT INTO ledger_staged (merchant_id, livemode, transaction_id, kind, source, effective_at, line,
                account, currency, type, amount)
            SELECT c.id, false, c.transaction_id, 'payment.captured', 'att_' || c.id, %s, l.*
            FROM captured c CROSS JOIN (VALUES
                (1, 'assets:psp:stripe:receivable', 'EUR', 'DEBIT', 10000),
                (2, 'liabilities:merchant:pending', 'EUR', 'CREDIT', 9710),
                (3, 'income:fees:processing', 'EUR', 'CREDIT', 290)
            ) AS l (line, account, currency, type, amount)""",
            [ids, at],
        )
        cursor.execute("SELECT ledger_post_staged()")
