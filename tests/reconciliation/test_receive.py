"""A file that comes is kept as it is: to the byte, once, whoever else brings it at the same time."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.transaction import atomic

from paygate.reconciliation.models import Statement
from paygate.reconciliation.receive import (
    Damaged,
    Received,
    TooLarge,
    content_of,
    plain,
    receive,
)
from tests.races import at_once
from tests.reconciliation.files import AT


@pytest.fixture
def db(commits: None) -> None:
    """Threads bring the same file."""


def bring(
    content: bytes, *, psp: str = "stripe", livemode: bool = False, name: str = "a.csv"
) -> Received:
    pieces = (content[start : start + 1000] for start in range(0, len(content), 1000))
    return receive(psp, name, pieces, livemode=livemode, source="folder", at=AT)


def parts_of(statement: Statement) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM statement_part WHERE statement_id = %s", [statement.id]
        )
        [count] = cursor.fetchone()
        return int(count)


@pytest.mark.parametrize("content", [b"", b"a", b"a,b\n" * 100_000])
def test_what_was_received_is_given_back_to_the_byte(db: None, content: bytes) -> None:
    received = bring(content)

    assert received.new
    assert b"".join(content_of(received.statement)) == content
    assert received.statement.sha256 == sha256(content).hexdigest()
    assert (received.statement.size, received.statement.state) == (len(content), "received")


def test_a_large_file_is_kept_in_parts_and_given_back_in_pieces(db: None) -> None:
    content = random.Random(1).randbytes(5 << 20)
    statement = bring(content).statement

    assert parts_of(statement) > 4
    assert max(len(piece) for piece in content_of(statement)) <= 1 << 18
    assert b"".join(content_of(statement)) == content


def test_what_deflates_to_almost_nothing_is_given_back_in_pieces_too(db: None) -> None:
    statement = bring(bytes(20 << 20)).statement
    assert parts_of(statement) == 1
    assert max(len(piece) for piece in content_of(statement)) <= 1 << 18


def test_the_same_bytes_again_change_nothing(db: None) -> None:
    first = bring(b"a,b\n1,2\n")
    again = bring(b"a,b\n1,2\n", name="renamed.csv")

    assert (again.new, again.statement) == (False, first.statement)
    assert Statement.objects.get().name == "a.csv"


def test_the_same_bytes_of_another_psp_or_mode_are_another_file(db: None) -> None:
    assert bring(b"x").new
    assert bring(b"x", psp="adyen").new
    assert bring(b"x", livemode=True).new


def test_of_many_who_bring_a_file_at_once_one_is_first(db: None) -> None:
    brought = at_once(6, lambda _: bring(b"a,b\n" * 50_000))

    assert [one.new for one in brought].count(True) == 1
    assert len({one.statement.id for one in brought}) == 1
    assert b"".join(content_of(Statement.objects.get())) == b"a,b\n" * 50_000


def test_a_file_that_breaks_off_while_it_is_sent_leaves_nothing(db: None) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a,b\n"
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        receive("stripe", "a.csv", pieces(), livemode=False, source="fetched", at=AT)
    assert not Statement.objects.exists()


def test_a_file_that_is_too_large_leaves_nothing(db: None, settings: Any) -> None:
    settings.STATEMENT_MOST = 1999
    with pytest.raises(TooLarge):
        bring(bytes(2000))
    assert not Statement.objects.exists()
    assert bring(bytes(1999)).new


def test_what_is_kept_cannot_be_changed(db: None) -> None:
    statement = bring(b"a,b\n").statement
    for act in (
        "UPDATE statement_part SET content = ''",
        "DELETE FROM statement_part",
        "UPDATE statement SET name = 'b'",
        "DELETE FROM statement",
    ):
        with pytest.raises(DatabaseError), atomic(), connection.cursor() as cursor:
            cursor.execute(act)
    assert b"".join(content_of(statement)) == b"a,b\n"


@pytest.mark.parametrize(
    "instead", [zlib.compress(b"a,c\n"), b"rotten", b"", zlib.compress(b"a")[:5]]
)
def test_bytes_that_are_not_what_was_received_are_not_believed(db: None, instead: bytes) -> None:
    statement = bring(b"a,b\n").statement
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE statement_part DISABLE TRIGGER USER")
        cursor.execute("UPDATE statement_part SET content = %s", [instead])
        cursor.execute("ALTER TABLE statement_part ENABLE TRIGGER USER")
    with pytest.raises(Damaged):
        list(content_of(statement))


@pytest.mark.parametrize(
    "name, kept",
    [
        ("report.csv", "report.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\files\\report.csv", "report.csv"),
        ("a\0b\nc.csv", "abc.csv"),
        ("", "unnamed"),
        ("folder/", "unnamed"),
        ("x" * 300 + ".csv", "x" * 196 + ".csv"),
    ],
)
def test_a_name_is_kept_without_what_is_none(name: str, kept: str) -> None:
    assert plain(name) == kept
