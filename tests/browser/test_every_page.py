"""Every page of the back office, as each role comes to it, on a desk and on a phone, in light and in dark."""

from __future__ import annotations

from collections import defaultdict

import pytest

from paygate.staff.roles import ROLES
from tests.browser.conftest import person
from tests.browser.crawl import pages
from tests.browser.screen import DESK, PHONE
from tests.browser.town import built


@pytest.fixture(scope="module")
def town(site):
    return built()


@pytest.fixture(scope="module")
def seen():
    """The kinds of pages that were looked at as somebody else sees them already."""
    return set()


@pytest.mark.parametrize("role", ["finance lead", *sorted(set(ROLES) - {"finance lead"})])
def test_every_page_is_sound_on_a_desk_and_on_a_phone(log_in, town, seen, role):
    name = role.replace(" ", "-")
    found = pages(person(name, role))
    screen = log_in(name)
    problems: dict[str, list[str]] = defaultdict(list)
    for kind in sorted(found.keys() - seen):
        seen.add(kind)
        screen.open(found[kind])
        for size in (DESK, PHONE):
            screen.resize(size)
            at = f"{kind} at {size['width']}"
            for one in screen.overflow():
                problems[f"scrolls sideways: {one}"].append(at)
            for one in screen.axe():
                problems[one].append(at)
        screen.resize(DESK)
        screen.wear("dark")
        for one in screen.axe(rules=("color-contrast", "link-in-text-block")):
            problems[one].append(f"{kind} in the dark")
        screen.shot(
            f"page-{kind.removeprefix('/admin/').strip('/').replace('/', '-').replace('*', 'x')}"
        )
    told = "\n".join(f"{one}\n    on {'; '.join(places)}" for one, places in problems.items())
    assert not problems, f"{len(problems)} problems\n{told}"
