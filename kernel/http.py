"""JSON in, JSON out: one way to read a body, and what is refused before anybody looks at it.

DRF loads this module while it loads its own views; so nothing here may import rest_framework.views.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import IO, Any

import orjson
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from kernel.card_numbers import card_number_not_allowed, contains_card_number
from kernel.problems import Problem

LARGEST_BODY = 64 * 1024  # Bytes.
DEEPEST = 16  # Objects and lists within one another.


class JSONRenderer(BaseRenderer):
    """Replies, by orjson: a tenth of the time of the standard library."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else orjson.dumps(data)


class JSONParser(BaseParser):
    """Bodies, strictly. Raises Problem 413 for a large one, 400 for one that is not sound.

    By the standard library, although orjson is quicker: orjson keeps the last of two equal keys in
    silence and makes a float of an integer above 64 bits, and a body that can be read in two ways
    must not move money.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        raw = stream.read(LARGEST_BODY + 1)
        if len(raw) > LARGEST_BODY:
            raise Problem(
                status=413,
                type="invalid_request_error",
                code="request_too_large",
                message=f"A body has at most {LARGEST_BODY} bytes.",
            )
        return read_json(raw)


def read_json(raw: bytes) -> dict[str, Any]:
    """The JSON object that `raw` is. Raises Problem 400: invalid_json, card_number_not_allowed."""
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_not_a_number
        )
    except UnicodeDecodeError:
        raise _unsound("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _unsound(f"The body is not JSON ({error.msg}: {where}).") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # An integer of thousands of digits, which Python declines to read.
        raise _unsound("The body holds a number that is too long.") from None
    if not isinstance(value, dict):
        raise _unsound("The body must be a JSON object.")
    _inspect(value, depth=1)
    if contains_card_number(value):
        raise card_number_not_allowed(
            next((name for name in value if contains_card_number(value[name])), None)
        )
    return value


class OnlyJSON(DefaultContentNegotiation):
    """The API speaks JSON whatever Accept says: a client that asks for HTML is told in JSON, not 406."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


def _inspect(value: Any, *, depth: int) -> None:
    match value:
        case str():
            _storable(value)
        case float() if not math.isfinite(value):
            raise _unsound("The body holds a number that is too large.")
        case dict() | list():
            if depth > DEEPEST:
                raise _too_deep()
            if isinstance(value, dict):
                for name in value:
                    _storable(name)
                value = value.values()
            for inner in value:
                _inspect(inner, depth=depth + 1)


def _storable(text: str) -> None:
    if "\0" in text:
        raise _unsound("The body holds a NUL character (\\u0000).")  # PostgreSQL cannot store it.
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _unsound("The body holds half of a surrogate pair, which is not a character.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _unsound("The body gives a name twice in one object.")
    return value


def _not_a_number(name: str) -> Any:
    raise _unsound(f"{name} is not JSON.")


def _too_deep() -> Problem:
    return _unsound(f"The body is nested more than {DEEPEST} deep.")


def _unsound(message: str) -> Problem:
    return Problem(status=400, type="invalid_request_error", code="invalid_json", message=message)
