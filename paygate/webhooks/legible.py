"""A payload for the eyes of the back office: what is needed to decide, and nobody's name or address."""

from __future__ import annotations

import json
import re
from typing import Any

from kernel.card_numbers import mask

HIDDEN = "•••"

_ELEMENT = re.compile(r"<([\w-]+)([^<>]*)>([^<]+)</\1>")  # Of XML, one that holds text alone.

#: What a field's name holds that is about a person or opens a door; PSPs spell them in several ways.
_PRIVATE = (
    *("name", "email", "phone", "address", "line1", "line2", "postal", "zip", "city", "street"),
    *("birth", "ssn", "iban", "holder", "evidence", "secret", "signature", "fingerprint"),
)
_PRIVATE_ALONE = {"ip", "shopperip", "bin", "last4"}


def legible(payload: Any) -> str:
    """The payload as indented JSON, and XML within it a line an element.

    What is private is hidden, and so is what looks like a card number.
    """
    return json.dumps(_shown(payload), indent=2, ensure_ascii=False).replace("\\n", "\n")


def _shown(value: Any) -> Any:
    match value:
        case dict():
            return {
                mask(name): _hidden(inner) if _private(name) else _shown(inner)
                for name, inner in value.items()
            }
        case list():
            return [_shown(inner) for inner in value]
        case str() if value.startswith("<"):
            return mask(_ELEMENT.sub(_element, value).replace("><", ">\n<"))
        case str() | int() if mask(str(value)) != str(value):
            return mask(str(value))
        case _:
            return value


def _element(found: re.Match[str]) -> str:
    name, attributes, text = found.groups()
    return f"<{name}{attributes}>{HIDDEN if _private(name) else text}</{name}>"


def _private(name: str) -> bool:
    plain = name.lower().replace("_", "").replace("-", "")
    return plain in _PRIVATE_ALONE or any(part in plain for part in _PRIVATE)


def _hidden(value: Any) -> Any:
    """Whether there is something, is not hidden."""
    return value if value in (None, "", [], {}) else HIDDEN
