"""A merchant's month in one currency: what there was, every line of what changed it, and what there is.

A statement is read once, from its first line to its last, so that it may have any number of them; its closing
balance and its sums are known when the lines have been read. So opening plus lines is closing, by making.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kernel.ids import encode
from kernel.money import Money
from ledger.statements import first_posted, lines_posted, opening, spans_with_entries
from merchants.funds.months import Month, Period, period, periods
from merchants.funds.own import BUCKETS, NAMES, holder
from merchants.funds.transactions import BalanceTransaction, read
from merchants.models import Merchant


class NoSuchStatement(LookupError):
    """Nothing was posted in that month, in that currency and mode: nobody learns whose month it was."""


class CurrencyUnclear(LookupError):
    """The month has several currencies, and none was named that could be the one."""

    def __init__(self, currencies: list[str]) -> None:
        super().__init__(f"there are statements in {', '.join(currencies)}")
        self.currencies = currencies


@dataclass(frozen=True, slots=True)
class Summary:
    """A statement that there is; `final`: nothing will be added to it any more."""

    period: Period
    currency: str
    livemode: bool
    final: bool

    @property
    def month(self) -> Month:
        return self.period.month


@dataclass(slots=True)
class Sum:
    """What all lines of one type come to, in minor units."""

    count: int = 0
    gross: int = 0
    fee: int = 0
    net: int = 0

    def add(self, line: BalanceTransaction) -> None:
        self.count += 1
        self.gross += line.gross
        self.fee += line.fee
        self.net += line.net


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A balance transaction, and the merchant's whole balance after it."""

    transaction: BalanceTransaction
    balance: int


@dataclass(slots=True)
class Statement:
    """One month of one merchant in one currency; amounts are minor units of it, by merchants.funds.own's names."""

    summary: Summary
    merchant: Merchant
    opening: dict[str, int]
    closing: dict[str, int] = field(init=False)
    sums: dict[str, Sum] = field(
        default_factory=dict
    )  # By type, in the order of their first lines.

    def __post_init__(self) -> None:
        self.closing = dict(self.opening)

    @property
    def currency(self) -> str:
        return self.summary.currency

    @property
    def name(self) -> str:
        """Of a file: "statement-2026-11-USD"; of test mode it says so."""
        mode = "" if self.summary.livemode else "-test"
        return f"statement-{self.summary.month}-{self.currency}{mode}"

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    def lines(self) -> Iterator[StatementLine]:
        """Every line in the order of posting. To be read once: `closing` and `sums` grow as it is."""
        merchant_id, livemode = self.merchant.id, self.summary.livemode
        span = self.summary.period
        posted = lines_posted(
            holder(merchant_id, livemode=livemode),
            currency=self.currency,
            since=span.since,
            until=span.until,
        )
        balance = sum(self.opening.values())
        for some in posted:
            for line in read(some, merchant_id=merchant_id, livemode=livemode):
                balance += line.net
                for name, change in line.changes.items():
                    self.closing[name] += change
                self.sums.setdefault(line.type, Sum()).add(line)
                yield StatementLine(line, balance)


def statements_of(merchant_id: UUID, *, livemode: bool, at: datetime) -> list[Summary]:
    """Every month with something posted in it, the newest first, by currency; `at` is now, by the wall's clock."""
    since = first_posted(merchant_id)
    if since is None:
        return []
    months = list(periods(merchant_id, since=since, at=at))
    found = spans_with_entries(
        holder(merchant_id, livemode=livemode), [(one.since, one.until) for one in months]
    )
    summaries = [
        Summary(months[place], currency, livemode, months[place].final(at=at))
        for place, currency in found
    ]
    return sorted(summaries, key=lambda one: (one.month, one.currency), reverse=True)


def statement_of(
    merchant_id: UUID, month: Month, *, livemode: bool, currency: str | None, at: datetime
) -> Statement:
    """The statement of a month; without a currency that of its only one, or of the settlement currency.

    `at` is now, by the wall's clock. Raises NoSuchStatement, CurrencyUnclear.
    """
    whose, span = holder(merchant_id, livemode=livemode), period(merchant_id, month)
    currencies = [one for _, one in spans_with_entries(whose, [(span.since, span.until)])]
    merchant = Merchant.objects.get(id=merchant_id)
    if currency is None and len(currencies) > 1:
        if merchant.settlement_currency not in currencies:
            raise CurrencyUnclear(currencies)
        currency = merchant.settlement_currency
    elif currency is None and currencies:
        [currency] = currencies
    if currency is None or currency not in currencies:
        raise NoSuchStatement(f"{encode('mer', merchant_id)} {month} {currency}")
    before = dict.fromkeys(NAMES, 0)
    for code, amount in opening(whose, currency=currency, before=span.since).items():
        before[BUCKETS[code]] += amount.minor
    return Statement(Summary(span, currency, livemode, span.final(at=at)), merchant, before)
