"""Braintree's amounts: decimal texts in major units, in the one currency of the merchant account."""

from __future__ import annotations

import re

from simulators.braintree.errors import Invalid
from simulators.currencies import ISO

_AMOUNT = re.compile(r"(-?)(\d{1,12})(?:\.(\d+))?")


def currency_of(merchant_account: str) -> str:
    """An account called …_eur settles in euros; without one, the default account's dollars.

    Raises Invalid for an account whose name ends in no currency.
    """
    if not merchant_account:
        return "USD"
    code = merchant_account.rpartition("_")[2].upper()
    if code not in ISO:
        raise Invalid("91513", "Merchant account ID is invalid.", "merchant_account_id")
    return code


def minor(text: str, currency: str) -> int:
    """ "10.5" dollars are 1050. Raises Invalid for more decimals than the currency has."""
    if not text:
        raise Invalid("81502", "Amount is required.", "amount")
    found = _AMOUNT.fullmatch(text)
    if found is None or len(found[3] or "") > ISO[currency]:
        raise Invalid("81503", "Amount is an invalid format.", "amount")
    if found[1]:
        raise Invalid("81501", "Amount cannot be negative.", "amount")
    amount = int(found[2] + (found[3] or "").ljust(ISO[currency], "0"))
    if not amount:
        raise Invalid("81531", "Amount must be greater than zero.", "amount")
    return amount


def text(amount: int, currency: str) -> str:
    """1050 of dollars is "10.50", 500 of yen is "500"."""
    places = ISO[currency]
    digits = str(amount).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def signed(amount: int, currency: str) -> str:
    """The same for what may be below zero: "-10.50"."""
    return f"-{text(-amount, currency)}" if amount < 0 else text(amount, currency)
