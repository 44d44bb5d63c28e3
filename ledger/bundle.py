"""The auditor's bundle: the books of a period as CSV, with their seals, and a program that verifies them alone.

Written by PostgreSQL's COPY, in one snapshot, so that it is streamed however much there is, and of one moment whoever
posts meanwhile. The same period gives the same bytes. A day belongs to the period by when we wrote it (posted_at).
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import orjson
from django.db import connection

from kernel.db import atomic
from kernel.ids import encode

_VERIFIER = Path(__file__).parent / "verifier"
_BESIDES = ("README.txt", "verify.py")

Open = Callable[[str], AbstractContextManager[BinaryIO]]


class NotSealed(ValueError):
    """The period is not over, or not all of it is sealed yet."""


class InTheWay(ValueError):
    """Where the bundle should go there is something already."""


@dataclass(frozen=True, slots=True)
class Exported:
    """`fingerprint` is the SHA-256 of the manifest: who is told it by another way can tell one bundle from another."""

    fingerprint: str
    counts: dict[str, int]
    sealed_upto: datetime | None  # What was posted before it is sealed; None when nothing is.


@dataclass(slots=True)
class _File:
    """Counts and hashes what is written to a file."""

    file: BinaryIO
    digest: Any = field(default_factory=hashlib.sha256)

    def write(self, piece: bytes) -> None:
        self.digest.update(piece)
        self.file.write(piece)


def export_bundle(
    into: Path,
    *,
    first: date,
    last: date,
    livemode: bool,
    merchant: UUID | None = None,
    unsealed: bool = False,
) -> Exported:
    """Write the bundle of the UTC days from `first` to `last`, both included, into a new folder or a *.zip.

    `merchant`: that one's book alone, without the rolls of all. `unsealed`: take what is not sealed yet as well. Raises
    NotSealed without it, and InTheWay when the folder is not empty or the zip is there.
    """
    start = datetime.combine(first, time.min, UTC)
    end = datetime.combine(last, time.min, UTC) + timedelta(days=1)
    about = {"start": start, "end": end, "livemode": livemode, "merchant": merchant}
    with ExitStack() as stack:
        ours = not connection.in_atomic_block
        stack.enter_context(atomic())
        cursor = stack.enter_context(connection.cursor())
        if ours:  # A caller's transaction has its own isolation.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT max(upto) FROM ledger_roll WHERE livemode = %s", [livemode])
        [sealed_upto] = cursor.fetchone()
        sealed = sealed_upto is not None and sealed_upto >= end
        if not (sealed or unsealed):
            upto = sealed_upto.date() if sealed_upto else "its first day"
            raise NotSealed(f"the books are sealed up to {upto}: {last} is not")
        open_file = stack.enter_context(_destination(into))
        files, counts = {}, {}
        for name, question in _QUESTIONS.items():
            if name != "rolls.csv" or merchant is None:
                files[name], counts[name[:-4]] = _copy(cursor, question, about, open_file, name)
        for name in _BESIDES:
            files[name] = _write(open_file, name, (_VERIFIER / name).read_bytes())
        # Nothing of now, so that it is the same tomorrow.
        manifest = {
            "bundle": 1,
            "mode": "live" if livemode else "test",
            "from": str(first),
            "to": str(last),
            "merchant": encode("mer", merchant) if merchant else None,
            "sealed": sealed,
            "sealed_upto": _written(min(sealed_upto, end) if sealed_upto else start),
            "counts": counts,
            "files": {name: {"sha256": digest} for name, digest in files.items()},
        }
        told = orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n"
        fingerprint = _write(open_file, "manifest.json", told)
        _write(open_file, "manifest.sha256", f"{fingerprint}\n".encode())
    return Exported(fingerprint, counts, sealed_upto)


def _copy(
    cursor: Any, question: str, about: dict[str, Any], open_file: Open, name: str
) -> tuple[str, int]:
    """The answer as a CSV file; its hash and its number of rows."""
    with open_file(name) as raw:
        file = _File(raw)
        with cursor.copy(f"COPY ({question}) TO STDOUT (FORMAT csv, HEADER)", about) as copy:
            for piece in copy:
                file.write(bytes(piece))
        return file.digest.hexdigest(), cursor.rowcount


def _write(open_file: Open, name: str, content: bytes) -> str:
    with open_file(name) as raw:
        file = _File(raw)
        file.write(content)
    digest: str = file.digest.hexdigest()
    return digest


@contextmanager
def _destination(into: Path) -> Iterator[Open]:
    """How files are opened there. A zip says nothing of today, so that its bytes are the same tomorrow."""
    if into.suffix != ".zip":
        into.mkdir(parents=True, exist_ok=True)
        if any(into.iterdir()):
            raise InTheWay(f"{into} is not empty")
        yield lambda name: (into / name).open("xb")
        return
    if into.exists():
        raise InTheWay(f"{into} is there already")
    with zipfile.ZipFile(into, "x", zipfile.ZIP_DEFLATED) as archive:

        def open_file(name: str) -> Any:
            entry = zipfile.ZipInfo(name)  # Of 1980, as ever.
            entry.compress_type = zipfile.ZIP_DEFLATED
            return archive.open(entry, "w", force_zip64=True)

        yield open_file


def _written(moment: datetime) -> str:
    """As ledger_written() writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _of_period(table: str) -> str:
    """The rows of one mode, one merchant or all, that were posted in the period."""
    return (
        f"{table}.livemode = %(livemode)s AND {table}.posted_at >= %(start)s AND {table}.posted_at < %(end)s"
        f" AND (%(merchant)s::uuid IS NULL OR {table}.merchant_id = %(merchant)s::uuid)"
    )


#: The files, with the columns in the order in which they are hashed (verifier/README.txt).
_QUESTIONS = {
    "transactions.csv": f"""
        SELECT t.merchant_id AS merchant, t.id, t.kind, t.source, t.reverses, t.memo,
            ledger_written(t.effective_at) AS effective_at, ledger_written(t.posted_at) AS posted_at
        FROM ledger_transaction t WHERE {_of_period("t")}
        ORDER BY t.merchant_id, t.posted_at, t.id""",  # noqa: S608 - our own words.
    "entries.csv": f"""
        SELECT e.merchant_id AS merchant, e.transaction_id AS transaction, e.line, e.type, a.code AS account,
            e.currency, e.amount
        FROM ledger_entry e JOIN ledger_account a ON a.merchant_id = e.merchant_id AND a.id = e.account_id
        WHERE {_of_period("e")}
        ORDER BY e.merchant_id, e.posted_at, e.transaction_id, e.line""",  # noqa: S608
    "accounts.csv": """
        SELECT a.merchant_id AS merchant, a.code AS account, a.currency, sums.opening, sums.closing
        FROM (
            SELECT e.merchant_id, e.account_id,
                coalesce(sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END)
                    FILTER (WHERE e.posted_at < %(start)s), 0) AS opening,
                sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END) AS closing
            FROM ledger_entry e
            WHERE e.livemode = %(livemode)s AND e.posted_at < %(end)s
                AND (%(merchant)s::uuid IS NULL OR e.merchant_id = %(merchant)s::uuid)
            GROUP BY e.merchant_id, e.account_id
        ) sums
        JOIN ledger_account a ON a.merchant_id = sums.merchant_id AND a.id = sums.account_id
        ORDER BY a.merchant_id, a.code COLLATE "C", a.currency COLLATE "C\"""",
    "seals.csv": """
        SELECT s.merchant_id AS merchant, s.number, ledger_written(s.after) AS after, ledger_written(s.upto) AS upto,
            s.transactions, s.entries, s.sums, encode(s.content, 'hex') AS content,
            encode(s.previous, 'hex') AS previous, encode(s.hash, 'hex') AS hash
        FROM ledger_seal s
        WHERE s.livemode = %(livemode)s AND s.upto > %(start)s AND s.upto <= %(end)s
            AND (%(merchant)s::uuid IS NULL OR s.merchant_id = %(merchant)s::uuid)
        ORDER BY s.merchant_id, s.number""",
    "rolls.csv": """
        SELECT ledger_written(c.after) AS after, ledger_written(r.upto) AS upto, r.seals,
            encode(r.previous, 'hex') AS previous, encode(r.hash, 'hex') AS hash
        FROM ledger_roll r JOIN ledger_closing c ON c.upto = r.upto
        WHERE r.livemode = %(livemode)s AND r.upto > %(start)s AND r.upto <= %(end)s
        ORDER BY r.upto""",
}
