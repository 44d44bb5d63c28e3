"""Lists and searches: newest first, by windows of time, in pages. Source: docs.stripe.com/api/pagination."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from simulators.stripe import params as p
from simulators.stripe.errors import InvalidRequest
from simulators.stripe.payment_intent import PaymentIntent

_CLAUSE = re.compile(r"""^(?:metadata\[["']([^"']+)["']\]|(status|currency)):["']([^"']*)["']$""")
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)


class Listed(Protocol):
    """Whatever has an id and a second in which it was made."""

    id: str
    created: int


T = TypeVar("T", bound=Listed)


def listed(
    newest_first: Iterable[T], params: p.Tree, *, url: str, show: Callable[[T], dict[str, Any]]
) -> dict[str, Any]:
    """One page of a list. `starting_after` has to be among them where it is given."""
    limit = _limit(params)
    earliest, latest = _created(params)
    after = params.get("starting_after", "")
    found: list[T] = []
    passed = not after
    for thing in newest_first:
        if thing.created < earliest or len(found) > limit:
            break
        if passed and thing.created <= latest:
            found.append(thing)
        passed = passed or thing.id == after
    return {
        "object": "list",
        "data": [show(thing) for thing in found[:limit]],
        "has_more": len(found) > limit,
        "url": url,
    }


def searched(
    newest_first: Iterable[PaymentIntent],
    params: p.Tree,
    *,
    url: str,
    visible: float,
    show: Callable[[PaymentIntent], dict[str, Any]],
) -> dict[str, Any]:
    """One page of what a query finds among those made until `visible`."""
    clauses = [_clause(clause) for clause in _AND.split(params.get("query", "").strip())]
    found = [
        intent
        for intent in newest_first
        if intent.created <= visible and all(clause(intent) for clause in clauses)
    ]
    limit = _limit(params)
    start = int(params.get("page") or 0)
    more = len(found) > start + limit
    return {
        "object": "search_result",
        "data": [show(intent) for intent in found[start : start + limit]],
        "has_more": more,
        "next_page": str(start + limit) if more else None,
        "url": url,
    }


def _limit(params: p.Tree) -> int:
    limit = p.integer(params, "limit") if "limit" in params else 10
    if not 1 <= limit <= 100:
        raise InvalidRequest("limit is between 1 and 100", param="limit")
    return limit


def _created(params: p.Tree) -> tuple[float, float]:
    """The earliest and the latest second asked for."""
    created = params.get("created", {})
    if isinstance(created, str):
        return float(created), float(created)
    bounds = {name: p.integer(created, name) for name in created}
    earliest = max(bounds.get("gte", 0), bounds.get("gt", -1) + 1)
    latest = min(bounds.get("lte", float("inf")), bounds.get("lt", float("inf")) - 1)
    return earliest, latest


def _clause(text: str) -> Callable[[PaymentIntent], bool]:
    """A predicate for one part of a search query, field:'value'."""
    found = _CLAUSE.match(text)
    if found is None:
        raise InvalidRequest(f"Search query not understood: {text}", param="query")
    name, attribute, value = found.groups()
    if name is not None:
        return lambda intent: intent.metadata.get(name) == value
    return lambda intent: bool(getattr(intent, attribute) == value)
