"""For which payments a plan counts, and which of several counts more.

Where a card was issued goes by the EEA's members (efta.int/eea): the 27 of the European Union, Iceland, Liechtenstein
and Norway. Switzerland and the United Kingdom are none of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

EEA = frozenset(
    (
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT"),
        *("LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"),
    )
)  # fmt: skip
DOMESTIC, WITHIN_EEA, OTHER = "domestic", "eea", "other"
CARD = "card"  # Any brand of card: the one kind of payment method there is so far.


class Scoped(Protocol):
    """What counts for some payments. "" is any."""

    @property
    def psp(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def country(self) -> str: ...
    @property
    def currency(self) -> str: ...


class Dated(Scoped, Protocol):
    """What counts for them from a moment on."""

    @property
    def effective_from(self) -> datetime: ...


S = TypeVar("S", bound=Scoped)
D = TypeVar("D", bound=Dated)


@dataclass(frozen=True, slots=True)
class Use:
    """What is priced: a payment at a PSP with a card. A `brand` or `country` that nobody knows is ""."""

    psp: str
    currency: str
    brand: str = ""
    country: str = ""  # The card issuer's, ISO 3166-1 alpha-2.


def in_effect(lines: Iterable[D], *, at: datetime) -> list[D]:
    """Of each scope the latest that began before or `at` that moment. `lines` come in the order in which they begin."""
    latest: dict[tuple[str, str, str, str], D] = {}
    for line in lines:
        if line.effective_from <= at:
            latest[line.psp, line.method, line.country, line.currency] = line
    return list(latest.values())


def most_specific(plans: Iterable[S], use: Use, *, home: str) -> S | None:
    """Of the plans that count for `use` the one that says most about it.

    That is the one that names more of PSP, method, country and currency; of two that name as many the one that names
    the earlier of these. (Of methods a brand says more than "card"; of countries one by its code more than
    "domestic", that more than "eea" or "other".) Two plans never say the same: the database keeps them apart.
    `home` is the merchant's country. A card whose issuer's country nobody knows is in none.
    """
    fitting = [(rank, plan) for plan in plans if (rank := _rank(plan, use, home)) is not None]
    return max(fitting, key=lambda pair: (sum(map(bool, pair[0])), pair[0]))[1] if fitting else None


def _rank(plan: Scoped, use: Use, home: str) -> tuple[int, int, int, int] | None:
    """How much each of the four says; None for a plan that does not count."""
    try:
        return (
            ("", use.psp).index(plan.psp),
            ("", CARD, *((use.brand.lower(),) if use.brand else ())).index(plan.method),
            _places(use.country, home).index(plan.country),
            ("", use.currency).index(plan.currency),
        )
    except ValueError:
        return None


def _places(issuer: str, home: str) -> tuple[str, ...]:
    """What the issuer's country can be called, from the least to the most that is said by it."""
    if not issuer:
        return ("",)
    abroad = WITHIN_EEA if issuer in EEA else OTHER
    if issuer != home:
        return ("", abroad, issuer)
    return ("", *((abroad,) if issuer in EEA else ()), DOMESTIC, issuer)
