"""A balance is the sum of its entries, however it is asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction

from kernel.ids import uuid7
from kernel.money import Money
from ledger import chart
from ledger.balances import (
    AccountBalance,
    balance,
    balances,
    off_balance,
    trial_balance,
)
from ledger.checkpoints import make_checkpoints, verify_checkpoints
from ledger.partitions import ensure_partitions
from ledger.post import post
from tests.ledger.conftest import NOON, commits, usd, wait_for_whoever_is_older

DAY = timedelta(days=1)


def pending(merchant, **when):
    return balance(
        merchant, livemode=False, account=chart.merchant_pending(), currency="USD", **when
    )


def clock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [moment] = cursor.fetchone()
    return moment


def checkpoints(merchant):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT balance, entries FROM ledger_checkpoint WHERE merchant_id = %s ORDER BY balance",
            [merchant],
        )
        return cursor.fetchall()


@pytest.mark.django_db
def test_a_book_lists_its_accounts(merchant, captured):
    post(captured("att_1"), effective_at=NOON)
    assert balances(merchant, livemode=False) == [
        AccountBalance("assets:psp:stripe:receivable", usd(-100_00)),
        AccountBalance("income:fees:processing", usd(2_90)),
        AccountBalance("liabilities:merchant:pending", usd(97_10)),
    ]
    assert balances(merchant, livemode=True) == []


@pytest.mark.django_db
def test_an_account_never_used_stands_at_zero(merchant):
    assert pending(merchant) == usd(0)
    assert pending(merchant, as_of=NOON) == usd(0)


@pytest.mark.django_db
def test_another_merchants_money_is_not_counted(merchant, captured):
    post(captured("att_1", whose=uuid7()), effective_at=NOON)
    assert pending(merchant) == usd(0)


@pytest.mark.django_db
def test_as_of_asks_when_it_happened(merchant, captured):
    post(captured("att_1", 100_00), effective_at=NOON)
    post(captured("att_2", 10_00), effective_at=NOON - DAY)

    assert pending(merchant, as_of=NOON - DAY) == usd(9_71)
    assert pending(merchant, as_of=NOON) == pending(merchant) == usd(106_81)
    assert pending(merchant, as_of=NOON - 2 * DAY) == usd(0)


@commits
def test_known_at_asks_when_we_wrote_it(merchant, captured):
    before = clock()
    post(captured("att_1", 100_00), effective_at=NOON)
    between = clock()
    post(captured("att_2", 10_00), effective_at=NOON - DAY)

    assert pending(merchant, known_at=before) == usd(0)
    assert pending(merchant, known_at=between) == usd(97_10)
    assert pending(merchant, known_at=between, as_of=NOON - DAY) == usd(0)
    assert pending(merchant, known_at=clock()) == usd(106_81)


@pytest.mark.django_db
def test_the_trial_balance_shows_both_sides(merchant, captured):
    capture = captured("att_1")
    post(capture, effective_at=NOON)
    post(capture.reversal(source="fix_1"), effective_at=NOON)

    lines = trial_balance(livemode=False, merchant=merchant)
    assert [(line.account, line.debits, line.credits) for line in lines] == [
        ("assets:psp:stripe:receivable", usd(100_00), usd(100_00)),
        ("income:fees:processing", usd(2_90), usd(2_90)),
        ("liabilities:merchant:pending", usd(97_10), usd(97_10)),
    ]
    assert off_balance(lines) == []
    assert off_balance(lines[:0]) == []
    assert off_balance(trial_balance(livemode=False)) == []


@pytest.mark.django_db
def test_a_book_that_does_not_balance_is_told_by_currency(merchant, captured):
    post(captured("att_1"), effective_at=NOON)
    lines = trial_balance(livemode=False, merchant=merchant)
    assert off_balance(lines[:1]) == [Money(100_00, "USD")]


@commits
def test_a_checkpoint_changes_no_balance(merchant, captured):
    for n in range(3):
        post(captured(f"att_{n}"), effective_at=NOON)
    wait_for_whoever_is_older()
    assert make_checkpoints(tail=3, merchant=merchant) == 3
    assert checkpoints(merchant) == [(-300_00, 3), (8_70, 3), (291_30, 3)]
    assert pending(merchant) == usd(291_30)

    post(captured("att_3"), effective_at=NOON)
    assert pending(merchant) == usd(388_40)
    wait_for_whoever_is_older()
    assert make_checkpoints(tail=1, merchant=merchant) == 3
    assert pending(merchant) == usd(388_40)
    assert verify_checkpoints(merchant=merchant) == []


@commits
def test_a_checkpoint_waits_for_a_tail_worth_it(merchant, captured):
    post(captured("att_1"), effective_at=NOON)
    wait_for_whoever_is_older()
    assert make_checkpoints(tail=2, merchant=merchant) == 0
    assert make_checkpoints(tail=1, merchant=merchant) == 3
    assert make_checkpoints(tail=1, merchant=merchant) == 0


@commits
def test_a_balance_is_read_from_the_checkpoint_and_a_wrong_one_is_found(merchant, captured):
    post(captured("att_1"), effective_at=NOON)
    wait_for_whoever_is_older()
    with transaction.atomic(), connection.cursor() as cursor:
        # The one way to a wrong checkpoint: the owner, without the ink.
        cursor.execute("DROP TRIGGER ledger_checkpoint_in_ink ON ledger_checkpoint")
        make_checkpoints(tail=1, merchant=merchant)
        cursor.execute(
            "UPDATE ledger_checkpoint SET balance = balance + 1 WHERE merchant_id = %s AND balance > 9000",
            [merchant],
        )
        assert pending(merchant) == usd(97_11)
        [wrong] = verify_checkpoints(merchant=merchant)
        assert (wrong.merchant, wrong.balance, wrong.summed) == (merchant, 97_11, 97_10)
        transaction.set_rollback(True)


@commits
def test_a_checkpoint_of_another_cluster_is_not_believed(merchant, captured):
    post(captured("att_1"), effective_at=NOON)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ledger_checkpoint (merchant_id, account_id, cluster, upto, balance, entries)
            SELECT merchant_id, id, 42, '9000000000000000000'::xid8, 1, 1 FROM ledger_account WHERE merchant_id = %s""",
            [merchant],
        )
    assert pending(merchant) == usd(97_10)
    wait_for_whoever_is_older()
    assert make_checkpoints(tail=1, merchant=merchant) == 3
    assert pending(merchant) == usd(97_10)


@pytest.mark.django_db
def test_the_coming_months_have_partitions_once():
    assert ensure_partitions(months=3) == 0
    assert ensure_partitions(months=5) == 2
    assert ensure_partitions(months=5) == 0


@pytest.mark.django_db
def test_entries_are_kept_in_the_partition_of_their_month(merchant, captured):
    post(captured("att_1"), effective_at=NOON)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT tableoid::regclass::text
                = to_char(posted_at AT TIME ZONE 'UTC', '"ledger_entry_"YYYY_MM')
            FROM ledger_entry WHERE merchant_id = %s""",
            [merchant],
        )
        assert cursor.fetchall() == [(True,)]
