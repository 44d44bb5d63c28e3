"""A balance says when what is pending, and what is held back, becomes available."""

from __future__ import annotations

from datetime import timedelta

import pytest

from merchants.funds.release import release_due
from merchants.funds.shapes import UpcomingShape
from merchants.funds.terms import agree_terms
from tests.balances.conftest import NOON, Book
from tests.ledger.conftest import wait_for_whoever_is_older


@pytest.fixture
def db(commits: None) -> None:
    """Everything here commits: the pass over the books reads what others have committed."""


def upcoming(api, **query):
    return api.get("balance", query).json()["upcoming"]


def test_what_is_pending_says_when_it_is_available(api, book: Book):
    """T+2, and a tenth held back for a week; the days are Berlin's."""
    agree_terms(
        book.merchant,
        effective_from=NOON - timedelta(days=1),
        calendar="weekdays",
        time_zone="Europe/Berlin",
        reserve_basis_points=1_000,
        reserve_days=7,
    )
    book.capture(100_00, at=NOON)
    wait_for_whoever_is_older()
    release_due(at=NOON)

    [pending] = upcoming(api)
    assert set(pending) == set(UpcomingShape().fields)
    assert pending == {
        "available_on": "2026-11-25",
        "available_at": "2026-11-24T23:00:00.000Z",
        "currency": "USD",
        "amount": 100_00,
        "source": "pending",
    }
    release_due(at=NOON + timedelta(days=3))
    [reserved] = upcoming(api)
    assert (reserved["amount"], reserved["source"]) == (10_00, "reserved")


def test_of_the_past_it_is_not_said(api, book: Book):
    book.capture(100_00, at=NOON)
    wait_for_whoever_is_older()
    release_due(at=NOON)

    assert upcoming(api)
    assert upcoming(api, as_of=NOON.isoformat()) == []


def test_another_merchants_days_are_not_seen(client_for, another_merchant, book: Book):
    book.capture(100_00, at=NOON)
    wait_for_whoever_is_older()
    release_due(at=NOON)

    assert upcoming(client_for(another_merchant)) == []
