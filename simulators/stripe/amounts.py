"""Stripe's minor units, and which amounts it takes. Source: docs.stripe.com/currencies."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from simulators.currencies import ISO, to_iso
from simulators.stripe.errors import InvalidRequest

_ZERO_DECIMAL = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
_THREE_DECIMAL = "BHD JOD KWD OMR TND"  # Sent times 1000, and the last digit must be 0.
_WHOLE_ONLY = frozenset(("ISK", "UGX"))  # No decimals in life, two on the wire: must end in 00.
_NOT_TAKEN = frozenset(("IQD", "IRR", "KPW", "LYD", "SDG", "SYP"))

_EXPONENTS = {
    **{code: 2 for code in ISO if code not in _NOT_TAKEN},
    **dict.fromkeys(_ZERO_DECIMAL.split(), 0),
    **dict.fromkeys(_THREE_DECIMAL.split(), 3),
}

_LEAST = {"AED": 200, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250}
_LEAST |= {"EUR": 50, "GBP": 30, "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000}
_LEAST |= {"MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50}
_LEAST |= {"THB": 1000, "USD": 50}
_MOST = 999_999_999_999  # Twelve digits.


def check_currency(currency: str) -> str:
    """The currency as it is kept, in lower case. Raises InvalidRequest."""
    if currency.upper() not in _EXPONENTS:
        raise InvalidRequest(
            f"Invalid currency: {currency}. Stripe does not support this currency.",
            param="currency",
        )
    return currency.lower()


def check_amount(amount: int, currency: str, *, param: str = "amount") -> None:
    """Raises InvalidRequest for what Stripe does not charge."""
    code = currency.upper()
    if amount < _LEAST.get(code, 1):
        raise InvalidRequest(
            f"Amount must be at least {_LEAST.get(code, 1)} {currency}.",
            code="amount_too_small",
            param=param,
        )
    if amount > _MOST:
        raise InvalidRequest(
            f"Amount must be no more than {_MOST} {currency}.", code="amount_too_large", param=param
        )
    if (code in _WHOLE_ONLY and amount % 100) or (_EXPONENTS[code] == 3 and amount % 10):
        raise InvalidRequest(f"Invalid amount for {currency}: {amount}.", param=param)


def iso_minor(amount: int, currency: str) -> int:
    return to_iso(amount, currency.upper(), _EXPONENTS)


def rounded(amount: Decimal, currency: str) -> int:
    """Half up, to whole units of Stripe's; of a currency without decimals, which it counts in hundredths, to 100."""
    step = 100 if currency.upper() in _WHOLE_ONLY else 1
    return int((amount / step).quantize(Decimal(1), ROUND_HALF_UP)) * step


def converted(amount: int, currency: str, into: str, rate: Decimal) -> int:
    """What so many units of one currency are in units of another, at `rate` for a whole one; half up."""
    shift = _EXPONENTS[into.upper()] - _EXPONENTS[currency.upper()]
    return rounded((amount * rate).scaleb(shift), into)


def from_iso(minor: int, currency: str) -> int:
    """Stripe's units for ISO 4217 minor units. Raises ValueError for what Stripe cannot count."""
    code = currency.upper()
    shift = _EXPONENTS[code] - ISO[code]
    factor: int = 10 ** abs(shift)
    if shift >= 0:
        return minor * factor
    units, rest = divmod(minor, factor)
    if rest:
        raise ValueError(f"Stripe does not count {minor} {code} in fractions")
    return units
