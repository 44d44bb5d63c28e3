"""A bank's XML file, read in one pass: its parts are handed over as they end, and then forgotten.

What comes from outside is not trusted: no document type and so no entities (defusedxml), no depth without end, no
encoding but those that banks use, and no text longer than its field. Whatever is wrong is Unreadable.

A file is given as its bytes, or in pieces.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeAlias
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import iterparse

from kernel.currencies import UnknownCurrency, exponent
from kernel.money import Money

PREFIX = "urn:iso:std:iso:20022:tech:xsd:"

_DEEPEST = 40  # The deepest path of these messages has some fifteen steps.
_HEAD = 200  # Bytes in which the declaration stands.
_PIECE = 1 << 14
_MESSAGE = 500  # Of what a bank adds for people, this much is kept.
_ENCODINGS = ("utf-8", "us-ascii", "iso-8859-1")
_DECLARED = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"']")
_AMOUNT = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,5}))?")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


Content: TypeAlias = bytes | Iterable[bytes]


class Unreadable(ValueError):
    """A file of the bank's that is not as its format is documented."""


def message_name(content: Content) -> str:
    """Which ISO 20022 message it is, by the namespace of its root: "pain.002.001.10". Raises Unreadable."""
    for _, element in _events(content):
        namespace, _, name = element.tag[1:].partition("}")
        if name != "Document" or not namespace.startswith(PREFIX):
            raise Unreadable(f"{element.tag[:80]!r} is not a document of ISO 20022")
        return namespace.removeprefix(PREFIX)
    raise Unreadable("there is nothing in the file")


def parts(
    content: Content, names: Collection[str]
) -> Iterator[tuple[str, Element, tuple[Element, ...]]]:
    """Each element of those names as it ends, with those that it is in, from the root down.

    An element's tag has lost the document's namespace by then (that of an enclosing one has not yet). What was
    handed over is taken out of its parent afterwards, so the file's size is not the memory's.
    """
    prefix, above = "", list[Element]()
    for event, element in _events(content):
        if event == "start":
            if not above:
                prefix = element.tag[: element.tag.index("}") + 1] if element.tag[:1] == "{" else ""
            above.append(element)
            if len(above) > _DEEPEST:
                raise Unreadable(f"elements are nested more than {_DEEPEST} deep")
            continue
        above.pop()
        element.tag = element.tag.removeprefix(prefix)
        if element.tag in names:
            yield element.tag, element, tuple(above)
            if above:
                above[-1].remove(element)


class _Pieces:
    """What looks like a file to the parser, which asks for 16 KB: of more it would make all the elements at once."""

    def __init__(self, content: Content) -> None:
        self._pieces = (
            piece[start : start + _PIECE]
            for piece in ([content] if isinstance(content, bytes) else content)
            for start in range(0, len(piece), _PIECE)
        )
        self.head = b""  # At least as much as _HEAD, where there is so much.
        while len(self.head) < _HEAD and (piece := next(self._pieces, b"")):
            self.head += piece
        self._first = self.head

    def read(self, _: int = 0, /) -> bytes:
        first, self._first = self._first, b""
        return first or next(self._pieces, b"")


def _events(content: Content) -> Iterator[tuple[str, Element]]:
    pieces = _Pieces(content)
    declared = _DECLARED.match(pieces.head[:_HEAD].removeprefix(b"\xef\xbb\xbf"))
    if declared and declared[1].decode("ascii", "replace").lower() not in _ENCODINGS:
        raise Unreadable("it is in an encoding that no bank writes")
    try:
        # DefusedXmlException is a ValueError, as are most of expat's complaints about encodings.
        yield from iterparse(pieces, events=("start", "end"), forbid_dtd=True)
    except (ParseError, ValueError, LookupError) as error:
        raise Unreadable(f"it is not XML: {error}"[:_MESSAGE]) from error


def text(element: Element, path: str, *, most: int = 35) -> str:
    """What stands at the path, without blanks around it; "" where there is nothing.

    Raises Unreadable for more than `most` characters: the field would not hold them.
    """
    found = (element.findtext(path) or "").strip()
    if len(found) > most:
        raise Unreadable(f"{path} has more than {most} characters")
    return found


def told(element: Element, path: str) -> str:
    """What a bank adds for people, in as many lines as it likes: one line here, and no more than 500 characters."""
    lines = (" ".join((line.text or "").split()) for line in element.findall(path))
    return " ".join(line for line in lines if line)[:_MESSAGE]


def money(element: Element, path: str) -> Money | None:
    """The amount at the path, in its currency's minor units; None where there is none. Raises Unreadable."""
    found = element.find(path)
    if found is None:
        return None
    currency, said = found.get("Ccy", ""), (found.text or "").strip()
    matched = _AMOUNT.fullmatch(said)
    try:
        places = exponent(currency)
    except UnknownCurrency:
        raise Unreadable(f"{path} is in no currency of ISO 4217") from None
    if matched is None or len(matched[1]) + len(matched[2] or "") > 18:
        raise Unreadable(f"{path} is no amount of up to 18 digits")
    if len(matched[2] or "") > places:
        raise Unreadable(f"{path} has more decimals than {currency} has")
    minor = int(matched[1] + (matched[2] or "").ljust(places, "0"))
    if minor >= 10**18:
        raise Unreadable(f"{path} is more money than there is")
    return Money(minor, currency)


def moment(element: Element, path: str) -> datetime:
    """The time at the path, in UTC, which is also what one without a zone is taken for. Raises Unreadable."""
    said = text(element, path)
    try:
        if not _MOMENT.fullmatch(said):
            raise ValueError(said)
        at = datetime.fromisoformat(said)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Unreadable(f"{path} is no date and time") from None
