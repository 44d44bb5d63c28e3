"""Statements of a few lines, applied by the real code: only the reading of a file is left out."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from django.db import connection

from kernel.clock import now
from kernel.db import call
from kernel.money import Money
from ledger.balances import trial_balance
from paygate.payments.hear_refunds import refund_reported
from paygate.psp.events import RefundReported, RefundState
from paygate.reconciliation import apply as applying
from paygate.reconciliation.apply import apply
from paygate.reconciliation.models import Break, Statement
from paygate.reconciliation.reading import Reading

_numbers = itertools.count(1)
COLUMNS = (
    *("row", "kind", "reference", "object", "payment", "ours", "account", "currency", "gross"),
    *("settled_currency", "settled_gross", "fee", "net", "billed", "rate", "batch", "booked_at"),
    "description",
)


def line(kind: str, gross: int, currency: str = "USD", **of: Any) -> dict[str, Any]:
    """A line as `told` has it; what is not said follows from what is."""
    number = next(_numbers)
    said = {
        "kind": kind,
        "reference": f"txn_{number}",
        "object": "",
        "payment": "",
        "ours": "",
        "account": "",
        "currency": currency,
        "gross": gross,
        "settled_currency": of.get("settled_currency", currency),
        "settled_gross": of.get("settled_gross", gross),
        "fee": 0,
        "billed": 0,
        "rate": None,
        "batch": "",
        "booked_at": now(),
        "description": "",
    } | of
    return said | {"net": said["settled_gross"] - said["fee"]}


def capture_of(payment: dict[str, Any], **changes: Any) -> dict[str, Any]:
    reference = payment["psp_reference"]
    about = {
        "gross": payment["amount_captured"],
        "currency": payment["currency"],
        "object": reference,
        "payment": reference,
    }
    return line("capture", **about | changes)


def received(psp: str = "stripe", name: str = "", *, livemode: bool = False) -> Statement:
    number = next(_numbers)
    return Statement.objects.create(
        psp=psp,
        livemode=livemode,
        name=name or f"{number}.csv",
        source="uploaded",
        received_at=now(),
        sha256=f"{number:064x}",
        size=0,
    )


def stand_in(of: Statement, lines: list[dict[str, Any]], identity: str = "") -> Reading:
    """What reading a file of these lines would do."""
    call("statement_stage")
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY told ({', '.join(COLUMNS)}) FROM STDIN") as copy,
    ):
        for number, one in enumerate(lines, start=1):
            copy.write_row([{"row": number, **one}[name] for name in COLUMNS])
    until = max((one["booked_at"] for one in lines), default=None)
    return Reading("stand-in", identity or of.name, len(lines), until)


def applied(
    monkeypatch: Any,
    lines: list[dict[str, Any]],
    *,
    psp: str = "stripe",
    identity: str = "",
    accounts: Any = ("",),
    livemode: bool = False,
) -> Statement:
    """A statement with these lines, applied."""
    statement = received(psp, livemode=livemode)

    monkeypatch.setattr(applying, "read", lambda of: stand_in(of, lines, identity))
    monkeypatch.setattr(applying, "_accounts", lambda *_: frozenset(accounts))
    apply(statement, at=now() + timedelta(seconds=1))
    statement.refresh_from_db()
    return statement


def refund_heard(
    paid: dict[str, Any], amount: int, *, reference: str = "re_early", psp: str = "stripe"
) -> None:
    """The PSP tells of a refund, as its webhook would."""
    told = RefundReported(
        psp_reference=paid["psp_reference"],
        reference=reference,
        state=RefundState.SUCCEEDED,
        amount=Money(amount, "USD"),
    )
    refund_reported(psp, told, livemode=False, now=now())


def standing() -> dict[str, int]:
    """Debits less credits of every account that does not stand at zero, over all books."""
    return {
        one.account: one.debits.minor - one.credits.minor
        for one in trial_balance(livemode=False)
        if one.debits != one.credits
        and not one.account.startswith(("liabilities:merchant", "income"))
    }


def causes() -> list[str]:
    return sorted(Break.objects.values_list("cause", flat=True))
