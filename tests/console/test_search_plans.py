"""No question of the search reads a large table from the beginning to the end, however full it is."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection

from bench.crowded import fill
from bench.looking import drawn, reading_whole, sorts
from paygate.console.search import search

PAYMENTS = 20_000
SMALL = 2_000  # Rows: a merchant's name, for instance, may be looked for among so many.


@pytest.fixture(scope="module")
def crowded(django_db_setup, django_db_blocker):
    """Very many payments, in a transaction that is never committed."""
    with django_db_blocker.unblock():
        connection.set_autocommit(False)
        try:
            with connection.cursor() as cursor:
                fill(cursor.execute, PAYMENTS, merchants=5_000)
                cursor.execute("ANALYZE")
                paid = drawn(cursor, 5)
            yield dict(sorts(paid))
        finally:
            connection.rollback()
            connection.set_autocommit(True)


WHAT = (
    *("payment id", "attempt id", "transaction id", "bare UUID", "PSP reference", "PSP event"),
    *("order number", "payer", "card and amount", "card, amount, day", "card alone"),
    *("card and day", "what all have", "merchant", "host", "nothing"),
)
FOUND = {*WHAT} - {"host", "nothing"}


@pytest.mark.parametrize("what", WHAT)
def test_each_question_is_answered_by_indexes(crowded, what):
    anybody = User(username="anybody", is_superuser=True, is_active=True)

    for text in crowded[what]:
        with reading_whole(connection, SMALL) as (_, whole):
            found = search(text, anybody)
        assert whole == set(), text
        assert not any(group.failed for group in found)
        assert bool(found) == (what in FOUND), text


def test_every_sort_of_question_is_tried(crowded):
    assert {*crowded} - {*WHAT} == {"many merchants"}  # The first that come will do.
