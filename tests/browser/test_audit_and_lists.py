"""Rows acted on after a look at what it would do, a list kept under a name, and who did it, read in the audit log."""

from __future__ import annotations

from kernel.clock import now
from kernel.lists.models import SavedList
from merchants.models import WebhookEndpoint
from merchants.notices.register import register
from merchants.onboard import onboard
from tests.browser.conftest import person
from tests.browser.screen import DESK, PHONE

ENDPOINTS = "/admin/merchants/webhookendpoint/"


def sound(screen, name):
    """Shot on a desk and on a phone; nothing of it too wide, nor hard to read or to reach."""
    for size in (DESK, PHONE):
        screen.resize(size)
        assert screen.overflow() == []
        assert screen.axe() == []
    screen.resize(DESK)
    screen.wear("dark")
    assert screen.axe(rules=("color-contrast", "link-in-text-block")) == []
    screen.shot(name)


def test_two_endpoints_are_disabled_and_the_auditor_reads_why(log_in):
    whose = onboard("Kiosk am Park").merchant.id
    made = [
        register(
            whose,
            livemode=False,
            url=f"https://shop.example/hook/{number}",
            enabled_events=["*"],
            at=now(),
        ).endpoint
        for number in range(3)
    ]
    lena = log_in("lena", "support lead")
    page = lena.open(f"{ENDPOINTS}?q=shop.example&status__exact=enabled")

    # The list gets a name, under which it is found again.
    page.get_by_text("Save this list").click()
    sound(lena, "list-save")
    page.get_by_label("Name").fill("Hooks of shops")
    page.get_by_label("For everybody who sees this page").check()
    page.get_by_role("button", name="Save", exact=True).click()
    lena.settled()
    assert page.get_by_role("link", name="Hooks of shops").get_attribute("aria-current") == "page"
    assert SavedList.objects.get().owner == "lena"

    # Two of three are chosen; the page shows exactly these before anything is done.
    for endpoint in made[:2]:
        page.locator(f'input.action-select[value="{endpoint.id}"]').check()
    sound(lena, "list-chosen")
    page.locator('select[name="action"]').select_option("disable")
    page.get_by_role("button", name="Run").click()
    lena.settled()
    assert page.get_by_text("Disable, and tell the owner: 2 webhook endpoints").is_visible()
    assert page.get_by_text("hook/2").count() == 0
    assert not WebhookEndpoint.objects.filter(merchant_id=whose, status="disabled").exists()
    sound(lena, "bulk")
    page.get_by_label("Reason").fill("The shop moved, says its owner.")
    page.get_by_role("button", name="Disable, and tell the owner").click()
    lena.settled()
    assert page.get_by_text("2 of 2 done").is_visible()
    disabled = WebhookEndpoint.objects.filter(merchant_id=whose, status="disabled")
    assert {one.id for one in disabled} == {one.id for one in made[:2]}

    # Who, when, why, and what it was before.
    otto = log_in("otto", "auditor")
    log = otto.open("/admin/kernel/entry/?by=lena")
    assert log.get_by_text("Webhook endpoint: disable").count() == 2
    sound(otto, "audit-list")
    log.goto(f"{otto.site}/admin/kernel/entry/?q={made[0].public_id}")
    log.locator("th.field-when a").first.click()
    otto.settled()
    assert log.get_by_text("The shop moved, says its owner.").is_visible()
    assert log.get_by_role("row", name="status enabled disabled").is_visible()
    sound(otto, "audit-entry")
    otto.open(f"{ENDPOINTS}{made[0].id}/history/")
    assert log.get_by_text("status: enabled → disabled").is_visible()
    sound(otto, "history")


def test_somebody_is_taken_on_and_given_another_role(log_in):
    screen = log_in("boss", "administrator")
    page = screen.open("/admin/auth/user/add/")
    sound(screen, "person-add")
    page.get_by_label("Username").fill("toni")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_label("Password confirmation").fill("correct horse battery")
    page.get_by_label("support", exact=True).check()
    page.get_by_label("Reason").fill("Begins in December.")
    page.get_by_role("button", name="Save", exact=True).click()
    screen.settled()
    assert page.get_by_label("support", exact=True).is_checked()
    sound(screen, "person-change")
    page.get_by_label("support", exact=True).uncheck()
    page.get_by_label("risk", exact=True).check()
    page.get_by_label("Reason").fill("Moved.")
    page.get_by_role("button", name="Save", exact=True).click()
    screen.settled()
    toni = person("toni")
    assert [group.name for group in toni.groups.all()] == ["risk"]

    screen.open(f"/admin/auth/user/{toni.pk}/password/")
    sound(screen, "person-password")
    screen.open(f"/admin/auth/user/{toni.pk}/history/")
    assert page.get_by_text("roles: support → risk").is_visible()
    screen.open(f"/admin/auth/group/{toni.groups.get().pk}/change/")
    sound(screen, "role")
