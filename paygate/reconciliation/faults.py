"""What is wrong with a line of a statement, in words: looked at one by one, when nobody could make sense of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from kernel.card_numbers import mask
from kernel.currencies import EXPONENTS

AMOUNTS = {
    "gross": "currency",
    "settled_gross": "settled_currency",
    "fee": "settled_currency",
    "net": "settled_currency",
    "billed": "settled_currency",
}
_DECIMAL = re.compile(r"-?[0-9]*\.?[0-9]+|-?[0-9]+\.", re.ASCII)
_SHOWN = 40  # Characters of what stands there.
_MOST = 2**63


def wrong_with(line: Mapping[str, str | None]) -> str:
    """The first thing that is wrong with what a Format made of a row; "" where nothing seems to be."""
    for name, value in line.items():
        if value is None:
            return f"nobody can tell its {name}"
    said = {name: value or "" for name, value in line.items()}
    if not said["reference"]:
        return "it has no reference of its own"
    amounts: dict[str, Decimal] = {}
    for name, of in AMOUNTS.items():
        currency = said[of].upper()
        if currency not in EXPONENTS or said[of] not in (currency, currency.lower()):
            return f"its {of} is {shown(said[of])}, which is none of ISO 4217"
        if not _DECIMAL.fullmatch(said[name]):
            return f"its {name} is {shown(said[name])}, which is no decimal number"
        amount = Decimal(said[name]).scaleb(EXPONENTS[currency])
        if amount != amount.to_integral_value():
            return f"its {name} is {shown(said[name])}, which has more decimals than {currency}"
        if abs(amount) >= _MOST:
            return f"its {name} is {shown(said[name])}, which is more money than there is"
        amounts[name] = amount
    if amounts["net"] != amounts["settled_gross"] - amounts["fee"]:
        return (
            f"its net is {shown(said['net'])}, and {shown(said['settled_gross'])} less a fee of"
            f" {shown(said['fee'])} is not"
        )
    if said["rate"] and not _DECIMAL.fullmatch(said["rate"]):
        return f"its rate is {shown(said['rate'])}, which is no decimal number"
    return "" if _is_a_time(said["booked_at"]) else f"it was booked at {shown(said['booked_at'])}"


def shown(value: str) -> str:
    """A value of a file's, for people: not all of it, and no card number."""
    text = mask(value)
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _is_a_time(text: str) -> bool:
    try:
        return bool(re.match(r"\d{4}-\d\d-\d\d", text, re.ASCII) and datetime.fromisoformat(text))
    except ValueError:
        return False
