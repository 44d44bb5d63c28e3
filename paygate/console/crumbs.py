"""Where somebody is: the list by its name in the sidebar, the row, and what is done to it.

The theme would begin with the name of the Django app, which is nobody's word for anything: "Kernel", "Fx", "Approvals".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst


@dataclass(frozen=True, slots=True)
class Crumb:
    title: str
    link: str = ""


def crumbs(context: Mapping[str, Any], path: str) -> list[Crumb]:
    """Of the page at this path, by its template's context; the last is the page itself."""
    title = str(context.get("title") or context.get("content_title") or "")
    opts = context.get("opts")
    if opts is None:
        return [Crumb(title)]
    rows = _address(opts, "changelist")
    listed = Crumb(_in_sidebar(context, rows, path) or capfirst(opts.verbose_name_plural), rows)
    if path == rows:
        return [listed]
    row = context.get("original") or context.get("object")
    if not isinstance(row, Model):
        return [listed, Crumb(title)]
    own = _address(row._meta, "change", row.pk)
    if path == own:
        return [listed, Crumb(str(context.get("subtitle") or title))]
    return [listed, Crumb(str(getattr(row, "public_id", row)), own), Crumb(title)]


def _in_sidebar(context: Mapping[str, Any], rows: str, path: str) -> str:
    """What the sidebar calls the list, "" if it is not there; narrowed as a queue narrows it, it is called the queue.

    A queue that narrows nothing shares its address with the whole list, however that is narrowed: the page comes last.
    """
    items = [
        item for section in context.get("sidebar_navigation") or () for item in section["items"]
    ]
    queue = [item for item in items if item.get("active") and "?" in item["link"] and path == rows]
    whole = [item for item in items if item["link"] == rows]
    return next((str(item["title"]) for item in [*queue, *reversed(whole)]), "")


def _address(opts: Any, what: str, *args: Any) -> str:
    """ "" for rows that have no pages."""
    try:
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_{what}", args=args)
    except NoReverseMatch:
        return ""
