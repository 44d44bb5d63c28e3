"""A selection of the books as a file: a table for a spreadsheet, or beancount. The audit log knows who took which."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from kernel.audit.models import Entry as Logged
from kernel.audit.record import write_down
from kernel.ids import encode
from kernel.lists.export import defused
from kernel.private import PRIVATE
from ledger.beancount import selection
from ledger.finding import AskedTooMuch, Wanted, transactions, with_entries

FORMATS = {"csv": "text/csv; charset=utf-8", "beancount": "text/plain; charset=utf-8"}
CHUNK = 1_000  # Transactions that are read at once.
COLUMNS = (
    *("transaction", "posted_at", "effective_at", "mode", "merchant", "kind", "source", "memo"),
    *("line", "account", "debit", "credit", "currency"),
)


def taken_along(request: HttpRequest, form: Any, format_: str) -> HttpResponseBase:
    """The file, newest first, up to BACK_OFFICE_EXPORT_MOST transactions; its first part is asked for beforehand."""
    wanted = form.wanted
    asked = {name: str(value) for name, value in request.POST.items() if name in form.fields}
    try:
        first = transactions(wanted, limit=CHUNK)
    except AskedTooMuch:  # The page says it.
        page = reverse("admin:ledger_ledgertransaction_changelist")
        return redirect(f"{page}?{request.GET.urlencode()}")
    write_down(
        request,
        "books.take_along",
        Logged.Outcome.DONE,
        kind="ledgertransaction",
        subject=form.cleaned_data["q"],
        merchant_id=wanted.merchant,
        details={"format": format_, "asked": {name: v for name, v in asked.items() if v}},
    )
    most = settings.BACK_OFFICE_EXPORT_MOST
    found = islice(_all(wanted, first), most)
    lines = table(COLUMNS, _entries(found)) if format_ == "csv" else selection(found)
    name = f"books-{datetime.now(UTC):%Y%m%d-%H%M%S}.{format_}"
    return StreamingHttpResponse(
        lines,
        content_type=FORMATS[format_],
        headers={**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'},
    )


def _all(wanted: Wanted, first: list[Any]) -> Iterator[tuple[Any, list[Any]]]:
    """Each transaction with its entries, some at a time."""
    some = first
    while some:
        yield from with_entries(some)
        if len(some) < CHUNK:
            return
        some = transactions(wanted, before=some[-1].id, limit=CHUNK)


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """A CSV file, a line at a time."""
    written = csv.writer(_Line())
    yield written.writerow(columns)
    for row in rows:
        yield written.writerow(row)


class _Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _entries(found: Iterator[tuple[Any, list[Any]]]) -> Iterator[tuple[Any, ...]]:
    for one, entries in found:
        of_all = (
            encode("txn", one.id),
            f"{one.posted_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            f"{one.effective_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "live" if one.livemode else "test",
            encode("mer", one.merchant_id),
            *(defused(text) for text in (one.kind, one.source, one.memo)),
        )
        for entry in entries:
            amount = entry.money.major
            sides = (amount, "") if entry.type == "DEBIT" else ("", amount)
            yield (*of_all, entry.line, entry.code, *sides, entry.currency)
