"""How the pages of this room name rows, and lay things out in tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html

from kernel.ids import encode
from ledger.chart import HOUSE
from paygate.reconciliation.models import Statement


def address_of(row: Any) -> str:
    """The page of a row."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def link(row: Any, text: str) -> str:
    """A link to the page of a row."""
    return format_html('<a class="text-link" href="{}">{}</a>', address_of(row), text)


def whose(merchant_id: UUID) -> str:
    """A merchant, as a link to their page; or that it is nobody's."""
    if merchant_id == HOUSE:
        return "nobody's"
    page = reverse("admin:merchants_merchant_change", args=[merchant_id])
    return format_html('<a class="text-link" href="{}">{}</a>', page, encode("mer", merchant_id))


def payment(payment_id: UUID | None) -> str:
    """A payment, as a link to its page."""
    if payment_id is None:
        return ""
    page = reverse("admin:payments_payment_change", args=[payment_id])
    return format_html('<a class="text-link" href="{}">{}</a>', page, encode("pay", payment_id))


def row_of(statement_id: UUID | None, row: int | None) -> str:
    """A statement, as a link to its page, and the row in it."""
    if statement_id is None:
        return ""
    found = Statement.objects.filter(id=statement_id).first()
    if found is None:
        return ""
    where = "" if row is None else f", row {row}"
    return format_html("<span>{}{}</span>", link(found, found.name), where)


def badge(words: str, tone: str = "") -> str:
    """A state, in words and a tone: "good", "bad" or "waiting"."""
    return format_html('<span class="console-badge console-{}">{}</span>', tone or "quiet", words)


def table(headers: Iterable[str], rows: Iterable[Iterable[Any]]) -> dict[str, Any]:
    """As unfold's table takes it."""
    return {"headers": list(headers), "rows": [list(row) for row in rows]}


def age(since: datetime, now: datetime) -> str:
    """How long ago, as people say it: "3 days", "5 hours"."""
    seconds = max(0, int((now - since).total_seconds()))
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {word}{'s' if count > 1 else ''}"
    return "just now"
