"""Batches: built of what is loose, previewed, changed, called off; and whatever is killed in the middle goes on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.transaction import atomic

from kernel.clock import now
from kernel.ids import uuid7
from kernel.money import Money
from ledger.post import post
from ledger.recipes.refunds import refund_succeeded
from merchants.funds.calendars import Calendar, add_business_days
from merchants.models import Merchant
from payouts import settle as settling
from payouts.acts import Act
from payouts.approve import Blocked, PreviewChanged, approve, submit
from payouts.batch import Refused, again, build, cancel, change_date, fill, remove, take_back
from payouts.cancel import cancel as cancel_payout
from payouts.create import Wanted, create
from payouts.destinations import retire
from payouts.models import Batch, Payout, Rail, State
from payouts.move import Move, move
from payouts.preview import Kind, changes, preview
from payouts.settle import settle, settle_all
from tests.payouts.conftest import available, earn, settle_in

pytestmark = pytest.mark.django_db

DAY = add_business_days(now().date() + timedelta(days=1), 0, Calendar.TARGET)


def payout(merchant_id, amount=None, currency="EUR"):
    wanted = Wanted(currency, amount)
    with atomic():
        return create(merchant_id, wanted, id_=uuid7(), livemode=False, at=now())


def put_together(**more):
    given = {"rail": Rail.BANK, "livemode": False, "value_date": DAY, "by": "ada", "at": now()}
    return build(**(given | more))


def seen(batch):
    return preview(batch, at=now()).digest


def submitted(batch=None):
    batch = batch or put_together()
    return submit(batch, by="ada", digest=seen(batch), at=now())


def states(batch):
    return sorted(Payout.objects.filter(batch_id=batch.id).values_list("state", flat=True))


def kinds(batch):
    return {finding.kind for finding in preview(batch, at=now()).findings}


@pytest.fixture
def shops(payees):
    """Three merchants, each with a draft of what is available."""
    made = payees(3)
    for whose in made:
        payout(whose)
    return made


def test_a_batch_takes_every_loose_draft_of_its_rail_and_no_other(shops):
    earn(shops[0], Money(5_00, "USD"))
    settle_in(shops[0], currency="USD", stripe_account="acct_1Nv0FGQ9RKHgCVdK")
    elsewhere = payout(shops[0], currency="USD")
    called_off = Payout.objects.get(merchant_id=shops[2])
    cancel_payout(called_off, at=now())

    first, second = put_together(), put_together()

    assert states(first) == ["draft", "draft"]
    assert states(second) == []
    assert states(put_together(rail=Rail.STRIPE)) == ["draft"]
    assert Payout.objects.get(id=elsewhere.id).batch.rail == "stripe"
    assert [(act.what, act.by, act.payouts) for act in first.acts.all()] == [
        ("built", "ada", 0),
        ("filled", "ada", 2),
    ]


def test_it_may_be_of_some_currencies_and_takes_more_while_it_is_a_draft(shops):
    batch = put_together(currencies=["USD"])
    assert states(batch) == []
    assert fill(batch, by="ada", at=now()) == 3
    submitted(batch)
    earn(shops[0], Money(1, "EUR"))
    payout(shops[0])
    with pytest.raises(Refused, match="pending approval"):
        fill(batch, by="ada", at=now())


def test_a_preview_adds_up(shops):
    earn(shops[0], Money(5_00, "EUR"))
    payout(shops[0], 2_00)
    shown = preview(put_together(), at=now())

    assert [(t.payouts, t.amount) for t in shown.totals] == [(4, Money(302_03, "EUR"))]
    assert [(t.method, t.payouts) for t in shown.methods] == [("api", 4)]
    assert [p.amount for p in shown.largest] == [100_02, 100_01, 100_00, 2_00]
    assert shown.payouts == 4
    assert shown.large == ()


def test_what_stands_in_the_way_is_found(shops):
    retire(Payout.objects.get(merchant_id=shops[0]).destination, by="x", because="x", at=now())
    Merchant.objects.filter(id=shops[1]).update(status=Merchant.Status.SUSPENDED)
    batch = put_together()
    shown = preview(batch, at=now())

    assert {f.kind for f in shown.blocking} == {Kind.NOT_APPROVED, Kind.SUSPENDED}
    of = {Payout.objects.get(merchant_id=whose).id for whose in shops[:2]}
    assert set(shown.blocked) == of
    with pytest.raises(Blocked, match="suspended"):
        submit(batch, by="ada", digest=shown.digest, at=now())

    remove(batch, list(of), by="ada", because="Not now.", at=now())
    assert preview(batch, at=now()).blocking == ()


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2020, 1, 2), Kind.DATE_PAST),
        (date(2030, 12, 24), Kind.DATE_FAR),
        (date(2030, 12, 25), Kind.DATE_CLOSED),
    ],
)
def test_a_day_on_which_nobody_pays_stands_in_the_way(shops, day, kind):
    batch = put_together(value_date=day)
    assert kind in {f.kind for f in preview(batch, at=now()).blocking}
    changed = change_date(batch, DAY, by="bob", because="The bank is closed.", at=now())
    assert preview(changed, at=now()).blocking == ()
    with pytest.raises(Refused, match="Say why"):
        change_date(batch, DAY, by="bob", because=" ", at=now())


def test_an_empty_batch_goes_nowhere(db):
    batch = put_together()
    assert kinds(batch) == {Kind.EMPTY}
    with pytest.raises(Blocked):
        submit(batch, by="ada", digest=seen(batch), at=now())


def test_what_is_odd_is_told(shops, settings):
    first, second, _ = shops
    given = refund_succeeded(
        merchant=first, livemode=False, psp="stripe", source="re_1", amount=Money(1, "EUR")
    )
    post(given, effective_at=now())
    earn(second, Money(3, "EUR"))
    payout(second, 3)
    settings.PAYOUT_NEW_DESTINATION_DAYS = 0
    batch = put_together()

    found = {f.kind: f.payouts for f in preview(batch, at=now()).warnings}

    assert set(found) == {Kind.OWES, Kind.TWICE, Kind.FIRST_PAYMENT}
    assert len(found[Kind.TWICE]) == 2
    assert found[Kind.OWES] == (Payout.objects.get(merchant_id=first).id,)
    settings.PAYOUT_NEW_DESTINATION_DAYS = 31
    assert Kind.NEW_DESTINATION in kinds(batch)


def test_far_more_than_usual_is_told_once_there_is_a_usual(payees, settings):
    settings.PAYOUT_UNUSUAL_TIMES = 5
    [shop] = payees(1)
    for _ in range(3):
        payout(shop, 10_00)
        leave(put_together())
    usual = payout(shop, 50_00)
    batch = put_together()
    assert kinds(batch) == set()
    cancel_payout(usual, at=now())
    payout(shop, 50_01)
    assert kinds(put_together()) == {Kind.UNUSUAL}


def leave(batch):
    """As if it had left."""
    submitted(batch)
    approve(batch, by="grace", because="Fine.", digest=seen(batch), at=now())
    moves = [Move(p.merchant_id, p.id) for p in batch.payouts.all()]
    assert move(State.IN_TRANSIT, moves, at=now())


def test_what_was_canceled_or_taken_out_since_is_told(shops):
    batch = put_together()
    digest, when = seen(batch), now()
    first, second, _ = Payout.objects.order_by("id")
    cancel_payout(first, at=now())
    remove(batch, [second.id], by="bob", because="Wait for the papers.", at=now())

    with pytest.raises(PreviewChanged, match="1 canceled, 1 removed") as refusal:
        submit(batch, by="ada", digest=digest, seen_at=when, at=now())
    assert refusal.value.changes.canceled == (first.id,)
    assert refusal.value.changes.removed == (second.id,)
    assert Batch.objects.get().state == "draft"
    assert Payout.objects.get(id=second.id).batch_id is None


def test_what_was_added_since_is_told(shops):
    batch = put_together()
    digest, when = seen(batch), now()
    earn(shops[0], Money(1, "EUR"))
    payout(shops[0])
    fill(batch, by="bob", at=now())
    with pytest.raises(PreviewChanged, match="1 added"):
        submit(batch, by="ada", digest=digest, seen_at=when, at=now())


def test_what_came_up_since_it_was_submitted_is_told(shops):
    batch = submitted()
    assert not changes(preview(batch, at=now()))
    Merchant.objects.filter(id=shops[0]).update(status=Merchant.Status.SUSPENDED)
    [appeared] = changes(preview(batch, at=now())).appeared
    assert appeared.kind == Kind.SUSPENDED
    assert appeared.payouts == (Payout.objects.get(merchant_id=shops[0]).id,)


def test_a_batch_taken_back_keeps_its_payouts(shops):
    batch = submitted()
    assert states(batch) == ["pending_approval"] * 3
    batch = take_back(batch, by="ada", because="The date is wrong.", at=now())
    assert (batch.state, batch.digest) == ("draft", "")
    assert states(batch) == ["draft"] * 3
    assert submitted(batch).state == "pending_approval"


@pytest.mark.parametrize("before", ["draft", "pending_approval"])
def test_payouts_of_a_batch_called_off_are_loose_drafts_again(shops, before):
    batch = put_together() if before == "draft" else submitted()
    batch = cancel(batch, by="bob", because="Tomorrow.", at=now())
    assert (batch.state, batch.canceled_by, batch.canceled_because) == (
        "canceled",
        "bob",
        "Tomorrow.",
    )
    assert states(put_together()) == ["draft"] * 3


def test_what_was_approved_is_canceled_with_its_batch(shops):
    batch = submitted()
    approve(batch, by="grace", because="Fine.", digest=seen(batch), at=now())
    cancel(batch, by="bob", because="The bank is down.", at=now())
    assert states(batch) == ["canceled"] * 3
    assert available(shops[0]) == 100_00


def test_what_has_left_in_part_is_not_called_off(shops):
    batch = submitted()
    approve(batch, by="grace", because="Fine.", digest=seen(batch), at=now())
    first = Payout.objects.filter(batch_id=batch.id).first()
    move(State.IN_TRANSIT, [Move(first.merchant_id, first.id)], at=now())
    with pytest.raises(Refused, match="left already"):
        cancel(batch, by="bob", because="Oh no.", at=now())
    assert states(batch) == ["approved", "approved", "in_transit"]


@pytest.mark.parametrize(
    "deed",
    [
        lambda batch: take_back(batch, by="a", because="b", at=now()),
        lambda batch: remove(batch, [], by="a", because="b", at=now()),
        lambda batch: change_date(batch, DAY, by="a", because="b", at=now()),
        lambda batch: cancel(batch, by="a", because="b", at=now()),
        lambda batch: submit(batch, by="a", digest="", at=now()),
    ],
)
def test_nothing_is_done_to_a_batch_that_is_over(shops, deed):
    batch = cancel(put_together(), by="bob", because="Tomorrow.", at=now())
    with pytest.raises(Refused, match="canceled"):
        deed(batch)


def test_nothing_leaves_of_a_batch_that_is_not_approved(shops):
    batch = put_together()
    moves = [Move(p.merchant_id, p.id) for p in batch.payouts.all()]
    for state in (State.PENDING_APPROVAL, State.APPROVED):
        move(state, moves, at=now())
    with pytest.raises(DatabaseError) as refusal, atomic():
        move(State.IN_TRANSIT, moves, at=now())
    assert refusal.value.__cause__.sqlstate == "PG121"


def test_what_was_done_is_written_in_ink(shops):
    act = put_together().acts.first()
    for change in ("UPDATE payout_batch_act SET by = 'mallory'", "DELETE FROM payout_batch_act"):
        with pytest.raises(DatabaseError) as refusal, atomic(), connection.cursor() as cursor:
            cursor.execute(f"{change} WHERE id = %s", [act.id])
        assert refusal.value.__cause__.sqlstate == "PG113"


class Killed(BaseException):
    """As a process is."""


@pytest.fixture
def in_pieces(monkeypatch):
    """Chunks of one payout; `after(n)` lets whoever moves them be killed after n."""
    monkeypatch.setattr(settling, "CHUNK", 1)

    def after(count):
        left = iter(range(count))

        def killing(*args, **kwargs):
            if next(left, None) is None:
                raise Killed
            return move(*args, **kwargs)

        monkeypatch.setattr(settling, "move", killing)

    return after


def alive(monkeypatch):
    monkeypatch.setattr(settling, "move", move)


def test_a_submission_that_was_killed_goes_on(shops, in_pieces, monkeypatch):
    batch = put_together()
    digest = seen(batch)
    in_pieces(1)
    with pytest.raises(Killed):
        submit(batch, by="ada", digest=digest, at=now())
    assert states(batch) == ["draft", "draft", "pending_approval"]

    with pytest.raises(Refused, match="pending approval"):
        fill(batch, by="bob", at=now())
    alive(monkeypatch)
    assert submit(batch, by="ada", digest=digest, at=now()).state == "pending_approval"
    assert states(batch) == ["pending_approval"] * 3
    assert Act.objects.filter(what="submitted").count() == 1


def test_an_approval_that_was_killed_is_not_sent_until_it_went_on(shops, in_pieces, monkeypatch):
    batch = submitted()
    digest = seen(batch)
    in_pieces(2)
    with pytest.raises(Killed):
        approve(batch, by="grace", because="Fine.", digest=digest, at=now())

    batch = again(batch)
    assert (batch.state, batch.approved_by) == ("pending_approval", "grace")
    assert states(batch) == ["approved", "approved", "pending_approval"]
    first = Payout.objects.filter(batch_id=batch.id, state="approved").first()
    with pytest.raises(DatabaseError), atomic():
        move(State.IN_TRANSIT, [Move(first.merchant_id, first.id)], at=now())
    ids = [p.id for p in batch.payouts.all()]
    with pytest.raises(Refused, match="grace has approved it"):
        remove(batch, ids, by="bob", because="No.", at=now())
    with pytest.raises(Refused, match="grace has approved it"):
        take_back(batch, by="bob", because="No.", at=now())

    alive(monkeypatch)
    assert settle_all(at=now()) == 1
    batch = again(batch)
    assert batch.state == "approved"
    assert states(batch) == ["approved"] * 3
    assert settle_all(at=now()) == 0
    assert approve(batch, by="grace", because="Fine.", digest=digest, at=now()) == batch


@pytest.mark.parametrize("killed_after", [0, 1, 2, 3])
def test_a_batch_called_off_half_approved_goes_on(shops, in_pieces, monkeypatch, killed_after):
    batch = submitted()
    in_pieces(2)
    with pytest.raises(Killed):
        approve(batch, by="grace", because="Fine.", digest=seen(batch), at=now())
    in_pieces(killed_after)
    with pytest.raises(Killed):
        cancel(batch, by="bob", because="No.", at=now())

    alive(monkeypatch)
    batch = again(batch)
    assert settle(batch, at=now()).state == "canceled"
    assert states(batch) == ["canceled", "canceled"]
    assert Payout.objects.get(batch=None).state == "draft"


def test_a_batch_taken_back_and_killed_goes_on(shops, in_pieces, monkeypatch):
    batch = submitted()
    in_pieces(1)
    with pytest.raises(Killed):
        take_back(batch, by="ada", because="No.", at=now())
    alive(monkeypatch)
    assert settle_all(at=now()) == 1
    assert states(batch) == ["draft"] * 3
