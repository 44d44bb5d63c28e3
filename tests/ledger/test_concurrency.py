"""The books under many writers at once, with real threads and real commits."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import orjson
from django.db import connection, transaction

from kernel.db import call
from kernel.ids import uuid7
from ledger import chart
from ledger.balances import balance, balances, off_balance, trial_balance
from ledger.checkpoints import make_checkpoints, verify_checkpoints
from ledger.models import LedgerTransaction
from ledger.post import Overdrawn, Posted, post, post_many
from tests.ledger.conftest import NOON, commits, usd, wait_for_whoever_is_older

pytestmark = commits


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run all at the same moment, a thread and a connection each; what each returned or raised."""
    start = threading.Barrier(len(works))

    def run(work):
        start.wait()
        try:
            return work()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def test_one_event_posted_by_eight_at_once_is_in_the_books_once(merchant, captured):
    results = at_once(*[lambda: post_many([(captured("att_1"), NOON)]) for _ in range(8)])

    answers = [posted for [posted] in results]
    assert sorted(posted.new for posted in answers) == [False] * 7 + [True]
    assert len({posted.id for posted in answers}) == 1
    assert LedgerTransaction.objects.filter(merchant_id=merchant).count() == 1


def test_eight_payouts_at_once_never_take_more_than_there_is(merchant, available, payout):
    post(available("day_1", 100_00), effective_at=NOON)

    results = at_once(
        *[lambda n=n: post(payout(f"po_{n}", 30_00), effective_at=NOON) for n in range(8)]
    )

    assert sum(isinstance(result, Overdrawn) for result in results) == 5
    left = balance(merchant, livemode=False, account=chart.merchant_available(), currency="USD")
    assert left == usd(10_00)


def test_a_payout_waits_for_the_payout_before_it(merchant, available, payout):
    post(available("day_1", 101_00), effective_at=NOON)
    post(
        payout("po_0", 1_00), effective_at=NOON
    )  # Opens the accounts: the second waits for the lock alone.
    results = []
    with transaction.atomic():
        post(payout("po_1", 60_00), effective_at=NOON)

        def second():
            results.extend(at_once(lambda: post(payout("po_2", 60_00), effective_at=NOON)))

        waiting = threading.Thread(target=second)
        waiting.start()
        wait_for_a_lock_to_be_waited_for()
        assert results == []
    waiting.join()
    assert [type(result) for result in results] == [Overdrawn]


def wait_for_a_lock_to_be_waited_for() -> None:
    with connection.cursor() as cursor:
        for _ in range(1_000):
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            if cursor.fetchone() != (0,):
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("nobody waits")


def test_a_credit_waits_for_nobody(available, payout):
    post(available("day_1", 100_00), effective_at=NOON)
    with transaction.atomic():
        post(payout("po_1", 60_00), effective_at=NOON)
        [credited] = at_once(lambda: post_many([(available("day_2", 5_00), NOON)]))
        assert isinstance(credited[0], Posted)


def test_batches_of_the_same_events_in_any_order_do_not_deadlock(captured, merchant):
    merchants = [merchant, uuid7(), uuid7()]
    for whose in merchants:  # Opens the accounts: who opens them goes first, and nobody would meet.
        post(captured("att_0", whose=whose), effective_at=NOON)

    def batch():
        events = [captured(f"att_{n}", whose=whose) for n in range(1, 61) for whose in merchants]
        random.shuffle(events)
        # Straight to the database: `post_many` would sort them, and try again after a deadlock.
        return call(
            "ledger_post", orjson.dumps([e.as_item(effective_at=NOON) for e in events]).decode()
        )

    results = at_once(*[batch] * 6)

    assert [result for result in results if isinstance(result, Exception)] == []
    assert sum(posted for result in results for _, _, posted in result) == 180
    for whose in merchants:
        assert off_balance(trial_balance(livemode=False, merchant=whose)) == []


def test_checkpoints_miss_nothing_while_posters_commit_late_and_abort(merchant, captured):
    """Twelve posters, some slow to commit and some aborting, against two checkpointers."""
    done = threading.Event()
    enough = threading.Event()
    committed: Counter[str] = Counter()
    counting = threading.Lock()

    def poster(name: int) -> None:
        dice = random.Random(name)
        for n in range(1_000):
            if n >= 12 and enough.is_set():
                break
            event = captured(f"att_{name}_{n}", dice.randint(1, 999))
            kept = dice.random() < 0.7
            with transaction.atomic():
                post(event, effective_at=NOON)
                if dice.random() < 0.5:
                    with connection.cursor() as cursor:
                        cursor.execute("SELECT pg_sleep(%s)", [dice.random() / 50])
                transaction.set_rollback(not kept)
            if kept:
                with counting:
                    for entry in event.entries:
                        minor = entry.amount.minor
                        committed[entry.account] += minor if entry.type == "CREDIT" else -minor

    def posters() -> None:
        try:
            failed = [r for r in at_once(*[lambda n=n: poster(n) for n in range(12)]) if r]
            assert failed == []
        finally:
            done.set()

    def checkpointer() -> int:
        made = 0
        while not done.is_set():
            made += make_checkpoints(tail=1, merchant=merchant)
            if made > 3:
                enough.set()  # They have run beside each other, however slow the machine.
        return made

    nothing, *made = at_once(posters, checkpointer, checkpointer)

    assert nothing is None
    assert sum(made) > 3
    assert verify_checkpoints(merchant=merchant) == []
    assert {b.account: b.balance.minor for b in balances(merchant, livemode=False)} == dict(
        committed
    )
    wait_for_whoever_is_older()
    make_checkpoints(tail=1, merchant=merchant)
    assert {b.account: b.balance.minor for b in balances(merchant, livemode=False)} == dict(
        committed
    )
