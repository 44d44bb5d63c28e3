"""How a payment that is about to be created is converted: by a quote, by the merchant's terms, or not at all."""

from __future__ import annotations

import logging
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from kernel.ids import encode
from kernel.money import Money
from merchants.briefly import Briefly
from merchants.funds.terms import terms_in_effect
from merchants.models import Merchant
from paygate.fx.conversion import Conversion
from paygate.fx.exchange import UnableToConvert, with_spread
from paygate.fx.market import last_known, market
from paygate.fx.quote import check, find_quote

log = logging.getLogger(__name__)

REMEMBERED = 3.0  # Seconds: a merchant's settlement currency counts in every process after them.


def agree(
    merchant_id: UUID, amount: Money, *, livemode: bool, quote: UUID | None, at: datetime
) -> Conversion | None:
    """The conversion of a payment of this amount; None where it stays in its currency.

    A payment is never refused for want of a rate: then it is taken as it is, and the log says so. Raises
    NoSuchQuote and UnableToUseQuote.
    """
    terms = terms_in_effect(merchant_id, at=at)
    if quote is not None:
        promised = find_quote(merchant_id, quote, livemode=livemode)
        check(promised, amount, at=at)
        return Conversion(
            to=promised.to_currency,
            rate=promised.rate,
            market=promised.market,
            refund_rate=terms.refund_rate,
            quote=promised.id,
        )
    if not terms.convert:
        return None
    to = _settlement_currency(merchant_id)
    if to is None or to == amount.currency:
        return None
    try:
        today = market(amount.currency, to, at=at)
        rate = with_spread(today.rate, terms.fx_spread_basis_points)
    except UnableToConvert as error:
        log.warning(
            "fx.not_converted",
            extra={"merchant": encode("mer", merchant_id), "why": error.message},
        )
        return None
    return Conversion(to=to, rate=rate, market=today.rate, refund_rate=terms.refund_rate)


def market_now(sold: str, bought: str) -> Decimal | None:
    """Today's rate of the market, or the last that is known: what is given back is booked all the same."""
    known = last_known(sold, bought)
    return known.rate if known else None


def forget() -> None:
    """Forget the settlement currencies that this process knows."""
    _settlement_currency.forget()


def _load(merchant_id: UUID) -> str | None:
    return (
        Merchant.objects.filter(id=merchant_id)
        .values_list("settlement_currency", flat=True)
        .first()
    )


_settlement_currency = Briefly(_load, seconds=lambda: REMEMBERED)
