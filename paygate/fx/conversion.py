"""What was agreed about converting a payment, what was converted of it so far, and what follows a transaction.

A payment lives in its own currency. Each transaction about it that changes what the merchant has in that currency is
followed by one that moves exactly this change into the settlement currency, in the same commit. Pure.

Two streams flow, each converted by its whole: in (captures) and out (refunds, disputes, fees for them). The sum of a
stream so far is converted and what was converted before is taken off; so many parts make what the whole would have
made, to the minor unit. What undoes something undoes its conversion: the same amounts, the other way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Self
from uuid import UUID

from kernel.money import Money
from ledger import chart
from ledger.recipes.fx import converted, converted_back
from ledger.transaction import Side, Transaction
from paygate.fx.exchange import convert, written

ACCOUNTS = (chart.merchant_pending(), chart.merchant_available())

#: What undoes what: of the same source. A PSP may give back a part of what it took for a dispute.
UNDOES = {
    "payment.capture_reversed": "payment.captured",
    "refund.failed": "refund.succeeded",
    "refund.fee_returned": "refund.fee_charged",
    "dispute.won": "dispute.opened",
    "dispute.reinstated": "dispute.opened",
}

ORIGINAL, CURRENT = "original", "current"  # Rates at which a payment is given back.

#: Today's rate of the market between two currencies, for as long as anything is known of them.
MarketNow = Callable[[str, str], Decimal | None]


@dataclass(frozen=True, slots=True)
class Part:
    """The conversion of one transaction, in minor units, from the merchant's side: above zero is what they got.

    `own` of the payment's currency; `settled` of the settlement currency; `value` what `own` is worth there by the
    market's rate.
    """

    own: int
    settled: int
    value: int


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a payment is converted. Only `parts` ever changes, and grows: by the transaction that each follows."""

    to: str
    rate: Decimal  # What the merchant gets for one unit.
    market: Decimal  # What it was worth when that was agreed.
    refund_rate: str = ORIGINAL
    quote: UUID | None = None
    parts: Mapping[str, Part] = field(default_factory=dict)

    @property
    def settled(self) -> Money:
        """What became of the payment for the merchant so far."""
        return Money(sum(part.settled for part in self.parts.values()), self.to)

    def as_json(self) -> dict[str, Any]:
        """As a payment's row keeps it."""
        return {
            "to": self.to,
            "rate": written(self.rate),
            "market": written(self.market),
            "refund_rate": self.refund_rate,
            "quote": self.quote and str(self.quote),
            "parts": {
                follows: {"own": part.own, "settled": part.settled, "value": part.value}
                for follows, part in self.parts.items()
            },
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(
            to=kept["to"],
            rate=Decimal(kept["rate"]),
            market=Decimal(kept["market"]),
            refund_rate=kept["refund_rate"],
            quote=UUID(kept["quote"]) if kept["quote"] else None,
            parts={follows: Part(**part) for follows, part in kept["parts"].items()},
        )


def follow(
    conversion: Conversion,
    transactions: Sequence[Transaction],
    *,
    currency: str,
    market_now: MarketNow,
) -> tuple[Conversion, list[Transaction]]:
    """The conversion after these transactions about its payment, and what is to be posted with them.

    `currency` is the payment's.
    """
    companions = []
    for one in transactions:
        for account in ACCOUNTS:
            if own := _change(one, account, currency):
                follows = f"{one.kind}:{one.source}"
                part = _part(conversion, one, Money(own, currency), market_now)
                conversion = replace(conversion, parts={**conversion.parts, follows: part})
                companions.append(_posted(one, follows, account, part, currency, conversion.to))
    return conversion, companions


def _change(one: Transaction, account: str, currency: str) -> int:
    """What the transaction adds to the merchant's account in that currency; below zero, what it takes."""
    return sum(
        entry.amount.minor if entry.type is Side.CREDIT else -entry.amount.minor
        for entry in one.entries
        if entry.account == account and entry.amount.currency == currency
    )


def _part(conversion: Conversion, one: Transaction, own: Money, market_now: MarketNow) -> Part:
    undone = conversion.parts.get(f"{UNDOES.get(one.kind, '')}:{one.source}")
    if undone is not None:
        return Part(
            own.minor,
            _share(undone.settled, own.minor, undone.own),
            _share(undone.value, own.minor, undone.own),
        )
    sign = 1 if own.minor > 0 else -1
    amount = Money(abs(own.minor), own.currency)
    if sign > 0:
        settled = _next(conversion, sign, amount, conversion.rate, "settled")
        value = _next(conversion, sign, amount, conversion.market, "value")
        return Part(own.minor, settled, value)
    # What is taken back we buy today, whatever the merchant pays for it.
    today = market_now(own.currency, conversion.to) or conversion.market
    value = convert(amount, today, conversion.to).minor
    if conversion.refund_rate == CURRENT:
        return Part(own.minor, -value, -value)
    return Part(own.minor, -_next(conversion, sign, amount, conversion.rate, "settled"), -value)


def _next(conversion: Conversion, sign: int, amount: Money, rate: Decimal, what: str) -> int:
    """What the next amount of a stream becomes: the whole of it converted, less what was converted before.

    Never below nothing, as it would be where a part that was rounded down has been undone.
    """
    stream = [part for follows, part in conversion.parts.items() if _stream(follows, part) == sign]
    so_far = Money(sign * sum(part.own for part in stream), amount.currency)
    before = sign * sum(int(getattr(part, what)) for part in stream)
    return max(0, convert(so_far + amount, rate, conversion.to).minor - before)


def _stream(follows: str, part: Part) -> int:
    """Which way the stream flows that the part belongs to; what undoes something belongs to that one's."""
    direction = 1 if part.own > 0 else -1
    return -direction if follows.partition(":")[0] in UNDOES else direction


def _share(whole: int, own: int, of: int) -> int:
    """What belongs to `own` where `whole` belonged to `of`; the other way round where their signs differ."""
    return round(Fraction(whole) * own / of)


def _posted(
    one: Transaction, follows: str, account: str, part: Part, currency: str, to: str
) -> Transaction:
    whose: dict[str, Any] = {
        "merchant": one.merchant,
        "livemode": one.livemode,
        "source": follows,
        "account": account,
        "value": Money(abs(part.value), to),
    }
    own, settled = Money(abs(part.own), currency), Money(abs(part.settled), to)
    if part.own > 0:
        return converted(**whose, sold=own, bought=settled)
    return converted_back(**whose, owed=own, paid=settled)
