"""What people come to the back office for, from beginning to end, in a browser: every walk ends in the books."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from disputes.models import Dispute
from disputes.polling import poll
from kernel.clock import now
from kernel.ids import decode
from merchants.onboard import onboard
from paygate.approvals.models import Request
from paygate.payments.models import Attempt, Payment, Refund
from tests.conftest import Api
from tests.proof.holds import holds

PDF = b"%PDF-1.7\n%a letter\n%%EOF\n"


@pytest.fixture(scope="module")
def api(site):
    return Api(onboard("Kiosk am Park").secret_key)


def paid(api: Api, amount: int = 2495, **more: Any) -> dict[str, Any]:
    body = {"amount": amount, "currency": "EUR", "psp": "stripe", "user_id": "customer-7"}
    payment: dict[str, Any] = api.pay(**(body | more)).json()
    assert payment["status"] == "captured", payment
    return payment


def row(payment: dict[str, Any]) -> Payment:
    found: Payment = Payment.objects.get(id=decode("pay", payment["id"]))
    return found


def refund(page: Any, amount: str, why: str) -> None:
    """Fill the refund's dialog in and send it."""
    page.get_by_role("button", name="Refund", exact=True).first.click()
    dialog = page.get_by_role("dialog", name="Refund")
    dialog.get_by_label("Amount").fill(amount)
    dialog.get_by_label("Why").fill(why)
    dialog.get_by_role("button", name="Refund", exact=True).click()


def test_a_payment_is_found_by_the_psps_reference_and_most_of_it_given_back(log_in, api, books_of):
    payment = paid(api)
    sam = log_in("sam", "support")
    page = sam.open("/admin/")
    page.keyboard.press("Control+k")
    palette = page.locator("#search-input-command")
    palette.press_sequentially(payment["psp_reference"], delay=5)
    page.wait_for_selector("#command-results-list li a[href*='/payments/payment/']")
    palette.press("ArrowDown")
    palette.press("Enter")
    page.wait_for_url(f"**/payments/payment/{row(payment).id}/change/")

    page.get_by_role("button", name="Refund", exact=True).first.click()
    dialog = page.get_by_role("dialog", name="Refund")
    dialog.get_by_label("Amount").fill("22.40")
    dialog.get_by_label("Amount").press("Tab")
    page.wait_for_function("() => document.querySelector('#preview').innerText.includes('22.40')")
    sam.shot("walk-refund-dialog")
    assert sam.axe() == []
    dialog.get_by_label("Why").fill("The second book was damaged.")
    dialog.get_by_role("button", name="Refund", exact=True).click()
    sam.settled()

    assert row(payment).amount_refunded == 2240
    given = Refund.objects.get(payment_id=row(payment).id)
    assert (given.amount, given.source) == (2240, "back_office")
    assert ("refunded", 2240) in books_of("stripe", payment["id"])
    assert "22.40 EUR" in page.content()
    sam.is_sound("walk-refunded")
    holds()


def test_above_the_limit_a_second_person_has_to_approve(log_in, api):
    payment = paid(api, 240_00)
    sam = log_in("sam", "support")
    page = sam.open(f"/admin/payments/payment/{row(payment).id}/change/")
    refund(page, "140.00", "The parcel came back.")
    sam.settled()
    assert row(payment).amount_refunded == 0
    request = Request.objects.get(subject=payment["id"])
    assert request.state == "pending"
    sam.shot("walk-asked")

    # Whoever asked does not decide.
    own = sam.open(f"/admin/approvals/request/{request.id}/change/")
    assert own.get_by_role("button", name="Approve").count() == 0
    assert sam.axe() == []

    lena = log_in("lena", "support lead")
    page = lena.open("/admin/approvals/request/")
    page.locator(f"a[href*='{request.id}']").first.click()
    lena.settled()
    lena.is_sound("walk-request")
    page.locator("textarea").first.fill("I saw the parcel.")
    page.get_by_role("button", name="Approve").click()
    lena.settled()

    assert Request.objects.get(id=request.id).state == "done"
    assert row(payment).amount_refunded == 140_00
    lena.shot("walk-approved")
    holds()


def test_a_dispute_is_answered_with_a_file_and_won(log_in, api, simulators, tmp_path):
    payment = paid(api, 1000)
    simulators["stripe"].act("dispute", payment=payment["id"])
    poll("stripe", at=now())
    dispute = Dispute.objects.get(payment_id=row(payment).id)
    receipt = tmp_path / "receipt.pdf"
    receipt.write_bytes(PDF)

    sam = log_in("sam", "support")
    page = sam.open("/admin/disputes/dispute/")
    page.locator(f"a[href*='{dispute.id}']").first.click()
    sam.settled()
    sam.is_sound("walk-dispute")
    page.locator("input[type=file][name*=receipt]").set_input_files(receipt)
    text = page.locator("textarea[name=text_explanation]")
    if not text.is_visible():
        page.get_by_text("More kinds of evidence").click()
    text.fill("The customer has it; winning_evidence.")
    page.get_by_label("Reason for this change").fill("The courier's receipt.")
    page.get_by_role("button", name="Save and review").click()
    sam.settled()
    sam.is_sound("walk-dispute-submit")
    page.locator("textarea").first.fill("All that we have.")
    page.get_by_role("button", name="Submit for good").click()
    sam.settled()
    assert Dispute.objects.get(id=dispute.id).status == "under_review"

    case = dispute.cases.get().psp_reference
    simulators["stripe"].act("decide", dispute=case, outcome="won")
    poll("stripe", at=now())
    sam.open(f"/admin/disputes/dispute/{dispute.id}/change/")
    sam.shot("walk-dispute-won")
    assert Dispute.objects.get(id=dispute.id).status == "won"
    assert "won" in page.content().lower()
    holds()


def unknown(api: Api, simulator: Any, fault: str) -> Attempt:
    """An attempt of which nobody knows what became, for some minutes."""
    simulator.faults(next=[fault], hang_seconds=1)
    payment = api.pay(psp="adyen", amount=1500, currency="EUR").json()["id"]
    simulator.faults()
    attempt: Attempt = Attempt.objects.get(payment_id=decode("pay", payment))
    assert attempt.outcome == "unknown"
    since = now() - timedelta(minutes=30)
    Attempt.objects.filter(merchant_id=attempt.merchant_id, id=attempt.id).update(
        started_at=since, taken_at=since
    )
    return attempt


def test_an_unknown_is_settled_by_asking_the_psp(log_in, api, simulators):
    attempt = unknown(api, simulators["adyen"], "timeout_after")
    sam = log_in("sam", "support")
    page = sam.open("/admin/payments/unresolved/")
    sam.shot("walk-unresolved")
    page.locator(f"a[href*='{attempt.id}']").first.click()
    sam.settled()
    assert sam.axe() == []
    page.locator("form:has(button[value=look_up]) textarea").fill("The customer telephones.")
    page.get_by_role("button", name="Look up at the PSP now").click()
    sam.settled()

    settled = Attempt.objects.get(id=attempt.id)
    assert settled.outcome == "approved"
    assert Payment.objects.get(id=attempt.payment_id).amount_captured == 1500
    holds()


def test_an_unknown_is_decided_by_two_people_with_a_document(log_in, api, simulators, tmp_path):
    attempt = unknown(api, simulators["adyen"], "timeout_before")
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(PDF)
    lena = log_in("lena", "support lead")
    page = lena.open(f"/admin/payments/unresolved/{attempt.id}/change/")
    lena.is_sound("walk-unknown")
    form = page.locator("form:has(button[value=verdict])")
    form.locator("input[type=radio]").last.check()
    form.locator("input[type=file]").set_input_files(letter)
    form.locator("textarea").fill("Adyen's support wrote that it never arrived.")
    form.get_by_role("button", name="Ask a second person").click()
    lena.settled()
    lena.shot("walk-unknown-asked")
    request = Request.objects.get(subject=attempt.public_id)
    # What came of it is said, and once.
    assert page.get_by_text(f"{request.public_id} waits for a second person").count() == 1
    assert Attempt.objects.get(id=attempt.id).outcome == "unknown"

    grace = log_in("grace", "finance lead")
    page = grace.open(f"/admin/approvals/request/{request.id}/change/")
    assert "letter.pdf" in page.content()
    page.locator("textarea").first.fill("It says so.")
    page.get_by_role("button", name="Approve").click()
    grace.settled()
    assert Request.objects.get(id=request.id).state == "done"
    assert Attempt.objects.get(id=attempt.id).outcome == "not_sent"
    holds()


def test_a_refund_is_given_with_the_keyboard_alone(log_in, api):
    payment = paid(api)
    sam = log_in("sam", "support")
    page = sam.open("/admin/")
    page.keyboard.press("Control+k")
    page.wait_for_function("() => document.activeElement.id === 'search-input-command'")
    page.keyboard.type(payment["id"], delay=2)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/payments/payment/{row(payment).id}/change/")
    sam.settled()

    # Along the page by Tab until the button has the focus.
    for _ in range(120):
        page.keyboard.press("Tab")
        if (
            page.evaluate("() => document.activeElement.getAttribute('popovertarget')")
            == "deed-refund"
        ):
            break
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Refund")
    dialog.wait_for(state="visible")
    for field, text in (("amount", "5.00"), ("because", "Late delivery.")):
        for _ in range(12):
            if page.evaluate("() => document.activeElement.name") == field:
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Control+a")
        page.keyboard.type(text)
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.type") == "submit":
            break
    with page.expect_navigation():
        page.keyboard.press("Enter")
    sam.settled()
    assert row(payment).amount_refunded == 500


def test_the_proof_is_run_on_demand_and_read(log_in, api):
    paid(api)
    grace = log_in("grace", "finance lead")
    page = grace.open("/admin/proof/run/")
    page.get_by_role("link", name="Prove now").or_(
        page.get_by_role("button", name="Prove now")
    ).first.click()
    page.locator("textarea[name=reason]").fill("Before the month is closed.")
    page.locator("form:has(textarea[name=reason]) button[type=submit]").click()
    page.wait_for_url("**/admin/proof/run/")
    grace.settled()
    page.locator("#result_list tbody a").first.click()
    page.wait_for_url("**/change/")
    grace.settled()
    assert "The books agree" in page.content()
    grace.is_sound("walk-proof")
