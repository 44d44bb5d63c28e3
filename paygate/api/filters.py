"""The filters of GET /v1/payments."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request

from kernel.currencies import EXPONENTS
from kernel.problems import Problem
from paygate.payments.models import Payment, State
from paygate.psp.registry import PSPS

PAGING = {"limit", "starting_after", "ending_before"}
CHOICES = {"status": set(State.values), "psp": set(PSPS), "currency": set(EXPONENTS)}
COLUMNS = {"status": "state", "psp": "psp", "currency": "currency"}
FREE = {"user_id", "psp_reference"}
METADATA = re.compile(r"metadata\[(.{1,40})\]")


def filtered(payments: QuerySet[Payment], request: Request) -> QuerySet[Payment]:
    """The payments that the query string asks for. Raises Problem for what it cannot understand."""
    for name in request.query_params:
        value = str(request.query_params[name])
        if name in PAGING:
            continue
        if "\0" in value or len(value) > 500:
            raise _bad(name, "invalid_value", "Not a value to look for.")
        metadata = METADATA.fullmatch(name)
        if name in CHOICES:
            if value not in CHOICES[name]:
                raise _bad(name, "invalid_choice", f"Not one of the values of {name}.")
            payments = payments.filter(**{COLUMNS[name]: value})
        elif name in FREE:
            payments = payments.filter(**{name: value})
        elif name == "created[gte]":
            payments = payments.filter(created_at__gte=_moment(name, value))
        elif name == "created[lt]":
            payments = payments.filter(created_at__lt=_moment(name, value))
        elif metadata and "\0" not in name:
            payments = payments.filter(metadata__contains={metadata[1]: value})
        else:
            raise _bad(name[:100], "unknown_parameter", "Unknown parameter.")
    return payments


def _moment(name: str, value: str) -> datetime:
    """RFC 3339; also seconds since 1970, as Stripe takes them."""
    try:
        if value.isdecimal():
            return datetime.fromtimestamp(int(value), tz=UTC)
        moment = parse_datetime(value)
        if moment is None:
            raise ValueError(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise _bad(
            name, "invalid_time", "Not an RFC 3339 time such as 2026-11-23T14:00:00Z."
        ) from None


def _bad(name: str, code: str, message: str) -> Problem:
    return Problem(status=400, type="invalid_request_error", code=code, message=message, param=name)
