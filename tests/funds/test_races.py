"""Passes side by side, captures that commit late, a pass that is killed: each entry is released exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from kernel.ids import uuid7
from ledger import chart
from ledger.models import LedgerTransaction
from merchants.funds.models import Due
from merchants.funds.proof import CHECKS
from merchants.funds.release import begin_anew, read_on, release_due
from merchants.funds.terms import agree_terms
from merchants.onboard import onboard
from tests.funds.conftest import Book, at
from tests.races import all_at_once


@pytest.fixture
def db(commits: None) -> None:
    """Everything here commits."""


def contradictions() -> list[str]:
    """What of funds the proof finds untrue."""
    found = []
    with connection.cursor() as cursor:
        for check in CHECKS:
            cursor.execute(check.against)
            if cursor.fetchall():
                found.append(check.says)
    return found


def test_passes_side_by_side_release_everything_once(db):
    books = [Book(uuid7()) for _ in range(60)]
    for book in books:
        book.capture(1_00)
    passes = all_at_once(*[lambda: release_due(at=at(25), chunk=7)] * 4)
    assert [book.stands for book in books] == [(0, 1_00, 0)] * 60
    assert sum(one.transactions for one in passes) == 60
    assert LedgerTransaction.objects.filter(kind="funds.available").count() == 60
    assert contradictions() == []


def test_passes_side_by_side_end_each_reserve_once(db):
    books = [Book(onboard("Kiosk", at=at(1)).merchant.id) for _ in range(40)]
    for book in books:
        agree_terms(
            book.merchant, reserve_basis_points=2_500, reserve_days=10, effective_from=at(2)
        )
        book.capture(1_00)
    release_due(at=at(25))
    assert [book.stands for book in books] == [(0, 75, 25)] * 40
    passes = all_at_once(*[lambda: release_due(at=at(5, month=12), chunk=5)] * 4)
    assert [book.stands for book in books] == [(0, 1_00, 0)] * 40
    assert sum(one.transactions for one in passes) == 40
    assert contradictions() == []


def test_first_passes_side_by_side_begin_once(db):
    book = Book(uuid7())
    book.capture(1_00)
    all_at_once(*[lambda: read_on(at=at(25))] * 4)
    assert Due.objects.get().amount == 1_00
    release_due(at=at(25))
    assert book.stands == (0, 1_00, 0)


def test_captures_beside_passes_are_each_released_once(db):
    books = [Book(uuid7()) for _ in range(4)]
    ended = threading.Event()

    def capture(book: Book) -> None:
        for number in range(25):
            if number % 3:
                book.capture(1_00)
            else:
                with transaction.atomic():  # Numbered now, committed when others have long been.
                    book.capture(1_00)
                    time.sleep(0.03)

    def keep_passing() -> None:
        while not ended.is_set():
            release_due(at=at(25), chunk=2)

    def captures() -> None:
        with ThreadPoolExecutor(len(books)) as pool:
            works = [
                pool.submit(lambda book=book: (capture(book), connection.close())) for book in books
            ]
            [work.result() for work in works]
        ended.set()

    all_at_once(captures, keep_passing, keep_passing)
    release_due(at=at(25))
    assert [book.stands for book in books] == [(0, 25_00, 0)] * 4
    assert contradictions() == []


def test_a_capture_that_commits_late_is_neither_missed_nor_waited_for(db):
    late, quick = Book(uuid7()), Book(uuid7())
    numbered, passed = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            late.capture(1_00)
            numbered.set()
            assert passed.wait(10)

    def others() -> None:
        assert numbered.wait(10)
        quick.capture(2_00)
        release_due(at=at(25))
        assert quick.stands == (0, 2_00, 0)
        passed.set()

    all_at_once(slow, others)
    assert late.stands == (1_00, 0, 0)
    release_due(at=at(25))
    assert late.stands == (0, 1_00, 0)
    assert contradictions() == []


@pytest.mark.parametrize("begin", [read_on, begin_anew])
def test_what_a_reader_has_not_committed_itself_is_read_afterwards_once(db, begin):
    kiosk, other = Book(uuid7()), Book(uuid7())
    read_on(at=at(24))
    with transaction.atomic():
        kiosk.capture(1_00)
        all_at_once(lambda: other.capture(1_00))  # Numbered after it, and committed before it.
        begin(at=at(24))
        kiosk.capture(2_00)
        assert [due.merchant_id for due in Due.objects.all()] == [other.merchant]
    release_due(at=at(25))
    assert kiosk.stands == (0, 3_00, 0)
    assert contradictions() == []


def test_beginning_anew_beside_passes_and_captures_loses_nothing(db):
    books = [Book(uuid7()) for _ in range(20)]
    for book in books:
        book.capture(1_00)

    def capture() -> None:
        for book in books:
            book.capture(1_00)

    all_at_once(
        capture,
        lambda: [release_due(at=at(25), chunk=3) for _ in range(5)],
        lambda: [begin_anew(at=at(25)) for _ in range(5)],
    )
    release_due(at=at(25))
    assert [book.stands for book in books] == [(0, 2_00, 0)] * 20
    assert contradictions() == []


PASS = """
import os, sys, datetime, django
django.setup()
from django.conf import settings
from django.db import connection
settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = sys.argv[1]
from merchants.funds.release import release_due
release_due(at=datetime.datetime.fromisoformat(sys.argv[2]), chunk=5)
"""


def test_a_pass_that_is_killed_is_finished_by_the_next_one(db, root: Path):
    books = [Book(uuid7()) for _ in range(30)]
    for book in books:
        book.capture(1_00)
    with transaction.atomic(), connection.cursor() as cursor:
        # Somebody is about to open the account of one in the middle: the pass waits for them.
        cursor.execute(
            "INSERT INTO ledger_account (merchant_id, livemode, code, currency) VALUES (%s, false, %s, 'USD')",
            [books[17].merchant, chart.merchant_available()],
        )
        running = subprocess.Popen(
            [sys.executable, "-c", PASS, connection.settings_dict["NAME"], at(25).isoformat()],
            cwd=root,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "paygate.settings.test"},
            stderr=subprocess.DEVNULL,
        )
        while not anybody_waits(cursor):
            assert running.poll() is None
            time.sleep(0.01)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        transaction.set_rollback(True)
    assert [book.stands for book in books] == [(0, 1_00, 0)] * 15 + [(1_00, 0, 0)] * 15
    assert contradictions() == []
    while release_due(at=at(25)).transactions == 0:
        time.sleep(0.01)  # PostgreSQL has yet to notice that nobody is there any more.
    assert [book.stands for book in books] == [(0, 1_00, 0)] * 30
    assert LedgerTransaction.objects.filter(kind="funds.available").count() == 30
    assert contradictions() == []


def anybody_waits(cursor: Any) -> bool:
    cursor.execute(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
    )
    return bool(cursor.fetchone()[0])
