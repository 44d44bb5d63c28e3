"""The dashboard as a browser draws it: charts in light and in dark, and what is asked for by the form."""

from __future__ import annotations

from kernel.clock import now
from ledger.chart import HOUSE
from merchants.onboard import onboard
from tests.browser.screen import DESK, PHONE
from tests.console.generated import traffic

#: How many charts have something on them.
_DRAWN = """() => [...document.querySelectorAll("canvas[data-chart]")].filter((one) => {
    const pixels = one.getContext("2d").getImageData(0, 0, one.width, one.height).data;
    return pixels.some((value) => value !== 0);
}).length"""


def test_charts_are_drawn_by_any_size_and_theme_and_what_is_asked_for_stays_in_the_address(log_in):
    at = now()
    kiosk = onboard("Kiosk with charts").merchant
    for whose in (HOUSE, kiosk.id):
        traffic(whose, at=at, days=16)
    screen = log_in("dora", "finance")
    asked: list[str] = []
    screen.page.on("request", lambda request: asked.append(request.url))
    page = screen.open("/admin/?mode=live")
    page.wait_for_function(f"({_DRAWN})() === 5")
    screen.shot("dashboard")

    screen.wear("dark")
    page.wait_for_timeout(100)
    assert page.evaluate(_DRAWN) == 5
    page.locator("summary").first.click()
    for size in (DESK, PHONE):
        screen.resize(size)
        assert screen.overflow() == []
        assert screen.axe() == []
    screen.wear("light")
    screen.resize(DESK)

    page.get_by_role("combobox", name="Merchant").fill("kiosk with")
    page.get_by_label("From").fill(str(at.date()))
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/admin/?merchant=kiosk+with&mode=live&currency=EUR&since=*")
    assert page.get_by_role("heading", name="Kiosk with charts").is_visible()
    assert all(url.startswith((screen.site, "data:")) for url in asked)
