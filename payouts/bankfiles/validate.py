"""Whether an account's number can be one: IBAN, BIC, the routing numbers of the US; and which countries SEPA has.

Only the form, the length and the check digits are looked at, and not those that a country's own numbers have inside
an IBAN: banks change theirs, and an account that exists must not be refused. Whether it does, and whose it is, its
bank alone knows. The structures of the IBAN registry and the directories of banks are those of the library schwifty,
which takes a fifth of a second to load and is therefore loaded by the first who asks. The messages never repeat the
number: they end up in logs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNION_AND_ECONOMIC_AREA = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK IS LI NO"
)
_BEYOND = "AD AL CH GB GI MC MD ME MK RS SM VA"

#: The SEPA schemes' geographical scope by the country code of the IBAN. Source: European Payments Council, EPC409-09,
#: "EPC list of SEPA scheme countries", with the countries that joined to May 2025 (AL, ME; MD, MK; RS). Guernsey,
#: Jersey and the Isle of Man have British IBANs, the French and Portuguese islands those of their countries.
SEPA = frozenset(f"{_UNION_AND_ECONOMIC_AREA} {_BEYOND}".split())


class InvalidIban(ValueError):
    """No IBAN; the message says why, without the number."""


class InvalidBic(ValueError):
    """No BIC; the message says why."""


class InvalidRoutingNumber(ValueError):
    """No routing number; the message says why, without the number."""


@dataclass(frozen=True, slots=True)
class Iban:
    """An IBAN that can be one."""

    normalized: str  # In capitals and without blanks.
    country: str  # ISO 3166-1 alpha-2.
    bic: str  # The bank's, or "" where the directory does not know it.
    bank_name: str  # … likewise.


def check_iban(text: str) -> Iban:
    """Read what somebody typed. Raises InvalidIban."""
    number = "".join(text.split()).upper()
    if not re.fullmatch("[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}", number):
        raise InvalidIban("an IBAN is two letters, two digits and up to 30 letters and digits")

    from schwifty import IBAN
    from schwifty.exceptions import (
        InvalidChecksumDigits,
        InvalidCountryCode,
        InvalidLength,
        SchwiftyException,
    )

    country = number[:2]
    try:
        iban = IBAN(number)
    except InvalidCountryCode:
        raise InvalidIban(f"there are no IBANs of {country}") from None
    except InvalidLength:
        raise InvalidIban(f"an IBAN of {country} has another length") from None
    except InvalidChecksumDigits:
        raise InvalidIban(
            "the check digits do not match: a digit is wrong or two are swapped"
        ) from None
    except SchwiftyException:
        raise InvalidIban(f"an IBAN of {country} is made up otherwise") from None
    return Iban(number, country, str(iban.bic or ""), str(iban.bank_name or ""))


def check_bic(text: str) -> str:
    """The BIC in capitals and without blanks (ISO 9362: eight letters and digits, or eleven). Raises InvalidBic."""
    code = "".join(text.split()).upper()
    if len(code) not in (8, 11):
        raise InvalidBic("a BIC has 8 characters, or 11")
    if not code.isascii():
        raise InvalidBic("a BIC is of letters A to Z and digits")

    from schwifty import BIC
    from schwifty.exceptions import InvalidCountryCode, SchwiftyException

    try:
        BIC(code)
    except InvalidCountryCode:
        raise InvalidBic(f"{code[4:6]} in fifth and sixth place is no country") from None
    except SchwiftyException:
        raise InvalidBic(
            "a BIC is four letters of the bank, two of its country, and then letters and digits"
        ) from None
    return code


def check_routing_number(text: str) -> str:
    """The nine digits of a US bank. Raises InvalidRoutingNumber.

    The first two digits are those of a Federal Reserve district or a kind of bank, and the weighted sum of all nine
    is divisible by ten. (American Bankers Association, routing number policy.)
    """
    number = "".join(text.split())
    if not re.fullmatch("[0-9]{9}", number):
        raise InvalidRoutingNumber("a routing number has nine digits")
    if not routing_number_matches(number):
        raise InvalidRoutingNumber(
            "the check digit does not match: a digit is wrong or two are swapped"
        )
    # 00 is the United States government's, which no merchant banks with; 80 is for traveller's cheques.
    if not (
        1 <= int(number[:2]) <= 12 or 21 <= int(number[:2]) <= 32 or 61 <= int(number[:2]) <= 72
    ):
        raise InvalidRoutingNumber("no bank's routing number begins with these two digits")
    return number


def routing_number_matches(number: str) -> bool:
    """Whether the check digit is right: the digits, weighted by 3, 7 and 1, add up to a multiple of ten."""
    weighted = sum(int(digit) * weight for digit, weight in zip(number, (3, 7, 1) * 3, strict=True))
    return weighted % 10 == 0


def iban_matches(number: str) -> bool:
    """Whether the check digits of a normalized IBAN are right (ISO 7064, MOD 97-10)."""
    return int("".join(str(int(letter, 36)) for letter in number[4:] + number[:4])) % 97 == 1
