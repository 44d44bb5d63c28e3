"""What moves a payout: the graph, the books and the guards of the database."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import DatabaseError, connection
from django.db.transaction import atomic

from kernel.clock import now
from kernel.money import Money
from ledger import chart
from ledger.models import LedgerEntry, LedgerTransaction
from ledger.recipes import payouts as recipes
from payouts.models import Batch, Destination, Payout, State, arrows
from payouts.move import Move, move, move_one
from tests.payouts.in_batches import in_transit

pytestmark = pytest.mark.django_db


def rows(sql, *arguments):
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return set(cursor.fetchall())


@pytest.mark.parametrize(
    ("model", "function"),
    [
        (Payout, "payout_arrows"),
        (Batch, "payout_batch_arrows"),
        (Destination, "payout_destination_arrows"),
    ],
)
def test_the_database_knows_the_same_graph(model, function):
    assert rows(f"SELECT source, target FROM {function}()") == arrows(model)


WHOSE = {"merchant": UUID(int=1), "livemode": False, "source": "po_1", "amount": Money(5, "EUR")}
BANK = {"paid_from": chart.operating_bank()}
STRIPE = {"paid_from": chart.psp_receivable("stripe")}


@pytest.mark.parametrize(
    ("was", "target", "rail", "recipe"),
    [
        (None, "draft", "bank", [recipes.payout_created(**WHOSE)]),
        ("draft", "canceled", "bank", [recipes.payout_canceled(**WHOSE)]),
        ("approved", "canceled", "adyen", [recipes.payout_canceled(**WHOSE)]),
        ("approved", "in_transit", "bank", [recipes.payout_sent(**WHOSE)]),
        ("in_transit", "paid", "bank", [recipes.payout_paid(**WHOSE, **BANK)]),
        ("in_transit", "paid", "stripe", [recipes.payout_paid(**WHOSE, **STRIPE)]),
        ("in_transit", "failed", "bank", [recipes.payout_failed(**WHOSE)]),
        ("paid", "returned", "bank", [recipes.payout_returned(**WHOSE, **BANK)]),
        (
            "in_transit",
            "returned",
            "stripe",
            [recipes.payout_paid(**WHOSE, **STRIPE), recipes.payout_returned(**WHOSE, **STRIPE)],
        ),
        ("draft", "pending_approval", "bank", []),
        ("pending_approval", "approved", "bank", []),
        ("pending_approval", "draft", "bank", []),
    ],
)
def test_the_database_posts_what_the_recipes_say(was, target, rail, recipe):
    posted = rows(
        "SELECT kind, debited, credited FROM payout_postings(%s, %s, %s)", was, target, rail
    )

    assert posted == {(t.kind, t.entries[0].account, t.entries[1].account) for t in recipe}


def test_every_arrow_is_booked_or_moves_no_money():
    silent = {"pending_approval", "approved", "draft"}
    for was, target in arrows():
        posted = rows("SELECT kind FROM payout_postings(%s, %s, 'bank')", was, target)
        assert bool(posted) is (target not in silent), (was, target)


def test_the_whole_way_leaves_the_bank_that_much_poorer(payee, api):
    payout = in_transit(api.post("payouts", {"currency": "EUR"}).json()["id"])
    move_one(payout, State.PAID, at=now())

    entries = LedgerEntry.objects.filter(transaction__source=payout.public_id)
    assert {e.currency for e in entries} == {"EUR"}
    standing = {}
    for entry in entries.select_related("account"):
        sign = 1 if entry.type == "CREDIT" else -1
        standing[entry.account.code] = standing.get(entry.account.code, 0) + sign * entry.amount
    assert {code: sum_ for code, sum_ in standing.items() if sum_} == {
        chart.merchant_available(): -100_00,
        chart.operating_bank(): 100_00,
    }


def test_what_is_elsewhere_is_passed_over(payees):
    from kernel.ids import uuid7
    from payouts.create import Wanted, create

    shops = payees(3)
    made = []
    for shop in shops:
        made.append(create(shop, Wanted("EUR"), id_=uuid7(), livemode=False, at=now()))
    move_one(made[1], State.CANCELED, at=now())

    moved = move(State.CANCELED, [Move(p.merchant_id, p.id) for p in made], at=now())

    assert {m.id for m in moved} == {made[0].id, made[2].id}
    assert LedgerTransaction.objects.filter(kind="payout.canceled").count() == 3
    assert move(State.PAID, [Move(made[0].merchant_id, made[0].id)], at=now()) == []


def refused(sqlstate, sql, *arguments):
    with pytest.raises(DatabaseError) as caught, atomic(), connection.cursor() as cursor:
        cursor.execute(sql, arguments)
    assert caught.value.__cause__.sqlstate == sqlstate


def test_the_database_refuses_what_must_never_be(payee, api):
    id_ = api.post("payouts", {"currency": "EUR"}).json()["id"]
    payout = Payout.objects.get()
    where = "WHERE id = %s"

    refused("PG111", f"UPDATE payout SET state = 'paid', sequence = 2 {where}", payout.id)
    refused("PG111", f"UPDATE payout SET state = 'canceled' {where}", payout.id)
    refused("PG112", f"UPDATE payout SET amount = amount + 1 {where}", payout.id)
    refused("PG112", f"UPDATE payout SET destination_id = uuid7() {where}", payout.id)
    refused("PG113", f"DELETE FROM payout {where}", payout.id)
    refused(
        "23514", f"UPDATE payout SET state = 'pending_approval', sequence = 2 {where}", payout.id
    )
    destination = "UPDATE payout_destination SET"
    refused("PG114", f"{destination} holder = 'Thief' {where}", payout.destination_id)
    refused("PG114", f"{destination} usable_from = now() {where}", payout.destination_id)
    refused(
        "PG111", f"{destination} state = 'proposed', decided_by = '' {where}", payout.destination_id
    )
    refused("PG113", f"DELETE FROM payout_destination {where}", payout.destination_id)

    sent = in_transit(id_)
    refused("PG112", f"UPDATE payout SET batch_id = NULL {where}", sent.id)
    batch = "UPDATE payout_batch SET"
    refused("PG112", f"{batch} approved_by = created_by {where}", sent.batch_id)
    refused("PG112", f"{batch} created_by = 'mallory' {where}", sent.batch_id)
    built = Batch.objects.create(
        livemode=False,
        rail="bank",
        value_date=now().date(),
        created_by="ada",
        created_at=now(),
        updated_at=now(),
    )
    refused("23514", f"{batch} approved_by = 'ada' {where}", built.id)
    refused("PG111", f"{batch} state = 'approved', approved_by = 'grace' {where}", built.id)
