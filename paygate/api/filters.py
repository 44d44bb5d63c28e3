"""The filters of lists: what a query string may ask for, strictly read."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework.request import Request

from kernel.currencies import EXPONENTS
from kernel.ids import InvalidId, decode
from kernel.moments import moment_of
from kernel.pages import PAGING
from kernel.problems import bad
from paygate.payments.models import RefundState, State
from paygate.psp.registry import PSPS

M = TypeVar("M", bound=Model)

METADATA = re.compile(r"metadata\[(.{1,40})\]")
RANGE = re.compile(r"([a-z_]{1,40})\[(gte|lt)\]")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list may be filtered by, beside created[gte] and created[lt]."""

    #: One of a few values: {parameter: (column, values)}.
    choices: Mapping[str, tuple[str, Collection[str]]] = field(default_factory=dict)
    #: Any text, equal: {parameter: column}.
    texts: Mapping[str, str] = field(default_factory=dict)
    #: The public id of another object: {parameter: (column, prefix)}.
    objects: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    #: A span of time, name[gte] and name[lt]: {name: column}.
    moments: Mapping[str, str] = field(default_factory=lambda: {"created": "created_at"})
    #: By metadata[key] as well?
    metadata: bool = True


PAYMENTS = Filters(
    choices={
        "status": ("state", State.values),
        "psp": ("psp", PSPS),
        "currency": ("currency", EXPONENTS),
    },
    texts={"user_id": "user_id", "psp_reference": "psp_reference"},
)
REFUNDS = Filters(
    choices={
        "status": ("state", RefundState.values),
        "psp": ("psp", PSPS),
        "currency": ("currency", EXPONENTS),
    },
    texts={"psp_reference": "psp_reference"},
    objects={"payment": ("payment_id", "pay")},
)


def filtered(rows: QuerySet[M], request: Request, by: Filters) -> QuerySet[M]:
    """The rows that the query string asks for. Raises Problem for what it cannot understand."""
    for name in request.query_params:
        value = str(request.query_params[name])
        if name in PAGING:
            continue
        if "\0" in value or len(value) > 500:
            raise bad(name, "invalid_value", "Not a value to look for.")
        metadata = METADATA.fullmatch(name) if by.metadata else None
        span = RANGE.fullmatch(name)
        if name in by.choices:
            column, values = by.choices[name]
            if value not in values:
                raise bad(name, "invalid_choice", _wanted(name, values))
            rows = rows.filter(**{column: value})
        elif name in by.texts:
            rows = rows.filter(**{by.texts[name]: value})
        elif name in by.objects:
            column, prefix = by.objects[name]
            rows = rows.filter(**{column: _id(name, value, prefix)})
        elif span and span[1] in by.moments:
            rows = rows.filter(**{f"{by.moments[span[1]]}__{span[2]}": moment_of(name, value)})
        elif metadata and "\0" not in name:
            rows = rows.filter(metadata__contains={metadata[1]: value})
        else:
            raise bad(name[:100], "unknown_parameter", f"Unknown parameter: {name[:40]}.")
    return rows


def _wanted(name: str, values: Collection[str]) -> str:
    if values is EXPONENTS:
        return f"{name} is the upper-case code of an ISO 4217 currency."
    return f"{name} is one of {', '.join(values)}."


def _id(name: str, value: str, prefix: str) -> UUID:
    try:
        return decode(prefix, value)
    except InvalidId:
        raise bad(name, "invalid_value", f"{name} is an id like {prefix}_…") from None
