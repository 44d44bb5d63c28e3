"""What a file of a PSP's comes to, as it is read when it is received: its lines, typed, in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import connection

from kernel.db import atomic, call
from paygate.psp.statements import Format
from paygate.reconciliation import table
from paygate.reconciliation.text import utf8

_SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> bytes:
    return (_SAMPLES / name).read_bytes()


def rows_of(format: Format, content: bytes) -> list[dict[str, Any]]:
    """Each line by the columns of `told`. Raises paygate.reconciliation.reading.Refused."""
    with atomic(), connection.cursor() as cursor:
        call("statement_stage")
        table.load(lambda: utf8(iter([content]), latin=False), [format])
        cursor.execute("SELECT * FROM told ORDER BY row")
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def identity_of(format: Format, content: bytes) -> str:
    """What the file is a version of."""
    with atomic(), connection.cursor() as cursor:
        call("statement_stage")
        table.load(lambda: utf8(iter([content]), latin=False), [format])
        cursor.execute(format.identity)
        [identity] = cursor.fetchone()
        return str(identity)
