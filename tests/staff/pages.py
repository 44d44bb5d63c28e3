"""All addresses of the back office, read off the URL patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.urls import get_resolver

#: What stands in an address for each kind of converter; none of them names anything that is there.
FILLED = {
    "uuid": "00000000-0000-7000-8000-000000000000",
    "int": "1",
    "path": "00000000-0000-7000-8000-000000000000",
    "str": "x",
    "slug": "x",
}


def addresses() -> list[str]:
    """Each below /admin/, filled in with what is not there."""
    found = {
        _filled(route)
        for route in _routes(get_resolver().url_patterns)
        if route.startswith("admin")
    }
    assert len(found) > 100, "the patterns were not found"
    return sorted(f"/{one}" for one in found)


def _routes(patterns: list[Any], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route


def _filled(route: str) -> str:
    route = re.sub(
        r"<(?:(\w+):)?\w+>", lambda found: FILLED.get(found[1] or "str", FILLED["path"]), route
    )
    # Regular expressions: the list of apps, and the page for whatever else there is.
    route = re.sub(r"\(\?P<app_label>([\w|]+)\)", lambda found: found[1].split("|")[0], route)
    route = re.sub(r"\(\?P<\w+>\.\*\)", "no/such/page", route)
    return re.sub(r"[\^$\\]|/\?", lambda found: "/" if found[0] == "/?" else "", route)
