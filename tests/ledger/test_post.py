"""Posting: once, whole, and one bad transaction never spoils its neighbours."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection, transaction

from kernel.db import call
from kernel.ids import uuid7
from ledger import chart
from ledger.balances import balance, balances, overdrafts
from ledger.models import LedgerAccount, LedgerEntry, LedgerTransaction, WrittenInInk
from ledger.post import (
    Incomplete,
    Overdrawn,
    Posted,
    PostedDifferently,
    Unacceptable,
    post,
    post_many,
)
from ledger.transaction import Unbalanced
from tests.ledger.conftest import NOON, usd

pytestmark = pytest.mark.django_db


def available_balance(merchant):
    return balance(merchant, livemode=False, account=chart.merchant_available(), currency="USD")


def test_what_is_posted_is_in_the_books(merchant, captured):
    id_ = post(captured("att_1"), effective_at=NOON)

    posted = LedgerTransaction.objects.get(merchant_id=merchant, id=id_)
    assert (posted.kind, posted.source, posted.effective_at) == ("payment.captured", "att_1", NOON)
    entries = LedgerEntry.objects.filter(merchant_id=merchant, transaction=id_).order_by("line")
    assert [(e.line, e.type, e.account.code, e.money) for e in entries] == [
        (1, "DEBIT", "assets:psp:stripe:receivable", usd(100_00)),
        (2, "CREDIT", "liabilities:merchant:pending", usd(97_10)),
        (3, "CREDIT", "income:fees:processing", usd(2_90)),
    ]
    assert len({e.id for e in entries}) == 3


def test_posting_twice_is_posting_once(merchant, captured):
    first = post(captured("att_1"), effective_at=NOON)
    again = post(captured("att_1"), effective_at=NOON)

    assert again == first
    assert LedgerEntry.objects.filter(merchant_id=merchant).count() == 3


def test_the_same_event_with_other_entries_is_refused(captured):
    post(captured("att_1", 100_00), effective_at=NOON)
    with pytest.raises(PostedDifferently, match=r"payment\.captured att_1"), transaction.atomic():
        post(captured("att_1", 100_01), effective_at=NOON)


def test_the_same_event_in_live_mode_is_another_event_refused(captured):
    post(captured("att_1"), effective_at=NOON)
    with pytest.raises(PostedDifferently), transaction.atomic():
        post(replace(captured("att_1"), livemode=True), effective_at=NOON)


def test_an_id_that_is_taken_by_another_event_is_refused(captured):
    first = captured("att_1")
    post(first, effective_at=NOON)
    with pytest.raises(PostedDifferently), transaction.atomic():
        post(replace(captured("att_2"), id=first.id), effective_at=NOON)


def test_the_order_of_entries_makes_no_other_event(captured):
    capture = captured("att_1")
    first = post(capture, effective_at=NOON)
    assert post(replace(capture, entries=capture.entries[::-1]), effective_at=NOON) == first


def test_what_does_not_balance_is_refused_by_the_database_too(captured):
    capture = captured("att_1")
    with pytest.raises(Unbalanced), transaction.atomic():
        post(replace(capture, entries=capture.entries[:2]), effective_at=NOON)


def test_a_transaction_without_entries_is_refused(captured):
    with pytest.raises(Incomplete), transaction.atomic():
        post(replace(captured("att_1"), entries=()), effective_at=NOON)


def test_a_batch_answers_in_the_order_it_was_asked(captured):
    events = [captured(f"att_{n}") for n in (3, 1, 2)]
    results = post_many([(event, NOON) for event in events])
    assert results == [Posted(event.id, new=True) for event in events]


def test_a_batch_that_names_an_event_twice_posts_it_once(merchant, captured):
    one, same = captured("att_1"), captured("att_1")
    assert post_many([(one, NOON), (same, NOON), (one, NOON)]) == [
        Posted(one.id, new=True),
        Posted(one.id, new=False),
        Posted(one.id, new=False),
    ]
    assert LedgerEntry.objects.filter(merchant_id=merchant).count() == 3


def test_one_bad_transaction_fails_alone(merchant, captured, payout):
    good = [captured(f"att_{n}") for n in range(10)]
    lame = replace(captured("lame"), entries=captured("lame").entries[:2])
    post(captured("att_3"), effective_at=NOON)

    results = post_many(
        [(event, NOON) for event in [*good, lame, payout("po_1", 1), captured("att_4", 5)]]
    )

    assert [type(result) for result in results] == [Posted] * 10 + [
        Unbalanced,
        Overdrawn,
        PostedDifferently,
    ]
    assert [result.new for result in results[:10]] == [n != 3 for n in range(10)]
    assert LedgerTransaction.objects.filter(merchant_id=merchant).count() == 10


def test_the_reversal_of_what_never_was_fails_alone_too(captured):
    results = post_many(
        [(captured("att_1"), NOON), (captured("att_2").reversal(source="fix_1"), NOON)]
    )
    assert [type(result) for result in results] == [Posted, Unacceptable]


def test_a_reversal_may_come_in_the_batch_of_what_it_reverses(merchant, captured):
    capture = captured("att_1")
    results = post_many([(capture.reversal(source="a_fix"), NOON), (capture, NOON)])
    assert [type(result) for result in results] == [Posted, Posted]
    assert {line.balance for line in balances(merchant, livemode=False)} == {usd(0)}


def test_two_merchants_may_have_sources_of_the_same_name(captured):
    mine, theirs = captured("att_1"), captured("att_1", whose=uuid7())
    assert all(result.new for result in post_many([(mine, NOON), (theirs, NOON)]))


def test_a_payout_stops_at_zero(merchant, available, payout):
    post(available("day_1", 100_00), effective_at=NOON)
    post(payout("po_1", 60_00), effective_at=NOON)
    with pytest.raises(Overdrawn), transaction.atomic():
        post(payout("po_2", 40_01), effective_at=NOON)
    post(payout("po_3", 40_00), effective_at=NOON)
    assert available_balance(merchant) == usd(0)


@pytest.mark.parametrize("kind", sorted(chart.MUST_GO_THROUGH))
def test_what_has_happened_outside_goes_through_and_is_an_alert(merchant, payout, kind):
    post(payout("ref_1", 40_00, kind=kind), effective_at=NOON)

    assert available_balance(merchant) == usd(-40_00)
    assert [o.balance for o in overdrafts(livemode=False) if o.merchant == merchant] == [
        usd(-40_00)
    ]


def test_two_payouts_in_one_batch_share_what_there_is(merchant, available, payout):
    post(available("day_1", 100_00), effective_at=NOON)
    results = post_many([(payout("po_1", 60_00), NOON), (payout("po_2", 60_00), NOON)])
    assert [type(result) for result in results] == [Posted, Overdrawn]
    assert available_balance(merchant) == usd(40_00)


def test_chart_and_database_agree_on_what_is_guarded(merchant, payout, captured):
    post(captured("att_1"), effective_at=NOON)
    post(payout("ref_1", 1, kind="refund.succeeded"), effective_at=NOON)
    accounts = LedgerAccount.objects.filter(merchant_id=merchant)
    assert {a.code for a in accounts if a.guarded} == chart.GUARDED
    assert len(accounts) > len(chart.GUARDED)


def test_chart_and_database_agree_on_what_must_go_through():
    [(kinds,)] = call("ledger_must_go_through")
    assert set(kinds) == chart.MUST_GO_THROUGH


@pytest.mark.parametrize("method", ["create", "update", "delete", "bulk_create", "get_or_create"])
@pytest.mark.parametrize("model", [LedgerAccount, LedgerTransaction, LedgerEntry])
def test_the_orm_only_reads(model, method):
    with pytest.raises(WrittenInInk):
        getattr(model.objects.all(), method)()


@pytest.mark.parametrize("model", [LedgerAccount, LedgerTransaction, LedgerEntry])
def test_a_row_of_the_books_is_not_saved(model):
    for write in (model().save, model().delete):
        with pytest.raises(WrittenInInk):
            write()


def test_the_application_may_only_read_and_add():
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, p.privilege
            FROM pg_class c, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS p (privilege), pg_roles r
            WHERE c.relname LIKE 'ledger_%' AND c.relkind IN ('r', 'p') AND r.rolname = 'paygate_app'
                AND has_table_privilege(r.oid, c.oid, p.privilege)"""
        )
        assert cursor.fetchall() == []
