"""The command palette in a real browser: typed, walked through by keyboard, and left by Enter."""

from __future__ import annotations

import pytest

from paygate.payments.models import Payment
from tests.browser.conftest import person
from tests.browser.town import built


@pytest.fixture(scope="module")
def payment(site):
    built()
    found = Payment.objects.exclude(psp_reference="").first()
    assert found is not None
    return found


@pytest.fixture
def page(log_in, payment):
    person("olga", "auditor")
    return log_in("olga").open("/admin/payments/refund/")


def test_a_hit_is_chosen_by_the_arrows_and_opened_by_enter(page, payment):
    page.keyboard.press("Control+k")
    palette = page.locator("#search-input-command")
    palette.press_sequentially(payment.psp_reference, delay=5)
    page.wait_for_selector("#command-results-list li a[href*='/payments/payment/']")
    palette.press("ArrowDown")
    palette.press("Enter")

    page.wait_for_url(f"**/admin/payments/payment/{payment.id}/change/")


def test_enter_without_a_chosen_hit_goes_straight_to_what_an_id_names(page, payment):
    page.keyboard.press("Control+k")
    palette = page.locator("#search-input-command")
    palette.fill(payment.public_id)
    palette.press("Enter")

    page.wait_for_url(f"**/admin/payments/payment/{payment.id}/change/")


def test_the_box_of_the_sidebar_is_a_form_like_any_other(page, payment):
    box = page.get_by_role("searchbox", name="Search for anything")
    box.fill(payment.user_id)
    box.press("Enter")

    page.wait_for_url("**/admin/search/?q=*")
    page.wait_for_selector("text=Payments")


def test_the_search_page_is_sound_with_hits_and_without(log_in, payment):
    person("olga", "auditor")
    screen = log_in("olga")
    for address in ("/admin/search/", f"/admin/search/?q={payment.user_id}"):
        screen.open(address)
        assert screen.overflow() == []
        for scheme in ("light", "dark"):
            screen.wear(scheme)
            assert screen.axe() == []
        screen.wear("light")
