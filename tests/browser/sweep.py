"""Look at every page that a role comes to: on a desk and on a phone, in light and in dark, by axe, and by a camera."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from tests.browser.conftest import Logins, person
from tests.browser.crawl import pages
from tests.browser.screen import DESK, IN_THE_DARK, ON_A_PHONE, PHONE

#: Where money is looked after; the other rooms are those of people. Each half is swept by a file, side by side.
MONEY = frozenset({"ledger", "payouts", "reconciliation", "proof", "funds", "costs", "fx"})


def sweep(log_in: Logins, role: str, seen: set[str], wanted: Callable[[str], bool]) -> None:
    """Fails with all that is wrong on the wanted pages of this role, but for those `seen` by another before."""
    name = role.replace(" ", "-")
    found = pages(person(name, role), wanted)
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
            for one in screen.axe(rules=() if size is DESK else ON_A_PHONE):
                problems[one].append(at)
        screen.resize(DESK)
        screen.wear("dark")
        for one in screen.axe(rules=IN_THE_DARK):
            problems[one].append(f"{kind} in the dark")
        screen.shot(f"page-{_file_name(kind)}")
    told = "\n".join(f"{one}\n    on {'; '.join(places)}" for one, places in problems.items())
    assert not problems, f"{len(problems)} problems\n{told}"


def _file_name(kind: str) -> str:
    name = kind.removeprefix("/admin/").strip("/").replace("/", "-").replace("*", "x")
    return name or "dashboard"
