"""Finance's days in a browser: a batch that two people stand for, breaks of one kind decided together, the books."""

from __future__ import annotations

import pytest
from django.db.transaction import atomic

from kernel.audit.models import Entry
from kernel.clock import now
from kernel.ids import encode, uuid7
from kernel.money import Money
from ledger.models import LedgerTransaction
from merchants.onboard import onboard
from paygate.reconciliation.models import Break
from payouts.create import Wanted, create
from payouts.models import Batch, Payout
from tests.payouts.conftest import earn, settle_in
from tests.payouts.test_batch import DAY
from tests.reconciliation.breaks_of import a_break


@pytest.fixture
def drafts(site):
    """Two merchants with something to be paid."""
    shops = [onboard(name).merchant.id for name in ("Bakery", "Florist")]
    for number, whose in enumerate(shops):
        earn(whose, Money(250_00 + number * 13_37, "EUR"))
        settle_in(whose, holder=f"Shop {number} GmbH")
        with atomic():
            create(whose, Wanted("EUR", None), id_=uuid7(), livemode=False, at=now())
    return shops


def test_a_batch_is_built_looked_at_and_let_go_by_another(log_in, drafts):
    ada = log_in("ada", "finance")
    page = ada.open("/admin/payouts/batch/")
    page.goto(f"{ada.site}/admin/payouts/batch/add/")
    page.get_by_label("Value date").fill(str(DAY))
    page.get_by_label("Value date").press("Escape")
    page.locator("textarea[name=because]").fill("The noon run.")
    ada.is_sound("finance-build")
    page.locator("[name=_save]").first.click()
    page.wait_for_url("**/preview")
    ada.settled()
    batch = Batch.objects.latest("id")
    assert "513.37 EUR" in page.content()
    assert "Nothing was ever paid to the destination before" in page.content()
    ada.is_sound("finance-preview")
    page.get_by_role("button", name="Submit for approval").click()
    ada.settled()
    assert page.get_by_role("button", name="Approve").count() == 0

    grace = log_in("grace", "finance lead")
    page = grace.open("/admin/payouts/batch/")
    page.get_by_role("link", name=batch.public_id).click()
    grace.settled()
    page.get_by_role("button", name="Approve").click()
    grace.settled()
    assert "Say why" in page.content()  # Without a reason nothing is done.
    page.locator("textarea[name=reason]").fill("Counted.")
    page.get_by_role("button", name="Approve").click()
    grace.settled()
    grace.is_sound("finance-approved")

    assert Batch.objects.get(id=batch.id).state == "approved"
    assert set(Payout.objects.filter(batch=batch).values_list("state", flat=True)) == {"approved"}
    assert Entry.objects.filter(act="batch.approve", by="grace", outcome="done").exists()


def test_breaks_of_one_kind_are_proposed_together_and_approved_by_another(log_in, site):
    whose = onboard("Tailor").merchant.id
    like_this = [a_break(whose, gross=Money(50_00, "EUR")) for _ in range(3)]
    ada = log_in("ada", "finance")
    page = ada.open(f"/admin/reconciliation/break/?q={encode('mer', whose)}")
    ada.is_sound("finance-breaks")
    page.get_by_role("link", name=like_this[0].public_id).click()
    ada.settled()
    page.locator("textarea[name=reason]").fill("Stripe's letter of the 20th.")
    page.get_by_role("button", name="Propose the draft for all 3 like this").click()
    ada.settled()

    grace = log_in("grace", "finance lead")
    page = grace.open(f"/admin/reconciliation/break/{like_this[1].id}/change/")
    grace.is_sound("finance-break")
    page.locator("textarea[name=reason]").fill("I read the letter.")
    page.get_by_role("button", name="Approve all 3 like this").click()
    grace.settled()
    closed = Break.objects.filter(id__in=[one.id for one in like_this])
    assert set(closed.values_list("state", flat=True)) == {"resolved"}


def test_the_books_are_searched_read_and_taken_along(log_in, drafts):
    posted = LedgerTransaction.objects.filter(merchant_id=drafts[0], kind="payout.created").get()
    ada = log_in("ada", "finance")
    page = ada.open("/admin/ledger/ledgertransaction/")
    page.get_by_label("Merchant").fill(encode("mer", drafts[0]))
    page.get_by_label("Kind").fill("payout.created")
    page.get_by_role("button", name="Search").click()
    ada.settled()
    ada.is_sound("finance-journal")
    with page.expect_download() as taken:
        page.get_by_role("button", name="All of it as CSV").click()
    assert encode("txn", posted.id) in taken.value.path().read_text()

    page.get_by_role("link", name="payout.created").click()
    ada.settled()
    assert "Dr  liabilities:merchant:available" in page.content()
    ada.is_sound("finance-transaction")
    page.get_by_role("link", name="liabilities:merchant:available").click()
    ada.settled()
    ada.is_sound("finance-account")


def test_a_merchants_money_is_read_as_of_a_moment_and_a_month_is_saved(log_in, drafts):
    ada = log_in("ada", "finance")
    page = ada.open(f"/admin/merchants/merchant/{drafts[0]}/change/")
    page.get_by_role("link", name="Balances and statements").click()
    ada.settled()
    assert "250.00 EUR" in page.content()
    ada.is_sound("finance-money")
    with page.expect_download() as saved:
        page.get_by_role("link", name="as PDF").first.click()
    assert saved.value.path().read_bytes().startswith(b"%PDF-")

    page.get_by_label("Balances as of (UTC)").fill("2020-01-01T12:00")
    page.get_by_role("button", name="Show").click()
    ada.settled()
    assert "as of 2020-01-01 12:00:00 UTC" in page.content()
    assert page.locator(".console-figures").first.inner_text().count("0.00 EUR") == 6
