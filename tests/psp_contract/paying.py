"""What the tests of payouts share: whom each PSP is asked to pay, and what may go wrong meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kernel.ids import encode, uuid7
from kernel.money import Money
from paygate.psp.payouts import BankAccount, PayOut

HANG = {"hang_seconds": 1.5, "late_seconds": 1.0}
EXECUTED = ("timeout_after", "error_after", "reset_after", "slow_drip", "malformed", "wrong_amount")
NOT_EXECUTED = ("timeout_before", "error_before", "reset_before")
DAY = 86_400.0

#: How each PSP is told of a merchant whose account is open, closed, or sends money back.
ACCOUNTS: dict[str, dict[str, dict[str, Any]]] = {
    "stripe": {
        "open": {"account": "acct_kiosk"},
        "closed": {"account": "acct_closed_kiosk"},
        "bouncing": {"account": "acct_bouncing_kiosk"},
    },
    "adyen": {
        name: {"bank": BankAccount(holder="Kiosk B.V.", country="NL", iban=iban)}
        for name, iban in (
            ("open", "NL91ABNA0417164300"),
            ("closed", "NL74ABNA0000000001"),
            ("bouncing", "NL47ABNA0000000002"),
        )
    },
}


def paying(
    psp: str, amount: Money | None = None, *, to: str = "open", key: str = "", **more: Any
) -> PayOut:
    """Three euros, unless the test says otherwise; `more` replaces fields."""
    fields = {"created_at": datetime.now(UTC), **ACCOUNTS[psp][to], **more}
    return PayOut(
        key=key or encode("po", uuid7()),
        merchant="mer_kiosk",
        amount=amount or Money(3_00, "EUR"),
        statement_descriptor="KIOSK",
        **fields,
    )
