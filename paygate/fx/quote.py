"""Quotes: a rate that a merchant is promised for some minutes, for one payment.

That a quote is used once is PostgreSQL's to see to: the commit that writes the payment marks the quote, or is refused.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from kernel.money import Money
from merchants.funds.terms import terms_in_effect
from paygate.fx.exchange import convert, with_spread
from paygate.fx.market import market
from paygate.fx.models import Quote

USED = "PG101"  # PostgreSQL's word for a quote that is not to be had (any more).


class NoSuchQuote(Exception):
    """There is none of that id, or it is another merchant's, or of the other mode."""


class UnableToUseQuote(Exception):
    """The quote is not for this payment, or not any more. `code` is for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def make_quote(
    merchant_id: UUID, *, livemode: bool, sold: str, bought: str, amount: int | None, at: datetime
) -> Quote:
    """Promise a rate from `sold` to `bought`, good for at most `amount` minor units of `sold`.

    The rate is the market's, less the spread that the merchant agreed to. Raises UnableToConvert.
    """
    today = market(sold, bought, at=at)
    rate = with_spread(today.rate, terms_in_effect(merchant_id, at=at).fx_spread_basis_points)
    quote: Quote = Quote.objects.create(
        merchant_id=merchant_id,
        livemode=livemode,
        from_currency=sold,
        to_currency=bought,
        rate=rate,
        market=today.rate,
        amount=amount,
        converted_amount=None
        if amount is None
        else convert(Money(amount, sold), rate, bought).minor,
        created_at=at,
        expires_at=at + timedelta(minutes=settings.FX_QUOTE_MINUTES),
    )
    return quote


def all_quotes(merchant_id: UUID, *, livemode: bool) -> QuerySet[Quote]:
    """A merchant's quotes in one mode."""
    quotes: QuerySet[Quote] = Quote.objects.filter(merchant_id=merchant_id, livemode=livemode)
    return quotes


def find_quote(merchant_id: UUID, quote: UUID, *, livemode: bool) -> Quote:
    """Raises NoSuchQuote."""
    found = all_quotes(merchant_id, livemode=livemode).filter(id=quote).first()
    if found is None:
        raise NoSuchQuote(str(quote))
    return found


def check(quote: Quote, amount: Money, *, at: datetime) -> None:
    """May a payment of this amount use it? Raises UnableToUseQuote."""
    if amount.currency != quote.from_currency:
        raise UnableToUseQuote(
            "fx_quote_currency_mismatch",
            f"{quote.public_id} is from {quote.from_currency}, the payment in {amount.currency}.",
        )
    if quote.bound is not None and amount > quote.bound:
        raise UnableToUseQuote(
            "fx_quote_amount_exceeded", f"{quote.public_id} is good for at most {quote.bound}."
        )
    match quote.status(at=at):
        case "used":
            raise used(quote.public_id)
        case "expired":
            raise UnableToUseQuote(
                "fx_quote_expired", f"{quote.public_id} is expired: make a new one."
            )


def used(public_id: str) -> UnableToUseQuote:
    """Another payment was first."""
    return UnableToUseQuote(
        "fx_quote_used", f"{public_id} was used already: a quote is for one payment."
    )
