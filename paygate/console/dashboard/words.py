"""Numbers as people read them: amounts with their currency, shares, ages, and how something changed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from kernel.money import Money

NONE = "–"  # Where there is nothing to say, such as the success rate of no payment.


def amount(minor: int, currency: str) -> str:
    """ "1,234,567.80 EUR"."""
    number, _, unit = str(Money(minor, currency)).rpartition(" ")
    sign = "−" if number.startswith("-") else ""
    whole, point, rest = number.lstrip("-").partition(".")
    return f"{sign}{int(whole):,}{point}{rest} {unit}"


def count(number: int, one: str, many: str = "") -> str:
    """ "1 payment", "1,200 payments"."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def share(part: int, whole: int) -> Decimal | None:
    """In percent, to one place; None of nothing. Never 100 unless it is all, nor 0 unless it is none."""
    if whole <= 0:
        return None
    tenths = Decimal(part * 100 / Decimal(whole)).quantize(Decimal("0.1"))
    if part < whole and tenths >= 100:
        return Decimal("99.9")
    if part and tenths <= 0:
        return Decimal("0.1")
    return tenths


def percent(of: Decimal | None) -> str:
    return NONE if of is None else f"{of} %"


def change(now: int, before: int, than: str) -> str:
    """How much more or less it is, with a sign and in words: "▲ 12.3 % more than yesterday"."""
    if now == before:
        return f"As much as {than}" if now else f"None {than} either"
    if before <= 0:
        return f"▲ None {than}"
    if now >= 10 * before:
        return f"▲ {now // before} times as much as {than}"
    by = f"{abs(now - before) * 100 / Decimal(before):.1f} %"
    return f"▲ {by} more than {than}" if now > before else f"▼ {by} less than {than}"


def points(now: Decimal | None, before: Decimal | None, than: str) -> str:
    """The same of two shares: "▼ 1.2 points lower than yesterday"."""
    if before is None:
        return f"Nothing to compare with {than}"
    if now is None:
        return f"{before} % {than}"
    if now == before:
        return f"The same as {than}"
    unit = "point" if abs(now - before) == 1 else "points"
    by = f"{abs(now - before)} {unit}"
    return f"▲ {by} higher than {than}" if now > before else f"▼ {by} lower than {than}"


def age(of: timedelta) -> str:
    """ "3 days", "2 hours", "5 minutes", "12 seconds"."""
    seconds = max(0, int(of.total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return count(seconds // length, unit)
    return count(seconds, "second")


def plain(code: str) -> str:
    """A code as words: "insufficient_funds" is "Insufficient funds"."""
    return code.replace("_", " ").strip().capitalize() or "No reason given"


PSP_NAMES = {"stripe": "Stripe", "adyen": "Adyen", "braintree": "Braintree", "bank": "Bank"}


def psp(name: str) -> str:
    return PSP_NAMES.get(name, name.capitalize() or "No PSP")
