"""Braintree's XML: requests in snake_case, replies in dash-case, types in attributes.

The official SDK is strict about a few things: an object must not be empty (it would parse as a
text), every list says that it is an array, and nothing but text may follow a text.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

Tree = dict[str, Any]


class NotXml(ValueError):
    """The body does not parse."""


def parse(body: bytes) -> tuple[str, Any]:
    """The root's tag and its content; an empty body is ("", {}). Raises NotXml."""
    if not body:
        return "", {}
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  What comes here is our own platform's.
    except ElementTree.ParseError as why:
        raise NotXml(str(why)) from None
    return root.tag, _content(root)


def _content(element: ElementTree.Element) -> Any:
    kind = element.get("type")
    if kind == "array":
        return [_content(child) for child in element]
    if len(element):
        return {child.tag: _content(child) for child in element}
    text = element.text or ""
    match kind:
        case "boolean":
            return text in ("true", "1")
        case "integer":
            return int(text)
        case "datetime":
            return datetime.fromisoformat(text)
        case "date":
            return date.fromisoformat(text)
    return text


def element(tag: str, value: Any) -> str:
    """One element of a reply. A list is one of (tag, value) pairs."""
    match value:
        case None:
            return f'<{tag} nil="true"/>'
        case bool():
            return f'<{tag} type="boolean">{"true" if value else "false"}</{tag}>'
        case int():
            return f'<{tag} type="integer">{value}</{tag}>'
        case datetime():
            return f'<{tag} type="datetime">{value:%Y-%m-%dT%H:%M:%SZ}</{tag}>'
        case date():
            return f'<{tag} type="date">{value:%Y-%m-%d}</{tag}>'
        case list():
            items = "".join(element(name, item) for name, item in value)
            return f'<{tag} type="array">{items}</{tag}>'
        case dict():
            assert value, f"{tag} is empty: the SDK takes it for a text"
            children = "".join(element(name, item) for name, item in value.items())
            return f"<{tag}>{children}</{tag}>"
    return f"<{tag}>{escape(str(value))}</{tag}>"


def document(tag: str, value: Any) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>{element(tag, value)}'.encode()
