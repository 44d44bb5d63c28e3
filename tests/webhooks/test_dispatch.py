"""What was stored is applied at once, and no PSP waits for our broker."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from paygate.webhooks import dispatch
from tests.webhooks.conftest import only
from tests.webhooks.signed import letter


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[str]:
    """What was published, while bells ring as they do in the web server."""
    published: list[str] = []
    monkeypatch.setattr(dispatch, "_publish", published.append)
    settings.GROUP_COMMITS = True
    dispatch._bell.cache_clear()
    return published


def eventually(there: Any) -> bool:
    deadline = time.monotonic() + 5
    while not there() and time.monotonic() < deadline:
        time.sleep(0.005)
    return bool(there())


def test_many_who_ring_share_a_message(rings):
    with ThreadPoolExecutor(16) as threads:
        for _ in range(400):
            threads.submit(dispatch.ring, "stripe")

    assert eventually(lambda: rings)
    time.sleep(3 * dispatch.REST)
    assert set(rings) == {"stripe"}
    assert len(rings) < 100


def test_who_rings_while_a_message_is_on_its_way_is_heard_by_another(rings, monkeypatch):
    gate = threading.Event()

    def slow(psp: str) -> None:
        rings.append(psp)
        gate.wait(5)

    monkeypatch.setattr(dispatch, "_publish", slow)
    dispatch.ring("adyen")
    assert eventually(lambda: len(rings) == 1)
    dispatch.ring("adyen")
    gate.set()

    assert eventually(lambda: len(rings) == 2)


def test_a_bell_that_failed_rings_again(rings, monkeypatch):
    def fails(psp: str) -> None:
        rings.append(psp)
        raise RuntimeError

    monkeypatch.setattr(dispatch, "_publish", fails)
    dispatch.ring("stripe")
    assert eventually(lambda: len(rings) == 1)
    dispatch.ring("stripe")

    assert eventually(lambda: len(rings) == 2)


@pytest.mark.django_db
@pytest.mark.parametrize("gone", [redis.ConnectionError(), OSError()])
def test_without_a_broker_it_is_stored_and_answered(monkeypatch, gone, caplog):
    def unreachable(**_: Any) -> None:
        raise gone

    monkeypatch.setattr(dispatch.apply_due, "apply_async", unreachable)

    assert letter("stripe").send().status_code == 200

    assert only().state == "received"  # Until beat comes by.
    assert "broker.gone" in caplog.messages
