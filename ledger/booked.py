"""What transactions put on each account, as a query within a query: proofs ask the books by it."""

from __future__ import annotations

from collections.abc import Sequence


def booked(where: str, *, by: Sequence[str] = ("t.merchant_id", "t.source", "c.code")) -> str:
    """SQL for the credits less the debits (`balance`, minor units) by those columns.

    `where` and `by` speak of a transaction t, its entries e and each entry's account c.
    """
    places = ", ".join(str(place) for place in range(1, len(by) + 1))
    return f"""
        SELECT {", ".join(by)},
            sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END)::bigint AS balance
        FROM ledger_transaction t
        JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id
        JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id
        WHERE {where}
        GROUP BY {places}
    """  # noqa: S608 - our own words.
