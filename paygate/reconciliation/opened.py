"""Breaks are opened: each thing once, by its key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from paygate.reconciliation.models import Break, Cause, Note


def open_all(breaks: Iterable[Break], *, at: datetime) -> None:
    """Open breaks; what is open under its key already stays as it is."""
    found = list(breaks)
    Break.objects.bulk_create(found, ignore_conflicts=True)
    new = set(Break.objects.filter(id__in=[one.id for one in found]).values_list("id", flat=True))
    Note.objects.bulk_create(
        Note(of=one, at=at, by="", act="opened", because=Cause(one.cause).label)
        for one in found
        if one.id in new
    )
