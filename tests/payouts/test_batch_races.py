"""Deeds on batches at the same moment: one comes first, and the others find the batch as it left it."""

from __future__ import annotations

from functools import partial

import pytest

from kernel.clock import now
from payouts.approve import approve
from payouts.batch import Refused, again, cancel, remove
from payouts.cancel import cancel as cancel_payout
from payouts.models import Payout
from tests.payouts.conftest import available
from tests.payouts.test_batch import payout, put_together, seen, states, submitted
from tests.races import all_at_once


@pytest.fixture
def db(commits):
    """Threads see what is committed."""


def at_once(*acts):
    """What each of these returned, or with what it was refused."""

    def tried(act):
        try:
            return act()
        except Refused as refusal:
            return refusal

    return all_at_once(*(partial(tried, act) for act in acts))


def test_a_payout_is_in_one_batch_however_many_are_built(payees):
    for whose in payees(20):
        payout(whose)
    batches = at_once(*[put_together] * 4)
    assert sum(len(states(batch)) for batch in batches) == 20


def test_of_an_approval_and_a_change_one_comes_first(payees):
    for whose in payees(6):
        payout(whose)
    batch = submitted()
    digest = seen(batch)
    ids = [p.id for p in batch.payouts.all()]

    def yes():
        return approve(batch, by="grace", because="Fine.", digest=digest, at=now())

    def out():
        return remove(batch, ids[:2], by="bob", because="No.", at=now())

    def off():
        return cancel(batch, by="bob", because="No.", at=now())

    def merchants():
        for p in Payout.objects.filter(id__in=ids[4:]):
            cancel_payout(p, at=now())

    at_once(yes, out, off, merchants)

    batch = again(batch)
    left = set(states(batch))
    if batch.state == "approved":
        assert left <= {"approved", "canceled"}
    elif batch.state == "canceled":
        assert left <= {"canceled"}
    else:
        assert left <= {"pending_approval", "canceled"}
    for p in Payout.objects.all():
        # A loose one, which its merchant may have called off since.
        assert (p.batch_id is None) <= (p.state in ("draft", "canceled"))
        expected = 0 if p.state != "canceled" else p.amount
        assert available(p.merchant_id) == expected
