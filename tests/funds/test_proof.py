"""The proof of funds finds what is wrong, each statement what it is about."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from merchants.funds.proof import CHECKS
from merchants.funds.release import release_due
from merchants.funds.terms import agree_terms
from merchants.onboard import onboard
from paygate.proof.prove import prove
from tests.funds.conftest import NOON, Book, at
from tests.funds.test_races import contradictions


@pytest.fixture
def db(commits: None) -> None:
    """Everything here commits."""


@pytest.fixture
def kiosk(db: None) -> Book:
    """With a capture that is available, its reserve, and one that is pending."""
    kiosk = Book(onboard("Kiosk", at=NOON - timedelta(days=1)).merchant.id)
    agree_terms(
        kiosk.merchant,
        reserve_basis_points=1_000,
        reserve_days=10,
        effective_from=NOON - timedelta(days=1),
    )
    kiosk.capture(100_00)
    kiosk.capture(50_00, when=at(24))
    release_due(at=at(25))
    return kiosk


PENDING, RESERVE, RELEASES, RESERVES, DAYS = (check.says for check in CHECKS)


def test_it_is_part_of_the_proof(kiosk):
    said = {finding.says: finding.contradictions for finding in prove().findings}
    assert [said[check.says] for check in CHECKS] == [0] * len(CHECKS)


def test_what_was_not_read_yet_contradicts_nothing(kiosk):
    kiosk.capture(3_00)
    assert contradictions() == []


def test_before_the_first_pass_nothing_contradicts(db):
    Book(onboard("Kiosk").merchant.id).capture(1_00)
    assert contradictions() == []


@pytest.mark.parametrize(
    ("tampering", "statements"),
    [
        ("UPDATE funds_due SET amount = amount + 1 WHERE NOT settled", {PENDING}),
        ("UPDATE funds_due SET released = released - 1 WHERE settled", {PENDING, RELEASES}),
        ("DELETE FROM funds_due WHERE settled", {RELEASES}),
        ("UPDATE funds_due SET releases = 2 WHERE settled", {RELEASES}),
        ("UPDATE funds_reserve SET amount = amount + 1", {RESERVE, RESERVES}),
        ("DELETE FROM funds_reserve", {RESERVE, RESERVES}),
        ("UPDATE funds_reserve SET released_at = due_at", {RESERVE, RESERVES}),
        (
            "UPDATE funds_reserve SET released_at = due_at - interval '1 second'",
            {RESERVE, RESERVES, DAYS},
        ),
    ],
)
def test_what_is_wrong_is_found(kiosk, tampering, statements):
    assert contradictions() == []
    with connection.cursor() as cursor:
        cursor.execute(tampering)
        assert cursor.rowcount == 1
    assert set(contradictions()) == statements


def test_a_release_before_its_day_is_found(kiosk):
    with connection.cursor() as cursor:  # As if it had been the next day's.
        cursor.execute("ALTER TABLE ledger_transaction DISABLE TRIGGER USER")
        for change in (
            "ledger_transaction SET source = replace(source, '11-25', '11-26')",
            "funds_reserve SET source = replace(source, '11-25', '11-26')",
            "funds_due SET due_on = '2026-11-26' WHERE settled",
        ):
            cursor.execute(f"UPDATE {change}")
        cursor.execute("ALTER TABLE ledger_transaction ENABLE TRIGGER USER")
    assert contradictions() == [DAYS]
