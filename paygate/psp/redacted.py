"""A body that went over the wire, as it may be kept and looked at: by an allow-list of the names of its fields.

What is named is shown; of everything else it is said that it was there ("…"), and nothing more. So a token, a name or
an address can be shown only if somebody writes its field's name into a list (FIELDS of each PSP's `shown` module), and
what a PSP adds tomorrow is hidden until somebody looks. Whatever the list says, what looks like a card number or an
e-mail address is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element

import orjson
from defusedxml.ElementTree import fromstring

from kernel.card_numbers import mask

HIDDEN = "…"
LARGEST = 64 * 1024  # Bytes: what is larger is not read.
LONGEST = 400  # Characters of one value.
KEPT = 12_000  # Characters of the whole.
DEEPEST = 12
MANY = 20  # Things in one list.

_ADDRESS = re.compile(r"[^\s\"<>@]+@[^\s\"<>@]+")
_IN_BRACKETS = re.compile(r"[\[\]]+")


def redacted(psp: str, body: bytes) -> str:
    """The body as JSON, whatever it was: JSON, XML or a form. "" for nothing."""
    if not body.strip():
        return ""
    if len(body) > LARGEST:
        return _as_text({HIDDEN: f"{len(body)} bytes"})
    return _as_text(_read(body, shown_of(psp)))


def redacted_query(psp: str, query: str) -> str:
    """What stands behind the question mark of an address."""
    return _as_text(_form(query.encode(), shown_of(psp))) if query else ""


@cache
def shown_of(psp: str) -> frozenset[str]:
    """The names of the PSP's fields that may be shown."""
    fields: frozenset[str] = import_module(f"paygate.psp.{psp}.shown").FIELDS
    return fields


def _read(body: bytes, fields: Collection[str]) -> Any:
    try:
        match body.lstrip()[:1]:
            case b"{" | b"[":
                return _shown(orjson.loads(body), fields)
            case b"<":
                root = fromstring(body)
                return {root.tag: _element(root, fields)}
        return _form(body, fields)
    except Exception:  # Not as it should be: of that is kept how much it was.
        return {HIDDEN: f"{len(body)} bytes that cannot be read"}


def _shown(value: Any, fields: Collection[str], depth: int = 0) -> Any:
    if depth > DEEPEST:
        return HIDDEN
    match value:
        case dict():
            return {
                name: _shown(inner, fields, depth + 1)
                for name, inner in value.items()
                if name in fields
            } | _others(value, fields)
        case list():
            shown = [_shown(inner, fields, depth + 1) for inner in value[:MANY]]
            return [*shown, HIDDEN] if len(value) > MANY else shown
        case str():
            return _cut(value)
    return value


def _others(value: dict[str, Any], fields: Collection[str]) -> dict[str, str]:
    """That there was more: by name where the name is a PSP's own, and nobody's data."""
    return {_named(name): HIDDEN for name in value if name not in fields}


def _named(name: str) -> str:
    """The names of fields are words of the PSP's; what is no such word may be somebody's data."""
    return name if _WORD.fullmatch(name) else HIDDEN


_WORD = re.compile(r"[A-Za-z][A-Za-z_\-]{0,40}")


def _element(element: Element, fields: Collection[str], depth: int = 0) -> Any:
    """An element as JSON would have it: those of one name in a list."""
    if not len(element):
        return _cut(element.text or "")
    found: dict[str, Any] = {}
    for inner in list(element)[: MANY * 10]:
        if inner.tag not in fields or depth > DEEPEST:
            found[_named(inner.tag)] = HIDDEN
            continue
        value = _element(inner, fields, depth + 1)
        if inner.tag in found:
            before = found[inner.tag]
            found[inner.tag] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            found[inner.tag] = value
    return found


def _form(body: bytes, fields: Collection[str]) -> dict[str, str]:
    """`metadata[payment]=pay_…`: shown where every part of the name may be."""
    return dict(_pairs(parse_qsl(body.decode(), keep_blank_values=True), fields))


def _pairs(pairs: Iterable[tuple[str, str]], fields: Collection[str]) -> Iterable[tuple[str, str]]:
    for name, value in pairs:
        parts = [part for part in _IN_BRACKETS.split(name) if part and not part.isdigit()]
        if parts and all(part in fields for part in parts):
            yield name, _cut(value)
        else:
            yield (name if parts and all(map(_WORD.fullmatch, parts)) else HIDDEN), HIDDEN


def _cut(text: str) -> str:
    """What is long is cut; a card number that lies across the cut is masked before, as a whole."""
    if len(text) <= LONGEST:
        return text
    return mask(text[: LONGEST + _NUMBER])[:LONGEST] + HIDDEN


_NUMBER = 40  # Characters in which any card number fits, with what people write between its digits.


def _as_text(value: Any) -> str:
    text = mask(orjson.dumps(value).decode())
    if "@" in text:
        text = _ADDRESS.sub(HIDDEN, text)
    text = text.replace("\\u0000", "")
    return text if len(text) <= KEPT else text[:KEPT] + HIDDEN
