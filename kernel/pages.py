"""Lists, a page at a time: newest first, and stable while rows are inserted.

Our ids are UUIDv7 and sort by time; so a page is "older than this id" or "newer than this id", never
"skip so many", and an index on the id answers it at any depth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework.request import Request

from kernel.ids import InvalidId, decode
from kernel.problems import bad

MOST, USUAL = 100, 20
PAGING = frozenset({"limit", "starting_after", "ending_before"})  # The query parameters read here.

M = TypeVar("M", bound=Model)
R = TypeVar("R")


def page(
    queryset: QuerySet[M],
    request: Request,
    *,
    prefix: str,
    render_many: Callable[[list[M]], list[dict[str, Any]]],
) -> dict[str, Any]:
    """The page that the query parameters limit, starting_after and ending_before ask for.

    `queryset` is already that of one merchant and mode; `prefix` is that of the ids ("pay");
    `render_many` gets the page's rows at once, so that it can fetch what belongs to them at once.
    Raises Problem 400, with `param`, for a limit or cursor that cannot be understood. A cursor need
    not exist (any more): it is a place in time, and tells nothing of other merchants' objects.
    """

    def rows(*, after: UUID | None, before: UUID | None, limit: int) -> list[M]:
        if before:
            return list(queryset.filter(id__gt=before).order_by("id")[:limit])
        older = queryset.filter(id__lt=after) if after else queryset
        return list(older.order_by("-id")[:limit])

    return page_of(rows, request, prefix=prefix, render_many=render_many)


def page_of(
    rows: Callable[..., list[R]],
    request: Request,
    *,
    prefix: str,
    render_many: Callable[[list[R]], list[dict[str, Any]]],
) -> dict[str, Any]:
    """As `page`, of what is no queryset.

    `rows(after=, before=, limit=)` gives at most `limit` rows: those older than the id `after`, newest first; or
    those newer than the id `before`, oldest first; or, where both are None, the newest.
    """
    limit = _limit(request)
    after = _cursor(request, "starting_after", prefix)
    before = _cursor(request, "ending_before", prefix)
    if after and before:
        raise bad(
            "ending_before", "invalid_value", "Give starting_after or ending_before, not both."
        )
    found = rows(after=after, before=before, limit=limit + 1)
    shown = found[:limit][::-1] if before else found[:limit]
    return {
        "object": "list",
        "data": render_many(shown),
        "has_more": len(found) > limit,
        "url": request.path,
    }


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(USUAL))
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST):
        raise bad("limit", "invalid_value", f"limit is an integer from 1 to {MOST}.")
    return int(text)


def _cursor(request: Request, name: str, prefix: str) -> UUID | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return decode(prefix, text)
    except InvalidId:
        raise bad(name, "invalid_value", f"{name} is an id like {prefix}_…") from None
