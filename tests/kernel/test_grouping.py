"""Group commit."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from kernel.grouping import Grouped


@pytest.fixture(autouse=True)
def grouped(settings):
    settings.GROUP_COMMITS = True


def test_what_gathers_while_a_group_is_on_its_way_goes_out_together():
    gate, groups = threading.Event(), []

    def work(items):
        groups.append(sorted(items))
        gate.wait(5)
        return [item * 10 for item in items]

    call = Grouped(work, name="test")
    with ThreadPoolExecutor(8) as callers:
        first = callers.submit(call, 1)
        while not groups:
            pass
        rest = [callers.submit(call, number) for number in range(2, 9)]
        while len(call._gathering) < 7:
            pass
        gate.set()

        assert first.result(5) == 10
        assert [one.result(5) for one in rest] == [20, 30, 40, 50, 60, 70, 80]
    assert groups == [[1], [2, 3, 4, 5, 6, 7, 8]]


def test_one_bad_item_never_fails_its_neighbours():
    def work(items):
        if 3 in items:
            raise ValueError("three")
        return items

    call = Grouped(work, name="test")
    with ThreadPoolExecutor(8) as callers:
        results = [callers.submit(call, number) for number in range(1, 6)]

        assert [r.result(5) for r in results if r is not results[2]] == [1, 2, 4, 5]
        with pytest.raises(ValueError, match="three"):
            results[2].result(5)


def test_a_group_is_never_larger_than_it_may_be():
    sizes, gate = [], threading.Event()

    def work(items):
        sizes.append(len(items))
        gate.wait(5)
        return items

    call = Grouped(work, name="test", largest=3)
    with ThreadPoolExecutor(10) as callers:
        results = [callers.submit(call, number) for number in range(10)]
        gate.set()
        assert sorted(r.result(5) for r in results) == list(range(10))
    assert max(sizes) <= 3


@pytest.mark.django_db
def test_who_waits_for_the_group_holds_no_connection():
    def work(items):
        return [waiting.connection is None for _ in items]

    def caller():
        nonlocal waiting
        waiting = connections["default"]
        waiting.ensure_connection()
        try:
            return call(1)
        finally:
            waiting.close()

    waiting = None
    call = Grouped(work, name="test")
    with ThreadPoolExecutor(1) as callers:
        assert callers.submit(caller).result(5)


def answers(*outcomes):
    """Work that returns or raises these, one after the other."""
    left = list(outcomes)

    def work(items):
        outcome = left.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return Grouped(work, name="test")


@pytest.mark.parametrize("trouble", [SystemExit(1), ValueError("no"), ["one", "too many"], []])
def test_nobody_waits_for_ever_whatever_happens_to_the_thread(trouble):
    call = answers(trouble, ["sound"])
    with ThreadPoolExecutor(1) as callers:
        with pytest.raises((RuntimeError, ValueError)):
            callers.submit(call, 1).result(5)

        assert callers.submit(call, 2).result(5) == "sound"


def test_a_thread_that_could_not_begin_is_begun_by_the_next_caller(monkeypatch):
    call = answers(["sound"])

    def cannot(thread):
        raise RuntimeError("can't start new thread")

    with ThreadPoolExecutor(1) as callers:
        callers.submit(int).result(5)  # Its thread is there before threads cannot be had.
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", cannot)
            first = callers.submit(call, 1)
            with pytest.raises(RuntimeError, match="can't start"):
                first.result(5)

        assert callers.submit(call, 2).result(5) == "sound"
