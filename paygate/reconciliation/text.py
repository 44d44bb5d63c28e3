"""A file of separated values as text: in which encoding, with which heading, and where it is garbled.

UTF-8 and UTF-16 with or (UTF-8) without a byte order mark are read. What is no UTF-8 is taken for ISO 8859-1, which
Excel in Western Europe writes nearly, if it has none of the control characters there and nothing that looks like UTF-8
that was damaged. No file has control characters but tabs and line ends.

Pieces of bytes pass through as they are, where they are UTF-8 already, for PostgreSQL parses them. Only where it could
not, the file is read a second time, here, to say in which row it is wrong.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from paygate.reconciliation.reading import Refused

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\t\r\n"})
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_C1 = re.compile(b"\xc2[\x80-\x9f]")  # The others of them, in UTF-8.
_DAMAGED = re.compile("[\u00c2-\u00f4][\u0080-\u00bf]")  # What UTF-8 looks like in ISO 8859-1.
_HEADING_MOST = 1 << 16  # Bytes.
_COLUMNS_MOST = 400  # A row of PostgreSQL's has no room for many more that are long.
_LINE_MOST = 1 << 24  # Characters, where we look for what is wrong.
_ENDS_MOST = 1 << 16
_SEPARATORS = ",;\t"
_OTHER_FILES = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive or a workbook of Excel's",
    b"\xd0\xcf\x11\xe0": "a workbook of Excel's",
    b"\x1f\x8b": "a gzip archive",
    b"<": "a page of HTML or XML",
    b"{": "JSON",
}


class NotUtf8(Exception):
    """Bytes that are no UTF-8, in a file that does not say that it is: it is tried again as ISO 8859-1."""


class Garbled(Exception):
    """What no text of a statement has; all that came before it was given."""


@dataclass(frozen=True, slots=True)
class Heading:
    separator: str
    names: tuple[str, ...]


def utf8(pieces: Iterable[bytes], *, latin: bool = False) -> Iterator[bytes]:
    """The text in UTF-8, without a byte order mark, in pieces. Raises NotUtf8 and Garbled."""
    encoding, marked, rest = _beginning(iter(pieces))
    encoding = "latin-1" if latin and not marked else encoding
    decoder = codecs.getincrementaldecoder(encoding)()
    for piece in rest:
        if encoding == "utf-8" and piece.isascii() and not decoder.getstate()[0]:
            whole = piece
        else:
            text = _decoded(decoder, piece, marked=marked)
            if latin and _DAMAGED.search(text):
                raise Garbled("the text is neither UTF-8 nor ISO 8859-1")
            whole = text.encode()
        if len(whole.translate(None, _CONTROLS)) != len(whole) or (
            b"\xc2" in whole and _C1.search(whole)
        ):
            yield from _up_to_a_control(whole.decode())
        yield whole
    _decoded(decoder, b"", marked=marked, final=True)


def _decoded(
    decoder: codecs.IncrementalDecoder, piece: bytes, *, marked: bool, final: bool = False
) -> str:
    try:
        return decoder.decode(piece, final)
    except UnicodeDecodeError as error:
        if marked:
            raise Garbled(f"the text is no {error.encoding.upper()}") from None
        raise NotUtf8 from None


def _up_to_a_control(text: str) -> Iterator[bytes]:
    found = _CONTROL.search(text)
    assert found is not None
    yield text[: found.start()].encode()
    raise Garbled(f"there is a control character, U+{ord(found[0]):04X}")


def _beginning(pieces: Iterator[bytes]) -> tuple[str, bool, Iterator[bytes]]:
    """The encoding, whether a mark tells it, and the pieces without the mark."""
    head = b""
    while len(head) < 4 and (piece := next(pieces, b"")):
        head += piece
    encoding, marked = "utf-8", False
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            encoding, marked, head = name, True, head[len(mark) :]
    for start, what in _OTHER_FILES.items():
        if head.startswith(start):
            raise Refused(None, f"it is {what} and no table")

    def rest() -> Iterator[bytes]:
        if head:
            yield head
        yield from pieces

    return encoding, marked, rest()


# ------------------------------------------------------------------------------------------ heading


def split(text: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The heading's line, and what comes after it without the line ends that the file ends in. Raises Refused."""
    head, inside, start = b"", False, 0
    for piece in text:
        head += piece
        for found in re.finditer(rb'["\r\n]', head[start:]):
            if found[0] == b'"':
                inside = not inside
            elif not inside and (line := head[: start + found.start()].strip()):
                return line, _without_last_ends(head[start + found.end() :], text, found[0])
        start = len(head)
        if start > _HEADING_MOST:
            raise Refused(None, "it has no heading: its first line does not end")
    if not head.strip():
        raise Refused(None, "it is empty")
    if inside:
        raise Refused(None, "it ends in the middle of the heading")
    return head, iter(())


def _without_last_ends(first: bytes, rest: Iterator[bytes], end: bytes) -> Iterator[bytes]:
    """Empty lines at the end are nothing; and a line \\. would be the end to PostgreSQL before its version 18."""
    if not first:
        first = next(rest, b"")
    if end == b"\r":
        first = first.removeprefix(b"\n")
    held, before = b"", b"\n"

    def pieces() -> Iterator[bytes]:
        yield first
        yield from rest

    for piece in pieces():
        window = before + piece
        if b"\\." in window and (found := _END_OF_COPY.search(window)):
            yield held + piece[: max(0, found.start() + 1 - len(before))]
            raise Garbled("a line has nothing but \\.")
        before = window[-3:]
        kept = (held + piece).rstrip(b"\r\n")
        held = (held + piece)[len(kept) :]
        if len(held) > _ENDS_MOST:
            raise Garbled("there is nothing but line ends")
        if kept:
            yield kept
    if before.rstrip(b"\r\n")[-3:] in (b"\n\\.", b"\r\\."):
        raise Garbled("a line has nothing but \\.")


_END_OF_COPY = re.compile(rb"[\r\n]\\\.[\r\n]")


def headings(line: bytes) -> list[Heading]:
    """What the heading says by each separator that it may have, the likeliest first. Raises Refused."""
    try:
        text = line.decode()
        found = [
            Heading(mark, tuple(name.strip() for name in next(csv.reader([text], delimiter=mark))))
            for mark in _SEPARATORS
        ]
    except (csv.Error, UnicodeDecodeError) as error:
        raise Refused(None, f"it has no heading: {error}") from error
    if max(len(heading.names) for heading in found) > _COLUMNS_MOST:
        raise Refused(None, f"it has more than {_COLUMNS_MOST} columns")
    return sorted(found, key=lambda heading: -len(heading.names))


# -------------------------------------------------------------------------------- what is wrong here


def rows(text: Iterable[bytes], separator: str) -> Iterator[list[str]]:
    """The rows, as CSV is meant to be (RFC 4180). Raises csv.Error, Garbled, NotUtf8."""
    return csv.reader(_lines(text), delimiter=separator, strict=True)


def _lines(text: Iterable[bytes]) -> Iterator[str]:
    decoder, rest = codecs.getincrementaldecoder("utf-8")(), ""
    for piece in text:
        if more := decoder.decode(piece):
            # The last one is perhaps not whole: what ends in a carriage return may go on with a line feed.
            whole = [*io.StringIO(rest + more, newline="")]
            rest = "" if whole[-1].endswith("\n") else whole.pop()
            yield from whole
        if len(rest) > _LINE_MOST:
            raise Garbled(f"a line in it has more than {_LINE_MOST} characters")
    if rest:
        yield rest


def refusal(text: Iterable[bytes], heading: Heading, *, otherwise: str) -> Refused:
    """In which row of it PostgreSQL could not parse it, and why; `otherwise` is what it says itself."""
    number = 0
    try:
        for number, row in enumerate(rows(text, heading.separator), 1):
            if len(row) != len(heading.names):
                more = "more" if len(row) > len(heading.names) else "fewer"
                return Refused(number, f"it has {more} columns than the heading")
    except Garbled as why:
        return Refused(number + 1, str(why))
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return Refused(number + 1, "a quote in it is not closed when the file ends")
        return Refused(number + 1, f"it is no row of separated values: {error}")
    return Refused(None, otherwise)
