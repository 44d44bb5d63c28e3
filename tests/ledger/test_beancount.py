"""The books verified by somebody else's program: bean-check accepts them, and not when a figure is altered."""

from __future__ import annotations

import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from kernel.ids import encode, uuid7
from kernel.money import Money
from ledger import chart
from ledger.beancount import account_name, export, selection
from ledger.finding import Wanted, transactions, with_entries
from ledger.post import post
from ledger.recipes.payments import payment_captured
from ledger.transaction import credit, debit, transaction
from tests.ledger.conftest import NOON, commits, usd

BEAN_CHECK = Path(sys.executable).with_name("bean-check")


def bean_check(tmp_path, text: str) -> subprocess.CompletedProcess[str]:
    book = tmp_path / "books.beancount"
    book.write_text(text, encoding="utf-8")
    return subprocess.run(
        [BEAN_CHECK, "--no-cache", book], capture_output=True, text=True, check=False
    )


@pytest.fixture
def exported(db, merchant, captured, payout):
    """A small book with three currencies, a reversal, a conversion and an unexplained cent."""
    whose = {"merchant": merchant, "livemode": False}
    capture = captured("att_1", 100_00)
    post(capture, effective_at=NOON)
    post(captured('att_"2"\\', 12_34), effective_at=NOON)
    post(capture.reversal(source="fix_1"), effective_at=NOON)
    post(payout("ref_1", 5_00, kind="refund.succeeded"), effective_at=NOON)
    for currency, minor in [("JPY", 500), ("KWD", 12_345)]:
        gross, fee = Money(minor, currency), Money(17, currency)
        post(
            payment_captured(**whose, psp="adyen", source=currency, gross=gross, fee=fee),
            effective_at=NOON,
        )
    post(
        transaction(
            "reconciliation.found",
            "line_1",
            debit(chart.reconciliation_suspense(), usd(1)),
            credit(chart.psp_receivable("stripe"), usd(1)),
            **whose,
        ),
        effective_at=NOON,
    )
    return "\n".join(export(merchant=merchant, livemode=False)) + "\n"


def test_bean_check_accepts_the_books(exported, tmp_path):
    checked = bean_check(tmp_path, exported)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert exported.count(" * ") == 7
    assert exported.count(" balance ") == 12


def test_bean_check_accepts_a_selection_of_the_books(exported, tmp_path):
    of_capture = transactions(Wanted(kind="payment.captured"), limit=10)
    text = "".join(selection(with_entries(of_capture)))
    checked = bean_check(tmp_path, text)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert text.count(" * ") == len(of_capture) == 4


def test_bean_check_refuses_one_altered_entry(exported, tmp_path):
    altered = exported.replace("Receivable  100.00 USD", "Receivable  100.01 USD")
    assert altered != exported
    assert "does not balance" in bean_check(tmp_path, altered).stderr


def test_bean_check_refuses_a_transaction_altered_by_a_cent_on_both_sides(exported, tmp_path):
    altered = exported.replace("Receivable  12.34 USD", "Receivable  12.35 USD")
    altered = altered.replace("Pending  -11.98 USD", "Pending  -11.99 USD")
    assert altered != exported
    assert "Balance failed" in bean_check(tmp_path, altered).stderr


def test_bean_check_refuses_books_with_a_transaction_left_out(exported, tmp_path):
    head, _, rest = exported.partition(" * ")
    dropped = rest.index("\n\n")
    assert bean_check(tmp_path, head.rsplit("\n", 1)[0] + rest[dropped:]).returncode == 1


def test_account_names_are_spelled_as_beancount_wants_them(merchant):
    whose = encode("mer", merchant).replace("mer_", "Mer-")
    assert (
        account_name(merchant, chart.payouts_in_transit())
        == f"Liabilities:{whose}:Payouts:In-transit"
    )
    assert account_name(merchant, chart.reconciliation_suspense()) == (
        f"Assets:Suspense:{whose}:Reconciliation"
    )


@pytest.mark.django_db
def test_the_command_prints_one_merchants_book(merchant, captured):
    post(captured("att_1"), effective_at=NOON)
    post(captured("att_1", whose=uuid7()), effective_at=NOON)

    out = StringIO()
    call_command("export_beancount", merchant=encode("mer", merchant), stdout=out)

    assert out.getvalue().count(" * ") == 1
    with pytest.raises(CommandError, match="mer_…"):
        call_command("export_beancount", merchant="pay_1", stdout=out)


@commits
def test_an_export_is_of_one_moment_whoever_posts_meanwhile(merchant, captured, tmp_path):
    post(captured("att_1"), effective_at=NOON)
    lines = export(merchant=merchant, livemode=False)
    begun = [next(lines)]
    post_from_elsewhere(captured("att_2"))

    text = "\n".join([*begun, *lines]) + "\n"
    assert "att_2" not in text
    assert bean_check(tmp_path, text).returncode == 0


def post_from_elsewhere(event) -> None:
    def work() -> None:
        post(event, effective_at=NOON)
        connection.close()

    elsewhere = threading.Thread(target=work)
    elsewhere.start()
    elsewhere.join()
