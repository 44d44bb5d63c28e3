"""A file that was damaged on its way is refused, or it says what it says: read to exactly the lines that are in it.

Where it is read after all, another reader (Python's own) has to find the same lines in it, so nothing is half-loaded.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from typing import Any

import pytest

from paygate.psp import registry
from paygate.reconciliation.read import Reading, Refused, read
from tests.reconciliation.files import COLUMNS, PLAIN, kept, row, rows_, told, written
from tests.reconciliation.test_bank_statement import camt, detail, entry, statement

Line = tuple[str, int, int, int]


@pytest.fixture(autouse=True)
def one_format(monkeypatch: Any, db: None) -> None:
    monkeypatch.setattr(registry, "formats", lambda _: (PLAIN,))


def whole(separator: str = ",") -> bytes:
    """Thirty rows; some with quotes, line ends and letters beyond ASCII."""
    rows = rows_(30)
    rows[3]["note"], rows[17]["what"] = 'said "yes"\nand left', "naïve, really"
    rows[20]["order"] = "“att”"
    return written(rows, separator=separator).encode()


def minor(text: str) -> int:
    units, _, cents = text.partition(".")
    return int(units + cents.ljust(2, "0"))


def by_another_reader(content: bytes) -> list[Line]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    heading, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    names = [name.strip() for name in heading]

    def of(line: list[str], name: str) -> str:
        return line[names.index(name)]

    return [
        (of(line, "id"), *(minor(of(line, name)) for name in ("Amount", "Fee", "Net")))
        for line in rows
        if line
    ]


def outcome(content: bytes, *, psp: str = "stripe") -> Reading | Refused:
    try:
        return read(kept(content, psp=psp))
    except Refused as why:
        return why


def is_refused_or_read_whole(content: bytes) -> bool:
    """Whether it was read; then by both to the same."""
    found = outcome(content)
    if isinstance(found, Refused):
        assert found.because
        assert found.row is None or found.row > 0
        return False
    assert told("reference, gross, fee, net") == by_another_reader(content)
    assert found.lines == len(told())
    return True


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def flipped(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content))
    other = content[place] ^ (1 << chance.randrange(8))
    return content[:place] + bytes([other]) + content[place + 1 :]


def struck(content: bytes, chance: random.Random) -> bytes:
    """A byte is another, of those that mean something."""
    place = chance.randrange(len(content))
    return content[:place] + bytes([chance.choice(b'",;\n\r\t.-\\\x00 e')]) + content[place + 1 :]


def dropped(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content))
    return content[:start] + content[start + chance.randrange(1, 40) :]


def doubled(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content))
    return content[: start + chance.randrange(1, 40)] + content[start:]


def spliced(content: bytes, chance: random.Random) -> bytes:
    """The beginning of this and the end of a file that is separated otherwise."""
    place = chance.randrange(len(content))
    return content[:place] + whole(";")[place:]


def with_columns_swapped(content: bytes, chance: random.Random) -> bytes:
    """In one row two columns changed places."""
    lines = content.decode().split("\n")
    place = chance.randrange(1, len(lines) - 1)
    cells = lines[place].split(",")
    if len(cells) > 2:
        a, b = chance.sample(range(len(cells)), 2)
        cells[a], cells[b] = cells[b], cells[a]
    lines[place] = ",".join(cells)
    return "\n".join(lines).encode()


Damage = Callable[[bytes, random.Random], bytes]
DAMAGE: tuple[Damage, ...] = (
    cut,
    flipped,
    struck,
    dropped,
    doubled,
    spliced,
    with_columns_swapped,
)


def test_what_is_not_damaged_is_read() -> None:
    assert is_refused_or_read_whole(whole())


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_refused_or_read_to_what_it_says(damage: Damage) -> None:
    chance = random.Random(damage.__name__)
    done = [is_refused_or_read_whole(damage(whole(), chance)) for _ in range(30)]
    assert False in done


def test_a_file_that_was_cut_short_is_refused_unless_all_columns_of_its_last_row_are_there() -> (
    None
):
    content, was_read = whole(), []
    for end in range(content.index(b"\n") + 1, len(content), 7):
        was_read.append(is_refused_or_read_whole(content[:end]))
        if was_read[-1]:
            *_, last = csv.reader(io.StringIO(content[:end].decode("utf-8", "replace")))
            assert len(last) == len(COLUMNS)
    assert was_read.count(True) < was_read.count(False)


@pytest.mark.parametrize(
    "content",
    [
        b"x" * 10_000_000,
        written([]).encode() + b"x" * 10_000_000,
        written([]).encode() + b'"' + b"x\n" * 5_000_000,
        written([]).encode() + b"\n" * 5_000_000 + b"x",
        written([row(1, id="x" * 2_000_000)]).encode() + b"," * 5_000_000,
        b",".join([b"id"] * 300_000),
        b'"' * 1_000_001,
    ],
)
def test_what_is_enormous_and_nothing_is_refused(content: bytes) -> None:
    with pytest.raises(Refused):
        read(kept(content))


def test_what_postgresql_has_no_room_for_is_refused_or_read() -> None:
    """Four hundred columns, each too long to stand in a page and none of them empty."""
    columns = [*COLUMNS, *(f"more {n}" for n in range(380))]
    long = {name: f"{n:0200d}" for n, name in enumerate(columns[len(COLUMNS) :])}
    found = outcome(written([row(1, **long)], columns=columns).encode())
    assert isinstance(found, Refused) or found.lines == 1


def test_a_damaged_statement_of_our_bank_is_refused_or_read_whole() -> None:
    entries = [
        entry(f"{n}.00", detail(f"{n}.00"), reference=f"<AcctSvcrRef>E{n}</AcctSvcrRef>")
        for n in range(1, 11)
    ]
    content, chance = camt(statement(*entries, closing="155.00")), random.Random(7)
    for damage in (cut, flipped, struck, dropped, doubled):
        for _ in range(25):
            found = outcome(damage(content, chance), psp="bank")
            if isinstance(found, Reading):
                # Whatever was hit was no amount: those lead from one balance to the other.
                assert [gross for (gross,) in told("gross")] == [n * 100 for n in range(1, 11)]
                assert found.lines == 10
