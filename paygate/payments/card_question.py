"""What somebody has in hand who asks about a card payment: last four digits, amount, currency and day, in any order.

"4242 24.95 2026-11-25", "…4242 24.95 eur", "24,95 € 25.11.2026 4242", "4242 yesterday".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from kernel.currencies import EXPONENTS

SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
#: A day somewhere on Earth begins and ends by so much before and after ours.
EAST, WEST = timedelta(hours=14), timedelta(hours=12)

_MASK = "….*x•"  # What stands for the digits before the last four.
_LAST4 = re.compile(rf"[{_MASK}]{{0,12}}([0-9]{{4}})", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,12}|[0-9][0-9.,]{0,16}[.,][0-9]{1,3}|[.,][0-9]{1,3}")
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_EUROPEAN = re.compile(r"([0-9]{1,2})[./]([0-9]{1,2})[./]([0-9]{4})")
_BEFORE = re.compile(r"([a-z]{3}|[€$£¥])([0-9].*)", re.IGNORECASE)
_BEHIND = re.compile(r"(.*[0-9])([a-z]{3}|[€$£¥])", re.IGNORECASE)
MOST_WORDS = 6


@dataclass(frozen=True, slots=True)
class CardQuestion:
    """One way to understand it. `amounts` are minor units by how many decimals the currency has."""

    last4: str
    amounts: tuple[tuple[int, int], ...] = ()
    currency: str = ""
    day: date | None = None

    @property
    def between(self) -> tuple[datetime, datetime] | None:
        """The day, wherever on Earth the payer was."""
        if self.day is None:
            return None
        begins = datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)
        return begins - EAST, begins + timedelta(days=1) + WEST

    def fits(self, *, amount: int, currency: str, created_at: datetime) -> bool:
        """Is a payment with that card what was asked for?"""
        if self.currency and currency != self.currency:
            return False
        if self.amounts and (EXPONENTS.get(currency), amount) not in self.amounts:
            return False
        return self.between is None or self.between[0] <= created_at < self.between[1]


def read(text: str, *, today: date) -> list[CardQuestion]:
    """All ways to understand it; none where it is no such question. `today` is the day in UTC."""
    words = [part for word in text.split() for part in _parted(word)]
    if not 0 < len(words) <= MOST_WORDS:
        return []
    currency, day, numbers = "", None, []
    for word in words:
        known, which = _currency(word), _day(word, today)
        if known and not currency:
            currency = known
        elif which and day is None:
            day = which
        elif _LAST4.fullmatch(word) or _NUMBER.fullmatch(word):
            numbers.append(word)
        else:
            return []
    return list(_understood(numbers, currency, day))


def _parted(word: str) -> list[str]:
    """ "24.95EUR" is an amount and a currency; what only stands for hidden digits is nothing."""
    for pattern in (_BEFORE, _BEHIND):
        found = pattern.fullmatch(word)
        if found and any(map(_currency, found.groups())):
            return [*found.groups()]
    return [word] if word.lower().strip(_MASK) else []


def _currency(word: str) -> str:
    return SIGNS.get(word) or (word.upper() if word.upper() in EXPONENTS else "")


def _understood(numbers: list[str], currency: str, day: date | None) -> Iterator[CardQuestion]:
    """With two numbers either may be the card's, where both have four digits."""
    if not 1 <= len(numbers) <= 2:
        return
    for place, word in enumerate(numbers):
        card = _LAST4.fullmatch(word)
        if card is None:
            continue
        others = numbers[:place] + numbers[place + 1 :]
        amounts = _amounts(others[0], currency) if others else ()
        if amounts or not others:
            yield CardQuestion(card[1], amounts, currency, day)


def _amounts(word: str, currency: str) -> tuple[tuple[int, int], ...]:
    if not _NUMBER.fullmatch(word):
        return ()
    exponents = [EXPONENTS[currency]] if currency else sorted(set(EXPONENTS.values()))
    found = []
    for value in _values(word):
        for exponent in exponents:
            minor = value.scaleb(exponent)
            if minor == int(minor) and minor > 0:
                found.append((exponent, int(minor)))
    return tuple(dict.fromkeys(found))


def _values(word: str) -> list[Decimal]:
    """ "1.234" may be a thousand, or one and a bit; the last separator before one or two digits is the decimal one."""
    whole = re.sub(r"[.,]", "", word)
    if whole == word:
        return [Decimal(word)]
    cut = max(word.rfind("."), word.rfind(","))
    front, back = re.sub(r"[.,]", "", word[:cut]), word[cut + 1 :]
    parted = Decimal(f"{front or 0}.{back}")
    return [parted] if len(back) != 3 else [parted, Decimal(whole)]


def _day(word: str, today: date) -> date | None:
    match word.lower():
        case "today":
            return today
        case "yesterday":
            return today - timedelta(days=1)
    try:
        if found := _ISO.fullmatch(word):
            return date(*map(int, found.groups()))
        if found := _EUROPEAN.fullmatch(word):
            return date(*map(int, reversed(found.groups())))
    except ValueError:  # The 31st of February.
        return None
    return None
