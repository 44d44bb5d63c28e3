"""Orders to write, and reports as banks write them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from kernel.ids import encode
from kernel.money import Money
from payouts.bankfiles.orders import CreditTransfer, Order, OwnAccount

BERLIN = "DE89370400440532013000"  # The registry's example of each country.
PARIS = "FR1420041010050500013M02606"
ZURICH = "CH9300762011623852957"
LONDON = "GB29NWBK60161331926819"
ANKARA = "TR330006100519786457841326"

OURS = OwnAccount(name="Paygate Payments SE", iban=BERLIN, bic="COBADEFFXXX")
OURS_IN_THE_US = OwnAccount(
    name="Paygate Payments Inc.",
    routing_number="021000021",
    company_id="1234567890",
    bank_name="JPMorgan Chase",
)


def reference(number: int, prefix: str = "po") -> str:
    return encode(prefix, UUID(int=0x0193_0000_0000_7000_8000_0000_0000_0000 + number))


def transfer(
    number: int = 1, minor: int = 1050, currency: str = "EUR", **changes: Any
) -> CreditTransfer:
    made = CreditTransfer(
        reference=reference(number),
        amount=Money(minor, currency),
        name="Kiosk Müller & Söhne",
        country="FR",
        iban=PARIS,
        remittance=f"Payout {number}",
    )
    return replace(made, **changes)


def order(*transfers: CreditTransfer, **changes: Any) -> Order:
    made = Order(
        message_id=reference(0, "pof"),
        sequence=1,
        created_at=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
        execution_date=date(2026, 11, 25),
        debtor=OURS,
        transfers=transfers,
    )
    return replace(made, **changes)


def ach(number: int = 1, minor: int = 1050, **changes: Any) -> CreditTransfer:
    made = CreditTransfer(
        reference=reference(number),
        amount=Money(minor, "USD"),
        name="Müller's Diner, Inc.",
        country="US",
        routing_number="011000015",
        account_number="12345678",
        trace=f"02100002{number:07d}",
    )
    return replace(made, **changes)


def ach_order(*transfers: CreditTransfer, **changes: Any) -> Order:
    return order(*transfers, debtor=OURS_IN_THE_US, **changes)
