"""By what lists of payments, refunds and attempts are filtered; none of it reads the whole table for its choices."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import TextFilter

from kernel.clock import now
from kernel.currencies import EXPONENTS
from kernel.ids import InvalidId, decode
from paygate.payments.back_office.typed import NotAnAmount, in_minor
from paygate.payments.back_office.words import called
from paygate.psp.registry import PSPS

#: Without a day, amounts are looked for in so many: no index finds them.
AMOUNTS_OF_DAYS = 30
#: No payment was made before or will be after, and times beyond cannot be computed with.
EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)


class Psp(admin.SimpleListFilter):
    title, parameter_name = "PSP", "psp"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(psp, called(psp)) for psp in PSPS]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(psp=self.value()) if self.value() else queryset


class Mode(admin.SimpleListFilter):
    title, parameter_name = "mode", "mode"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "live"), ("test", "test")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(livemode=self.value() == "live") if self.value() else queryset


class Day(admin.SimpleListFilter):
    """A span that ends now; or, as it is typed, a day or two with two points between: ?day=2026-11-01..2026-11-25."""

    title, parameter_name = "day", "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        named = [("today", "today"), ("7", "the last 7 days"), ("30", "the last 30 days")]
        chosen = self.value()
        return [*named, (chosen, chosen)] if chosen and chosen not in dict(named) else named

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        days = span(self.value() or "", today=now().date())
        return queryset.none() if days is None else within(queryset, *days)


class Typed(TextFilter):  # type: ignore[misc]
    """What is typed; what cannot be understood finds nothing, and says what could be."""

    understands = ""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        text = (self.value() or "").strip()
        if not text:
            return queryset
        found = self.narrowed(request, queryset, text)
        if found is None:
            messages.warning(request, f"{self.title.capitalize()}: {self.understands}")
            return queryset.none()
        return found

    def narrowed(self, request: HttpRequest, queryset: Any, text: str) -> Any:
        """The rows that are meant; None for what is not understood."""
        raise NotImplementedError


class Merchant(Typed):
    title, parameter_name = "merchant (mer_…)", "merchant"
    understands = "write the whole id, mer_…"

    def narrowed(self, request: HttpRequest, queryset: Any, text: str) -> Any:
        try:
            return queryset.filter(merchant_id=decode("mer", text))
        except InvalidId:
            return None


class Currency(Typed):
    title, parameter_name = "currency (EUR)", "currency"
    understands = "write its three letters, such as EUR"

    def narrowed(self, request: HttpRequest, queryset: Any, text: str) -> Any:
        code = text.upper()
        return queryset.filter(currency=code) if code in EXPONENTS else None


class AmountRange(Typed):
    """ "24.95 EUR", or "20 to 50 EUR"."""

    title, parameter_name = "amount (20 to 50 EUR)", "amount"
    understands = "write it with its currency, such as 24.95 EUR, or 20 to 50 EUR"

    def narrowed(self, request: HttpRequest, queryset: Any, text: str) -> Any:
        if (meant := amounts_in(text)) is None:
            return None
        least, most, currency = meant
        if not request.GET.get("day"):
            first = now().date() - timedelta(days=AMOUNTS_OF_DAYS - 1)
            queryset = within(queryset, first, now().date())
            messages.info(
                request,
                f"Amounts of the last {AMOUNTS_OF_DAYS} days: choose a day to look further back.",
            )
        return queryset.filter(currency=currency, amount__gte=least, amount__lte=most)


_ONE = r"([0-9]+(?:[.,][0-9]+)*)"
_AMOUNTS = re.compile(rf"{_ONE}(?:\s*(?:to|-|–|\.\.)\s*{_ONE})?\s*([A-Za-z]{{3}})")


def amounts_in(text: str) -> tuple[int, int, str] | None:
    """The least, the most (minor units) and the currency that are meant; None for what is not understood."""
    found = _AMOUNTS.fullmatch(text.strip())
    currency = found[3].upper() if found else ""
    if found is None or currency not in EXPONENTS:
        return None
    try:
        least = in_minor(found[1], currency)
        return least, in_minor(found[2], currency) if found[2] else least, currency
    except NotAnAmount:
        return None


def span(text: str, *, today: date) -> tuple[date, date] | None:
    """The first and the last day that are meant; None for what is not understood."""
    match text:
        case "today":
            return today, today
        case "7" | "30":
            return today - timedelta(days=int(text) - 1), today
    first, _, last = text.partition("..")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        return None
    return days if all(EARLIEST <= day <= LATEST for day in days) else None


def within(queryset: QuerySet[Any], first: date, last: date) -> QuerySet[Any]:
    """Rows made from the first day on to the end of the last (UTC); ids are by time, so that their index finds them."""
    since, until = _midnight(first), _midnight(last) + timedelta(days=1)
    column = "created_at" if hasattr(queryset.model, "created_at") else "started_at"
    found = queryset.filter(**{f"{column}__gte": since, f"{column}__lt": until})
    if getattr(settings, "CLOCK_SHIFT_FILE", ""):
        return found  # On a stage ids are made by the clock on the wall, and rows by ours.
    slack = timedelta(hours=1)  # Between an id and its row's own time lies less.
    return found.filter(id__gte=_first_id(since - slack), id__lt=_first_id(until + slack))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _first_id(moment: datetime) -> UUID:
    """Below every UUIDv7 that is made from then on."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
