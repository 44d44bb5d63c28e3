"""A moment as a client writes it in a query."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.dateparse import parse_datetime

from kernel.problems import bad


def read_moment(text: str) -> datetime:
    """RFC 3339, in UTC where it names no zone; also seconds since 1970, as Stripe takes them. Raises ValueError."""
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text), tz=UTC)
        moment = parse_datetime(text)
        if moment is None:
            raise ValueError(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(text) from error


def moment_of(param: str, text: str) -> datetime:
    """The same of a query parameter. Raises Problem."""
    try:
        return read_moment(text)
    except ValueError:
        message = "Not an RFC 3339 time such as 2026-11-23T14:00:00Z."
        raise bad(param, "invalid_time", message) from None
