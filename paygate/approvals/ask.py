"""Ask for something that takes a second person."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError

from kernel.db import atomic
from kernel.ids import uuid7
from kernel.money import Money
from paygate.approvals import documents
from paygate.approvals.models import Document, Request, document_of
from paygate.wiring import APPROVED

LONGEST = 500  # Letters of a reason.
ONE_VERDICT = "approval_request_one_verdict"


class UnableToAsk(Exception):
    """It is not asked for; its words say why."""


def ask(
    kind: str,
    *,
    subject: str,
    merchant_id: UUID,
    livemode: bool,
    money: Money,
    payload: dict[str, Any],
    by: str,
    because: str,
    key: str,
    document: UploadedFile[Any] | None = None,
    at: datetime,
) -> Request:
    """A request of one of the kinds of paygate.wiring.APPROVED. Asked again under the same key, it is the same one.

    `by` is the asker's login. Raises UnableToAsk (no reason, a verdict is asked for already, or the key has asked for
    something else) and UnfitDocument.
    """
    if kind not in APPROVED:
        raise ValueError(f"nobody carries out {kind!r}")
    if not because.strip():
        raise UnableToAsk("Say why.")
    kept = documents.read(document, merchant_id=merchant_id, by=by, at=at) if document else None
    new = Request(
        id=uuid7(),
        merchant_id=merchant_id,
        livemode=livemode,
        kind=kind,
        subject=subject,
        amount=money.minor,
        currency=money.currency,
        payload=payload,
        document_id=kept.id if kept else None,
        key=key,
        asked_by=by,
        asked_because=because.strip()[:LONGEST],
        asked_at=at,
    )
    if before := asked_before(merchant_id, livemode=livemode, key=key):
        return _the_same(before, new, kept)
    try:
        with documents.stored(kept, document) if kept and document else nullcontext(), atomic():
            if kept:
                kept.save(force_insert=True)
            new.save(force_insert=True)
    except IntegrityError as error:
        if before := asked_before(merchant_id, livemode=livemode, key=key):
            return _the_same(before, new, kept)
        if ONE_VERDICT in str(error):
            raise UnableToAsk(f"Somebody has asked for a verdict on {subject} already.") from None
        raise
    return new


def _the_same(before: Request, new: Request, document: Document | None) -> Request:
    """What came before, where it is what is asked for now. Raises UnableToAsk."""
    of_before = document_of(before)
    if _what(before) != _what(new) or _digest(of_before) != _digest(document):
        raise UnableToAsk(
            f"This form has asked for something else, {before.public_id}: begin anew."
        )
    return before


def _what(request: Request) -> tuple[Any, ...]:
    told = {name: value for name, value in request.payload.items() if name != "says"}
    return request.kind, request.subject, request.money, request.asked_by, told


def _digest(document: Document | None) -> str:
    return document.sha256 if document else ""


def asked_before(merchant_id: UUID, *, livemode: bool, key: str) -> Request | None:
    """What was asked for under a key."""
    found: Request | None = Request.objects.filter(
        merchant_id=merchant_id, livemode=livemode, key=key
    ).first()
    return found
