"""Four eyes: whoever had a say does not approve, and what is approved is what was seen."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic

from kernel.clock import now
from kernel.money import Money
from merchants.funds.calendars import Calendar, add_business_days
from merchants.models import Merchant
from payouts.approve import Blocked, PreviewChanged, TooLarge, approve, submit
from payouts.batch import Refused, again, change_date, fill, take_back
from payouts.cancel import cancel as cancel_payout
from payouts.models import Batch, Payout
from payouts.send import send_batch
from payouts.settle import settle_all
from tests.payouts.conftest import earn
from tests.payouts.test_batch import DAY, payout, put_together, seen, states, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def shops(payees):
    made = payees(2)
    for whose in made:
        payout(whose)
    return made


def approved(batch, by="grace", **more):
    given = {"because": "Checked against the ledger.", "digest": seen(batch), "at": now()}
    return approve(batch, by=by, **(given | more))


def test_two_people_stand_for_a_batch(shops):
    batch = approved(submitted())
    assert (batch.state, batch.submitted_by, batch.approved_by) == ("approved", "ada", "grace")
    assert batch.approved_because == "Checked against the ledger."
    assert states(batch) == ["approved"] * 2
    assert [act.what for act in batch.acts.all()] == ["built", "filled", "submitted", "approved"]


def test_whoever_had_a_say_in_it_does_not_approve_it(shops):
    batch = put_together()
    earn(shops[0], Money(1, "EUR"))
    payout(shops[0])
    fill(batch, by="carol", at=now())
    change_date(batch, DAY, by="dave", because="As agreed.", at=now())
    submit(batch, by="eve", digest=seen(batch), at=now())
    take_back(batch, by="frank", because="Once more.", at=now())
    submit(batch, by="ada", digest=seen(batch), at=now())

    for name in ("ada", "carol", "dave", "eve"):
        with pytest.raises(Refused, match="ask another"):
            approved(batch, by=name)
    assert approved(batch, by="frank").state == "approved"


def test_the_database_refuses_it_too(shops):
    batch = submitted()
    with pytest.raises(IntegrityError), atomic():
        Batch.objects.filter(id=batch.id).update(approved_by="ada")


def test_it_must_still_be_what_was_seen(shops):
    batch = submitted()
    digest, when = seen(batch), now()
    cancel_payout(Payout.objects.first(), at=now())
    with pytest.raises(PreviewChanged, match="1 canceled"):
        approved(batch, digest=digest, seen_at=when)
    with pytest.raises(PreviewChanged):
        approved(batch, digest="")
    assert again(batch).state == "pending_approval"
    assert sorted(states(approved(batch))) == ["approved", "canceled"]


def test_it_must_still_be_paid_on_the_day_that_was_seen(shops):
    batch = submitted()
    digest, looked_at = seen(batch), now()
    take_back(batch, by="ada", because="Another day.", at=now())
    later = add_business_days(DAY, 1, Calendar.TARGET)
    submitted(change_date(batch, later, by="ada", because="Another day.", at=now()))

    with pytest.raises(PreviewChanged, match="any more: another value date"):
        approved(batch, digest=digest, seen_at=looked_at)
    assert approved(again(batch)).value_date == later


def test_a_digest_that_names_nothing_is_refused_in_words(shops):
    with pytest.raises(PreviewChanged, match=r"It is not what you saw\. Look"):
        approved(submitted(), digest="0" * 64, seen_at=now())


def test_what_came_to_stand_in_the_way_meanwhile_does(shops):
    batch = submitted()
    Merchant.objects.filter(id=shops[0]).update(status=Merchant.Status.SUSPENDED)
    with pytest.raises(Blocked, match="suspended"):
        approved(batch)
    assert again(batch).approved_by == ""


def test_a_reason_is_asked_for(shops):
    with pytest.raises(Refused, match="Say why"):
        approved(submitted(), because=" ")


@pytest.mark.parametrize("limits", [{"EUR": 200_00}, {"USD": 1_000_000_00}])
def test_what_is_large_needs_a_special_right(shops, settings, limits):
    settings.PAYOUT_LARGE_BATCH = limits
    batch = submitted()
    with pytest.raises(TooLarge, match=r"200\.01 EUR is above"):
        approved(batch)
    assert approved(batch, may_approve_large=True).state == "approved"


def test_at_the_limit_it_is_not_large(shops, settings):
    settings.PAYOUT_LARGE_BATCH = {"EUR": 200_01}
    assert approved(submitted()).state == "approved"


@pytest.mark.parametrize("batch", [put_together, lambda: approved(submitted())])
def test_only_what_waits_for_it_is_approved(shops, batch):
    with pytest.raises(Refused, match="The batch is"):
        approved(batch(), by="heidi")


def test_an_approved_batch_can_leave_and_is_not_unfinished(shops):
    batch = approved(submitted())
    assert settle_all(at=now()) == 0
    assert send_batch(batch, at=now())
    assert again(batch).state == "sent"
    assert states(batch) == ["in_transit"] * 2
