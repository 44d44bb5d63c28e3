"""A list as a CSV file: the rows, order and columns of the screen, as text that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from html import unescape
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Field
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.text import capfirst

AT_ONCE = 500  # Rows that are read at a time.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: A number or an amount of money, which no spreadsheet computes.
_NUMBER = re.compile(r"[+-]?[0-9][0-9,.]*( [A-Z]{3})?")


class _Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def columns(changelist: Any) -> list[str]:
    """The names of the columns on the screen, but for what is only there to be clicked on."""
    page = changelist.model_admin
    leave_out = {"action_checkbox", *getattr(page, "export_without", ())}
    return [name for name in changelist.list_display if name not in leave_out]


def lines(changelist: Any, *, most: int) -> Iterator[str]:
    """The file, a line at a time; at most so many rows."""
    writer, page = csv.writer(_Line()), changelist.model_admin
    names = columns(changelist)
    heads = [label_for_field(name, changelist.model, model_admin=page) for name in names]
    yield writer.writerow([defused(capfirst(str(head))) for head in heads])
    for row in _rows(changelist, most):
        yield writer.writerow([defused(cell(name, row, page)) for name in names])


def cell(name: str, row: Any, page: Any) -> str:
    """What stands in a column, as text: amounts with their currency, times in UTC, nothing of HTML."""
    try:
        field, attribute, value = lookup_field(name, row, page)
    except ObjectDoesNotExist:
        return ""
    if isinstance(field, Field) and field.flatchoices:
        value = dict(field.flatchoices).get(value, value)
    if getattr(attribute, "label", None) and isinstance(value, tuple):
        value = value[-1]  # How the theme is told a colour and the words in it.
    return as_text(value)


def as_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        case SafeString():
            return " ".join(unescape(strip_tags(value)).split())
        case list() | tuple():
            return ", ".join(as_text(one) for one in value)
    return str(value)


def defused(text: str) -> str:
    """Text that begins as a formula does, so that it is none: after an apostrophe."""
    if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _rows(changelist: Any, most: int) -> Iterable[Any]:
    return changelist.queryset[:most].iterator(chunk_size=AT_ONCE)  # type: ignore[no-any-return]
