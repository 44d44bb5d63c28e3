"""What the bench says of paying very many merchants is of work that was done: counted here for a few."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection

from bench import bare, crowd
from bench.passes import AVAILABLE, COLLECTED, SENT, approved, one_at_a_time, sent, timed
from kernel.clock import now
from merchants.funds.release import release_due
from payouts.collect import collect
from payouts.models import Batch, Payout


@pytest.fixture
def db(commits: None) -> Iterator[None]:
    """Everything here commits: the pass reads what others have committed."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS bare CASCADE")


def still() -> float:
    return 0.0


def test_each_step_does_it_for_every_merchant_and_bare_sql_writes_the_same_rows(db: None) -> None:
    at = now()
    batches: list[Batch] = []
    crowd.gather(3, captured_at=at - timedelta(days=14))

    for work, rows in (
        (lambda: release_due(at=at).transactions, AVAILABLE),
        (lambda: collect(livemode=False, at=at).payouts, COLLECTED),
        (lambda: approved(batches, at), None),
        (lambda: sent(batches[0], at), SENT),
    ):
        assert timed(work, still)["count"] == 3
        if rows:
            bare.write(connection.connection, rows, clock=still)
            assert counted("bare.ledger_transaction") == 3
            assert counted("bare.ledger_entry") == 6

    assert counted("bare.payout") == 3
    assert Payout.objects.filter(amount=9710, file__payments=3).count() == 3


def test_one_by_one_it_is_the_same_work(db: None) -> None:
    at = now()

    steps = one_at_a_time(2, captured_at=at - timedelta(days=14), at=at, clock=still)

    assert [step["count"] for step in steps] == [2, 2]
    assert Payout.objects.filter(amount=9710).count() == 2


def counted(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])
