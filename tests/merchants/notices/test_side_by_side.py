"""Many at once, with real threads, commits and kills: each told once, in order, nobody held up by another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict

import pytest
from django.db import connection

from kernel.clock import now
from kernel.ids import encode
from merchants.models import Notice, NoticeAttempt, WebhookEndpoint
from merchants.notices import deliver as delivering
from merchants.notices.again import redeliver
from merchants.notices.deliver import Lane, deliver_due
from merchants.notices.disable import Reason, disable
from merchants.notices.hear import hear
from merchants.notices.register import MOST, TooManyEndpoints
from merchants.notices.take import lease, take
from tests.merchants.notices.conftest import deliver, pay, sequences, statuses, until
from tests.payments.test_refund_races import at_once


@pytest.fixture
def db(commits):
    """Each thread has a connection of its own, and what it writes is there for the others."""


@pytest.fixture(autouse=True)
def lanes(db, monkeypatch, settings):
    """Lanes of this test's own, ended with it."""
    settings.NOTICES_DEADLINE = 3.0
    settings.NOTICES_SCHEDULE = [0, 0, 0, 0, 0]
    own = (
        Lane(quick=True, threads=12, each=4, share=6),
        Lane(quick=False, threads=12, each=2, share=4),
    )
    monkeypatch.setattr(delivering, "LANES", own)
    yield own
    for lane in own:
        if lane._pool is not None:
            lane._pool.shutdown()


def hangs(release):
    def answer(handler):
        release.wait(20)
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@pytest.fixture
def release():
    event = threading.Event()
    yield event
    event.set()


def proven():
    """All endpoints have answered well and soon."""
    WebhookEndpoint.objects.update(quick=True)


@pytest.mark.parametrize("known", [True, False], ids=["that were quick before", "that are new"])
def test_dead_endpoints_of_one_merchant_delay_no_other(
    shop, listens, happens, another_merchant, release, settings, known
):
    settings.NOTICES_DEADLINE = 20.0
    dead = [f"/dead{number}" for number in range(MOST)]
    for path in dead:
        listens(path)
        shop.answers[path] = [hangs(release)]
    theirs = listens("/alive", whose=another_merchant)
    if known:
        proven()
    for _ in range(10):
        happens(pay(), 1, 2)
    over = threading.Event()

    def work(_):
        while not over.is_set():
            deliver(seconds=0.5)

    working = threading.Thread(target=at_once, args=(2, work))
    working.start()
    try:
        until(lambda: sum(len(shop.at(path)) for path in dead) >= 4)
        for _ in range(30):
            happens(pay(), 1, whose=another_merchant)
        until(lambda: len(shop.at("/alive")) == 30, seconds=15)
        assert len(sequences(shop.at("/alive"), theirs)) == 30
        assert not NoticeAttempt.objects.exclude(
            url=theirs.endpoint.url
        ).exists()  # All still hang.
    finally:
        over.set()
        release.set()
        working.join()


def test_at_most_so_many_are_on_their_way_to_one_endpoint_and_one_merchants(
    shop, listens, happens, merchant, another_merchant
):
    for path in ("/a", "/b", "/c"):
        listens(path)
    listens("/theirs", whose=another_merchant)
    for _ in range(30):
        happens(pay(), 1)
        happens(pay(), 1, whose=another_merchant)

    def work(_):
        return [
            task
            for _ in range(5)
            for task in take(quick=False, most=50, each=4, share=10, at=now())
        ]

    taken = [task for tasks in at_once(8, work) for task in tasks]
    assert len({task.notice.id for task in taken}) == len(taken)
    each = Counter(task.endpoint.url for task in taken)
    assert max(each.values()) <= 4
    share = Counter(task.notice.merchant_id for task in taken)
    assert share == {merchant.merchant.id: 10, another_merchant.merchant.id: 4}


def test_a_free_thread_goes_to_whoever_has_the_fewest(
    shop, listens, happens, merchant, another_merchant
):
    for path in ("/a", "/b", "/c"):
        listens(path)
    for _ in range(30):
        happens(pay(), 1)
    take(quick=False, most=6, each=10, share=100, at=now())
    listens("/theirs", whose=another_merchant)
    for _ in range(10):
        happens(pay(), 1, whose=another_merchant)  # After all of the others'.

    taken = take(quick=False, most=7, each=10, share=100, at=now())

    share = Counter(task.notice.merchant_id for task in taken)
    assert share[another_merchant.merchant.id] == 6  # Up to as many as the other has; then in turn.


def test_however_many_deliver_each_notice_is_tried_once(shop, listens, happens):
    endpoint = listens()
    proven()
    for _ in range(40):
        happens(pay(), 1, 2, 3)

    at_once(4, lambda _: deliver_due(seconds=20))

    until(lambda: statuses() == {"delivered": 120})
    assert NoticeAttempt.objects.count() == len(shop.at("/hook")) == 120
    heard = defaultdict(list)
    for subject, sequence in sequences(shop.at("/hook"), endpoint):
        heard[subject].append(sequence)
    assert all(order == [1, 2, 3] for order in heard.values())


def test_what_is_heard_while_others_are_delivered_is_not_forgotten(shop, listens, happens):
    """Whoever hears an event looks whether one before it is pending; whoever delivers that, what comes next."""
    endpoint = listens()
    proven()
    subjects = [pay() for _ in range(6)]
    over = threading.Event()

    def work(number):
        if number >= 2:
            while not over.is_set():
                deliver_due(seconds=1)
                time.sleep(0.005)
            return
        try:
            for sequence in range(1, 16):
                for subject in subjects[number::2]:
                    hear(happens(subject, sequence))  # Told twice, as it happens.
            until(lambda: not Notice.objects.filter(status="pending").exists(), seconds=20)
        finally:
            over.set()

    at_once(4, work)

    assert statuses() == {"delivered": 90}
    heard = sequences(shop.at("/hook"), endpoint)
    for subject in subjects:
        assert [n for whose, n in heard if whose == subject] == list(range(1, 16))


def test_nothing_goes_wrong_when_everything_happens_at_once(shop, listens, happens, merchant):
    """Hearing, delivering, failing, sending again, disabling: whatever comes first, nothing is stuck or doubled."""
    endpoints = [listens(f"/{name}") for name in "abc"]
    turns = iter(range(10_000))
    for name in "abc":
        shop.answers[f"/{name}"] = [lambda handler: flaky(handler)]

    def flaky(handler):
        handler.send_response(500 if next(turns) % 3 == 0 else 200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    subjects = [pay() for _ in range(5)]
    events = [event for subject in subjects for event in happens(subject, 1)]

    def work(number):
        match number:
            case 0 | 1:
                for sequence in range(2, 12):
                    for subject in subjects[number::2]:
                        happens(subject, sequence)
            case 2 | 3:
                deliver_due(seconds=4)
            case 4:
                for event in events * 4:
                    redeliver(
                        merchant.merchant.id,
                        encode("evt", event.id),
                        livemode=False,
                        at=now(),
                    )
            case 5:
                time.sleep(0.3)
                whose = (merchant.merchant.id, endpoints[2].endpoint.id)
                disable(*whose, reason=Reason.BACK_OFFICE, at=now())

    at_once(6, work)
    deliver(seconds=20)

    assert "pending" not in statuses()
    kept = Notice.objects.exclude(webhook_endpoint_id=endpoints[2].endpoint.id)
    assert kept.count() >= 2 * 55
    numbers = NoticeAttempt.objects.values_list("notice_id", "number")
    assert len(set(numbers)) == len(numbers)
    for notice in Notice.objects.filter(status="delivered"):
        assert NoticeAttempt.objects.filter(notice_id=notice.id, error="").exists()


def test_a_merchant_never_has_a_seventeenth_endpoint(shop, listens):
    for number in range(MOST - 1):
        listens(f"/{number}")

    def one_more(number):
        try:
            return listens(f"/more{number}")
        except TooManyEndpoints:
            return None

    assert len([one for one in at_once(8, one_more) if one]) == 1
    assert WebhookEndpoint.objects.count() == MOST


WORKER = """
import django
django.setup()
from merchants.notices.deliver import deliver_due
print("working", flush=True)
deliver_due(seconds=60)
"""


def test_a_worker_killed_in_the_middle_loses_nothing(shop, listens, happens, release, settings):
    endpoint = listens()
    shop.answers["/hook"] = [hangs(release)]
    happens("pay_a", 1, 2)
    database = connection.settings_dict
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        env={
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "paygate.settings.local",
            "NOTICES_DEADLINE": "30",
        },
    )
    try:
        until(lambda: shop.at("/hook"), seconds=30)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    release.set()

    assert statuses() == {"pending": 2}
    assert deliver() == 0  # It is still the dead one's.
    assert not NoticeAttempt.objects.exists()
    Notice.objects.filter(taken_by__isnull=False).update(next_try_at=now())  # Its lease is over.
    deliver()

    assert statuses() == {"delivered": 2}
    assert sequences(shop.at("/hook"), endpoint) == [("pay_a", 1), ("pay_a", 1), ("pay_a", 2)]
    assert len({one.body for one in shop.at("/hook")[:2]}) == 1
    assert lease().total_seconds() < 60
