"""A file is kept as it came, before anybody reads it: all of its bytes, with their hash, and the same ones once.

It passes through in pieces. What was taken lies deflated in a temporary file until its end is known, so that nothing
is held in the database while somebody is still sending.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import IO

from django.conf import settings
from django.db import connection

from kernel.db import atomic
from kernel.ids import uuid7
from paygate.reconciliation.models import Statement

_PART = 1 << 20  # Bytes, deflated.
_IN_MEMORY = 4 << 20
_PIECE = 1 << 18  # Bytes that are given back at once.
_FAST = (
    1  # zlib's level: by the best one a file is smaller by a third, and waits four times as long.
)
_LONGEST_NAME = 200


class TooLarge(ValueError):
    """More bytes than settings.STATEMENT_MOST."""


class Damaged(Exception):
    """What is kept are not the bytes that were received."""


@dataclass(frozen=True, slots=True)
class Received:
    """`new` is False where the same bytes had been received before: `statement` is then that one."""

    statement: Statement
    new: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that has come to its end and is not in the database yet."""

    deflated: IO[bytes]
    sha256: str
    size: int


def receive(
    psp: str,
    name: str,
    pieces: Iterable[bytes],
    *,
    livemode: bool,
    source: str,
    received_by: str = "",
    at: datetime,
) -> Received:
    """Take a file and keep it, in one commit. `source` is one of Statement.Source; `received_by` who uploaded it.

    Raises TooLarge, and whatever `pieces` raises: then nothing was kept.
    """
    with take(pieces) as taken:
        return keep(
            taken, psp, name, livemode=livemode, source=source, received_by=received_by, at=at
        )


@contextmanager
def take(pieces: Iterable[bytes]) -> Iterator[Taken]:
    """The file, to its end; for whoever must not hold a transaction meanwhile. Raises TooLarge."""
    digest, deflate, size = sha256(), zlib.compressobj(_FAST), 0
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
        for piece in pieces:
            size += len(piece)
            if size > settings.STATEMENT_MOST:
                raise TooLarge(f"a file has at most {settings.STATEMENT_MOST} bytes")
            digest.update(piece)
            spool.write(deflate.compress(piece))
        spool.write(deflate.flush())
        spool.seek(0)
        yield Taken(spool, digest.hexdigest(), size)


def keep(
    taken: Taken,
    psp: str,
    name: str,
    *,
    livemode: bool,
    source: str,
    received_by: str = "",
    at: datetime,
) -> Received:
    """Write it down, in one commit or in the caller's."""
    statement = Statement(
        id=uuid7(),
        psp=psp,
        livemode=livemode,
        name=plain(name),
        source=source,
        received_by=received_by,
        received_at=at,
        sha256=taken.sha256,
        size=taken.size,
    )
    with atomic():
        # Whoever keeps the same bytes at the same time is waited for.
        Statement.objects.bulk_create([statement], ignore_conflicts=True)
        kept = Statement.objects.get(psp=psp, livemode=livemode, sha256=taken.sha256)
        if kept.id != statement.id:
            return Received(kept, new=False)
        with connection.cursor() as cursor:
            for number, part in enumerate(iter(lambda: taken.deflated.read(_PART), b"")):
                cursor.execute(
                    "INSERT INTO statement_part (statement_id, number, content) VALUES (%s, %s, %s)",
                    [kept.id, number, part],
                )
    return Received(kept, new=True)


def content_of(statement: Statement) -> Iterator[bytes]:
    """The bytes as they came, in pieces of at most 256 KB; at their end they are held against the hash.

    Raises Damaged, if only after the last piece: whoever has taken all of them may believe them.
    """
    digest, size = sha256(), 0
    try:
        for piece in _inflated(statement):
            digest.update(piece)
            size += len(piece)
            yield piece
    except zlib.error as error:
        raise Damaged(f"{statement.public_id}: {error}") from error
    if (digest.hexdigest(), size) != (statement.sha256, statement.size):
        raise Damaged(f"{statement.public_id} is not what was received")


def plain(name: str) -> str:
    """A name to keep: without the folders that it came from, and without what is no letter of a name."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter for letter in last if letter.isprintable()).strip()
    return kept[-_LONGEST_NAME:] or "unnamed"


def _inflated(statement: Statement) -> Iterator[bytes]:
    """They leave the database before the first piece is given: its connection may be copying them back by then."""
    inflate = zlib.decompressobj()
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
        for part in _parts(statement):
            spool.write(part)
        spool.seek(0)
        while part := spool.read(_PIECE):
            piece = inflate.decompress(part, _PIECE)
            while piece:
                yield piece
                piece = inflate.decompress(inflate.unconsumed_tail, _PIECE)
    if last := inflate.flush():
        yield last


def _parts(statement: Statement) -> Iterator[bytes]:
    """One after the other, so that one of them is in memory."""
    with connection.cursor() as cursor:
        number = 0
        while True:
            cursor.execute(
                "SELECT content FROM statement_part WHERE statement_id = %s AND number = %s",
                [statement.id, number],
            )
            found = cursor.fetchone()
            if found is None:
                return
            yield bytes(found[0])
            number += 1
