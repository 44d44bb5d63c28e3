"""What a payment that is converted has posted beside each transaction about it."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.transaction import Transaction
from paygate.fx.agree import market_now
from paygate.fx.conversion import Conversion, follow
from paygate.payments.models import Payment


def with_conversions(payment: Payment, transactions: Sequence[Transaction]) -> list[Transaction]:
    """The transactions, each with its conversion behind it; `payment.conversion` keeps what was converted.

    For every change of a payment, before it is rendered and written. A payment that is not converted, and a
    transaction that leaves what the merchant has as it is, stay alone.
    """
    if payment.conversion is None or not transactions:
        return list(transactions)
    conversion, companions = follow(
        Conversion.from_json(payment.conversion),
        transactions,
        currency=payment.currency,
        market_now=market_now,
    )
    payment.conversion = conversion.as_json()
    return [*transactions, *companions]
