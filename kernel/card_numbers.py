"""No card number enters: how one is known when it is seen, and refused without being repeated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from django.http import HttpRequest

from kernel.problems import Problem

SHORTEST, LONGEST = 13, 19  # Digits of a card number: ISO/IEC 7812-1.

# Groups of digits with one space or hyphen between them, not within a longer word such as one of our ids. Text that
# was pasted from a page or a letter has other spaces (no-break, figure, thin, narrow) and other hyphens.
_BETWEEN = " \u00a0\u2007\u2009\u202f\u2010-\u2013-"
_DIGITS = re.compile(rf"(?<![^\W_])\d+(?:[{_BETWEEN}]\d+)*(?![^\W_])", re.ASCII)
_GROUP = re.compile(r"\d+", re.ASCII)
# A random UUID has two neighbouring groups that look like a card number about once in 20,000; merchants
# use UUIDs as their own ids, and one payment in 20,000 must not fail for that. No card is 32 letters long.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def contains_card_number(value: Any) -> bool:
    """Is there a card number anywhere in this JSON value: strings, numbers, keys, at any depth?"""
    match value:
        case str():
            return not _UUID.fullmatch(value) and any(_spans(value))
        case bool() | None:
            return False
        case int():
            return any(_spans(str(abs(value))))
        case float():
            return value.is_integer() and contains_card_number(int(value))
        case dict():
            return any(map(contains_card_number, value)) or contains_card_number(
                list(value.values())
            )
        case list() | tuple():
            return any(map(contains_card_number, value))
        case _:
            return False


def mask(text: str) -> str:
    """The text for a log, with "[card number]" where one stood."""
    parts, done = [], 0
    for start, end in _spans(text):
        if start >= done:
            parts += [text[done:start], "[card number]"]
        done = max(done, end)
    return "".join([*parts, text[done:]])


def refuse_card_numbers(request: HttpRequest) -> None:
    """Look at what comes beside the body: path, query and Idempotency-Key. Raises Problem.

    The body is looked at where it is read, in kernel.http.
    """
    query = [text for name, values in request.GET.lists() for text in (name, *values)]
    segments = request.path.split("/")
    if contains_card_number([*query, *segments, request.headers.get("Idempotency-Key", "")]):
        raise card_number_not_allowed()


def card_number_not_allowed(param: str | None = None) -> Problem:
    """The refusal. It names the field at most, never what stood there."""
    return Problem(
        status=400,
        type="invalid_request_error",
        code="card_number_not_allowed",
        message="This looks like a card number. Never send one: use a token of the PSP.",
        param=param,
    )


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where card numbers stand: for each group of digits, the longest one that begins there."""
    if len(text) < SHORTEST:
        return
    for chain in _DIGITS.finditer(text):
        groups = [group.span() for group in _GROUP.finditer(text, *chain.span())]
        digits = [int(letter) for letter in chain[0] if letter.isdigit()]
        # Running sums, undoubled and doubled by turns, make each candidate a subtraction: a body full
        # of single digits must not cost a second of the server's time.
        even = [0, *accumulate(_weigh(d, doubled=i % 2 == 0) for i, d in enumerate(digits))]
        odd = [0, *accumulate(_weigh(d, doubled=i % 2 == 1) for i, d in enumerate(digits))]
        ends = [0, *accumulate(end - start for start, end in groups)]
        for first in range(len(groups)):
            longest = None
            for last in range(first, len(groups)):
                begin, stop = ends[first], ends[last + 1]
                if stop - begin > LONGEST:
                    break
                # Luhn doubles every second digit from the right, beginning beside the check digit.
                sums = even if stop % 2 == 0 else odd
                if stop - begin >= SHORTEST and (sums[stop] - sums[begin]) % 10 == 0:
                    longest = groups[last][1]
            if longest is not None:
                yield groups[first][0], longest


def _weigh(digit: int, *, doubled: bool) -> int:
    return digit if not doubled else 2 * digit - 9 * (digit > 4)
