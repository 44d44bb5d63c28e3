"""By what the audit log is filtered: who, what, on what kind of thing, how it ended, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest

from kernel.audit.models import Entry
from kernel.clock import now

LATELY = 2_000  # Entries of which a filter offers what occurs in them.
#: An act that takes longer has died in the middle.
LONGEST_ACT = timedelta(minutes=2)

_ENDED = Exists(Entry.objects.filter(answers=OuterRef("position")))


class _Lately(admin.SimpleListFilter):
    """What a column had lately: to ask the whole log for it would take longer with every day."""

    parameter_name: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        column = Entry.objects.order_by("-position").values_list(self.parameter_name, flat=True)
        found = {value for value in column[:LATELY] if value}
        if chosen := self.value():
            found.add(chosen)
        return [(value, value) for value in sorted(found)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.filter(**{self.parameter_name: self.value()})


class By(_Lately):
    title, parameter_name = "person", "by"


class Act(_Lately):
    title, parameter_name = "act", "act"


class Kind(_Lately):
    title, parameter_name = "kind", "kind"


class Outcome(admin.SimpleListFilter):
    """How it ended; what was asked for is shown by its end, where it has one."""

    title, parameter_name = "outcome", "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (Entry.Outcome.DONE, "done"),
            (Entry.Outcome.REFUSED, "refused"),
            (Entry.Outcome.FAILED, "failed"),
            (Entry.Outcome.SEEN, "seen"),
            ("never", "asked, and never ended"),
            ("every", "every entry"),
        ]

    def choices(self, changelist: Any) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": "each act once"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        asked = Q(outcome=Entry.Outcome.ASKED)
        match self.value():
            case None:
                return queryset.exclude(asked & Q(_ENDED))
            case "every":
                return queryset
            case "never":
                return queryset.filter(asked & ~Q(_ENDED), at__lt=now() - LONGEST_ACT)
        return queryset.filter(outcome=self.value())


class Day(admin.SimpleListFilter):
    """A span that ends now, or a day as it is typed: ?day=2026-11-25 (UTC)."""

    title, parameter_name = "day", "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        named = [("today", "today"), ("7", "the last 7 days"), ("30", "the last 30 days")]
        chosen = self.value()
        return [*named, (chosen, chosen)] if chosen and chosen not in dict(named) else named

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        begins = datetime.combine(now().date(), time(), UTC)
        match self.value():
            case None:
                return queryset
            case "today":
                return queryset.filter(at__gte=begins)
            case "7" | "30" as days:
                return queryset.filter(at__gte=begins - timedelta(days=int(days) - 1))
        try:
            day = datetime.combine(datetime.fromisoformat(self.value() or "").date(), time(), UTC)
            return queryset.filter(at__gte=day, at__lt=day + timedelta(days=1))
        except (ValueError, OverflowError):
            return queryset.none()
