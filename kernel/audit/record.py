"""Write to the audit log: what was asked for before it is done, and how it ended with what changed.

    with audited(request, "refund", payment, because=why) as deed:
        claimed = refund(…)
        deed.details["refund"] = claimed.refund.public_id

The entry that asks is committed first, so nothing happens that the log does not know of. What the deed raises decides
the end: one of `refusals` is "refused" with its words, anything else "failed"; both are raised on. Inside a transaction
both entries are of that transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import orjson
from django.db import models
from django.http import HttpRequest

from kernel.audit.models import Entry
from kernel.card_numbers import contains_card_number
from kernel.clock import now
from kernel.db import call, in_transaction

#: Columns whose values are nobody's business, not even the log's.
HIDDEN = frozenset(
    {"password", "token", "tokens", "secret", "payload", "session_data", "last_login"}
)
LONGEST = 2_000  # Characters of one value; what is longer is cut.


@dataclass(slots=True)
class Deed:
    """What the one who acts adds to the entry that ends it."""

    position: int
    details: dict[str, Any] = field(default_factory=dict)


@contextmanager
def audited(
    request: HttpRequest,
    act: str,
    row: models.Model | None = None,
    *,
    because: str,
    refusals: tuple[type[Exception], ...] = (),
    kind: str = "",
    subject: str = "",
    merchant_id: UUID | None = None,
    **details: Any,
) -> Iterator[Deed]:
    """Log what is done within. `row` is what it is done to; or name it by `kind`, `subject` and `merchant_id`."""
    named = _named(row, kind, subject, merchant_id)
    before = snapshot(row)
    asked = write_down(request, act, Entry.Outcome.ASKED, **named, because=because, details=details)
    deed = Deed(asked)
    try:
        yield deed
    except refusals as refusal:
        _end(request, act, Entry.Outcome.REFUSED, deed, named, because, said=str(refusal))
        raise
    except Exception as mistake:
        _end(request, act, Entry.Outcome.FAILED, deed, named, because, said=type(mistake).__name__)
        raise
    changed, became = differing(before, snapshot(row))
    write_down(
        request,
        act,
        Entry.Outcome.DONE,
        **named,
        because=because,
        answers=asked,
        before=changed,
        after=became,
        details=deed.details,
    )


def write_down(
    request: HttpRequest | None,
    act: str,
    outcome: Entry.Outcome,
    *,
    kind: str,
    subject: str,
    merchant_id: UUID | None = None,
    because: str = "",
    answers: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
    by: str | None = None,
    at: datetime | None = None,
) -> int:
    """One entry; its position. `by` is for who is not logged in (yet): else it is whoever asks."""
    user = getattr(request, "user", None)
    known = user is not None and user.is_authenticated
    entry = {
        "at": at or now(),
        "by": by if by is not None else (user.get_username() if user and known else ""),
        "roles": _roles(user) if known else [],
        "act": act,
        "outcome": outcome,
        "answers": answers,
        "kind": kind,
        "subject": subject,
        "merchant_id": merchant_id,
        "because": plain(because),
        "before": before,
        "after": after,
        "details": plain(dict(details or {})),
        "request_id": getattr(request, "request_id", ""),
        "address": request.META.get("REMOTE_ADDR", "") if request else "",
    }
    ((position,),) = call("audit_write", orjson.dumps(entry, default=str).decode())
    return int(position)


def saw(request: HttpRequest, row: models.Model, *what: str, because: str = "") -> int:
    """Something private of a row was shown: `what` names the fields."""
    named = _named(row, "", "", None)
    return write_down(
        request, "see", Entry.Outcome.SEEN, **named, because=because, details={"fields": [*what]}
    )


def snapshot(row: models.Model | None) -> dict[str, Any]:
    """The row's columns as the database has them now; nothing that is hidden, sealed or a file."""
    if row is None or row.pk is None:
        return {}
    model = type(row)
    fields = [
        one.attname
        for one in model._meta.concrete_fields
        if one.name not in HIDDEN and not isinstance(one, models.BinaryField)
    ]
    manager = cast("models.Manager[Any]", model._base_manager)
    found: dict[str, Any] | None = manager.filter(pk=row.pk).values(*fields).first()
    return cast("dict[str, Any]", plain(found or {}))


def differing(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """What became different: as it was, and as it is. None, None where nothing did."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if not names:
        return None, None
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def plain(value: Any) -> Any:
    """A value as the log keeps it: cut where it is long, and never a card number."""
    match value:
        case dict():
            return {str(name): plain(one) for name, one in value.items() if name not in HIDDEN}
        case list() | tuple():
            return [plain(one) for one in value]
        case None | bool() | int() | float():
            return value
    text = str(value).replace("\0", "")
    if contains_card_number(text):
        return "(what looks like a card number was left out)"
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _end(
    request: HttpRequest,
    act: str,
    outcome: Entry.Outcome,
    deed: Deed,
    named: dict[str, Any],
    because: str,
    *,
    said: str,
) -> None:
    """Where the deed's own transaction is broken, nothing can be written into it: then it goes with it."""
    if in_transaction():
        return
    details = {**deed.details, "said": said}
    write_down(
        request, act, outcome, **named, because=because, answers=deed.position, details=details
    )


def _named(
    row: models.Model | None, kind: str, subject: str, merchant_id: UUID | None
) -> dict[str, Any]:
    if row is None:
        return {"kind": kind, "subject": subject, "merchant_id": merchant_id}
    return {
        "kind": kind or str(row._meta.model_name),
        "subject": subject or name_of(row),
        "merchant_id": merchant_id or getattr(row, "merchant_id", None),
    }


def name_of(row: models.Model) -> str:
    """How the log names a row: by its public id where it has one, else by its key."""
    return str(getattr(row, "public_id", "") or row.pk or "")


def _roles(user: Any) -> list[str]:
    names = list(user.groups.values_list("name", flat=True).order_by("name"))
    return ["superuser", *names] if user.is_superuser else names
