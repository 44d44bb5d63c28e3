"""What was posted once is posted once: newer versions of either side's statement, what comes after it was given up, and
people who decide while a statement is taken."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from kernel.clock import now
from paygate.reconciliation import close
from paygate.reconciliation.due import find_overdue
from paygate.reconciliation.heal import close_by_itself
from paygate.reconciliation.models import Break
from tests.proof.holds import holds
from tests.reconciliation.statements import capture_of, causes, line, standing


@pytest.fixture
def batch(api, apply):
    """Lines of a batch, and of what pays it; taken as a file that has versions."""
    one = api.pay(psp="stripe", amount=10_000).json()
    lines = [capture_of(one, batch="po_9"), line("settlement", -10_000, batch="po_9")]
    apply(*lines, identity="day 9")
    return lines


@pytest.fixture
def days(apply):
    """The bank tells of a week in which nothing came."""

    def pass_() -> None:
        apply(line("payout_returned", 0, booked_at=now() + timedelta(days=7)), psp="bank")

    return pass_


def of_batches() -> list[Break]:
    return list(Break.objects.filter(key__endswith=":awaited", closed_at=None))


@pytest.mark.parametrize("came", [10_000, 9_900])
def test_a_newer_version_of_the_banks_statement_lets_a_batch_arrive_once(
    apply, approve_all, batch, came
):
    at_the_bank = line("settlement", came, ours="po_9")
    apply(at_the_bank, psp="bank", identity="account 1")
    approve_all()
    before = standing()

    for _ in range(2):
        apply(at_the_bank, psp="bank", identity="account 1")
        assert holds()
        approve_all()
        assert standing() == before


def test_what_a_newer_version_of_the_banks_statement_does_not_have_has_not_arrived(apply, batch):
    apply(line("settlement", 10_000, ours="po_9"), psp="bank", identity="account 1")
    apply(line("payout", 0), psp="bank", identity="account 1")

    assert standing() == {"assets:bank:stripe": 10_000}
    assert holds()


def test_a_newer_version_that_does_not_tell_of_the_batch_is_applied(apply, batch):
    apply(line("settlement", 10_000, ours="po_9"), psp="bank")

    apply(batch[0], identity="day 9")

    assert standing() == {"assets:bank:operating": 10_000}
    assert causes() == []
    assert holds()


def test_a_batch_that_has_not_come_is_missed_by_its_newer_version_too(apply, batch, days):
    days()
    find_overdue(at=now())
    assert len(of_batches()) == 1

    apply(*batch, identity="day 9")
    assert of_batches() == []
    find_overdue(at=now())
    assert len(of_batches()) == 1

    apply(line("settlement", 10_000, ours="po_9"), psp="bank")
    assert of_batches() == []


def test_a_batch_that_comes_after_it_was_given_up_is_no_loss(apply, approve_all, batch, days):
    days()
    find_overdue(at=now())
    close_by_itself(list(Break.objects.filter(psp="bank")), Break.ClosedBy.LATER_LINE, at=now())
    approve_all()
    assert standing() == {"expenses:write_offs": 10_000}

    apply(line("settlement", 10_000, ours="po_9"), psp="bank")

    assert standing() == {"assets:bank:operating": 10_000}
    assert holds()


def test_people_close_nothing_while_a_statement_is_taken(api, apply, approve_all, monkeypatch):
    apply(line("capture", 5_000, object="pi_unknown"))
    locked = []
    post_many = close.post_many

    def seen(transactions):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
                " AND objid::bigint::bit(32) = hashtext('statements False')::bit(32)"
            )
            locked.extend(mode for (mode,) in cursor.fetchall())
        return post_many(transactions)

    monkeypatch.setattr(close, "post_many", seen)
    approve_all()
    assert "ShareLock" in locked
