"""One person's browser window: what went wrong in it is noted, and it is looked at by axe and by a camera."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
SHOTS = Path(__file__).resolve().parent.parent.parent / ".screenshots"
AXE = AXE_FILE_PATH.read_text()
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
#: What may differ from a page that was looked at as a whole.
ON_A_PHONE = ("target-size", "scrollable-region-focusable", "label", "link-name", "button-name")
IN_THE_DARK = ("color-contrast", "link-in-text-block")

#: What is somebody else's and cannot be put right from here: axe's rule, the elements, and why it stays.
NOT_OURS: tuple[tuple[str, str, str], ...] = (
    (
        "target-size",
        'id="clocklink',
        "The theme's bar of buttons sticks to the window's end and may lie over it, until it is scrolled clear.",
    ),
)

_OVERFLOW = """() => {
    const wide = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= wide) return [];
    const scrolls = (one) => {
        for (let up = one.parentElement; up && up !== document.body; up = up.parentElement)
            if (getComputedStyle(up).overflowX !== "visible") return true;
        return false;
    };
    return [...document.body.querySelectorAll("*")]
        .filter((one) => one.getBoundingClientRect().right > wide + 1 && !scrolls(one))
        .slice(0, 5)
        .map((one) => one.outerHTML.slice(0, 160));
}"""


class Screen:
    """A window of somebody who is logged in. `expects` are parts of faults that the test means to see."""

    def __init__(self, context: BrowserContext, site: str) -> None:
        self.context = context
        self.site = site
        self.faults: list[str] = []
        self.expects: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(30_000)  # A busy machine is no fault.
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("response", self._answered)

    def open(self, path: str) -> Page:
        """Go to a page of the site, and wait until its scripts have drawn it."""
        self.page.goto(f"{self.site}{path}", wait_until="load")
        return self.settled()

    def settled(self) -> Page:
        """The page once its fonts are there and Alpine has taken the cloak off."""
        self.page.wait_for_function(
            "() => document.fonts.status === 'loaded' && !document.querySelector('html[x-cloak]')"
        )
        return self.page

    def resize(self, size: dict[str, int]) -> None:
        self.page.set_viewport_size(size)  # type: ignore[arg-type]

    def wear(self, scheme: str) -> None:
        """Light or dark, as the switch of the theme does it."""
        self.page.evaluate("(name) => document.documentElement.className = name", scheme)

    def shot(self, name: str) -> None:
        """Take the page, into .screenshots/: on a desk, light and dark, and on a phone."""
        SHOTS.mkdir(exist_ok=True)
        before = self.page.viewport_size
        for size, scheme in ((DESK, "dark"), (DESK, "light"), (PHONE, "light")):
            self.resize(size)
            self.wear(scheme)
            self.page.screenshot(
                path=SHOTS / f"{name}-{size['width']}-{scheme}.png",
                full_page=True,
                animations="disabled",
            )
        if before:
            self.page.set_viewport_size(before)

    def overflow(self) -> list[str]:
        """What makes the page scroll sideways."""
        found: list[str] = self.page.evaluate(_OVERFLOW)
        return found

    def axe(self, *, rules: tuple[str, ...] = ()) -> list[str]:
        """What breaks WCAG A or AA on the page, each with its element and the reason, less what is NOT_OURS.

        `rules`: those of axe's alone.
        """
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE)
        only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": WCAG}
        found: dict[str, Any] = self.page.evaluate(
            "(options) => axe.run(document, options)",
            {"runOnly": only, "resultTypes": ["violations"]},
        )
        return [
            f"{rule['id']} ({rule['impact']}): {' '.join(node['target'])}\n    {node['html'][:200]}\n    "
            + node.get("failureSummary", "").replace("\n", " ")
            for rule in found["violations"]
            for node in rule["nodes"]
            if not any(
                rule["id"] == known and part in node["html"] + str(node["target"])
                for known, part, _ in NOT_OURS
            )
        ]

    def is_sound(self, name: str) -> None:
        """Take the page; fail where something of it is too wide, or hard to read or to reach, on a desk or a phone."""
        for size in (DESK, PHONE):
            self.resize(size)
            rules = () if size is DESK else ON_A_PHONE
            problems = [*self.overflow(), *self.axe(rules=rules)]
            assert not problems, f"{name} at {size['width']}\n" + "\n".join(problems)
        self.resize(DESK)
        self.wear("dark")
        problems = self.axe(rules=IN_THE_DARK)
        assert not problems, f"{name} in the dark\n" + "\n".join(problems)
        self.shot(name)

    def unexpected(self) -> list[str]:
        return [fault for fault in self.faults if not any(part in fault for part in self.expects)]

    def _said(self, message: ConsoleMessage) -> None:
        # What was not loaded is noted by its answer, which says more.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console: {message.text} ({self.page.url})")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"{response.status}: {response.request.method} {response.url}")
