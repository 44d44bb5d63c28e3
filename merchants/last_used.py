"""When each key was last used, to the minute; the request that uses it does not wait for the note."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Q

from merchants.models import ApiKey

log = logging.getLogger(__name__)

TO_THE = timedelta(minutes=1)

_noted: dict[UUID, datetime] = {}


def note(key_id: UUID, *, at: datetime) -> None:
    """Note that the key was used; at most one write a minute and key in each process."""
    before = _noted.get(key_id)
    if before is not None and at - before < TO_THE:
        return
    _noted[key_id] = at
    if settings.GROUP_COMMITS:
        threading.Thread(target=_write_apart, args=(key_id, at), daemon=True).start()
    else:  # Where a test holds the transaction, another connection would not see the key.
        _write(key_id, at)


def forget() -> None:
    """Forget what was noted, not what was written."""
    _noted.clear()


def _write(key_id: UUID, at: datetime) -> None:
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=at - TO_THE)
    ApiKey.objects.filter(stale, id=key_id).update(last_used_at=at)


def _write_apart(key_id: UUID, at: datetime) -> None:
    try:
        _write(key_id, at)
    except DatabaseError as error:
        log.warning("key.last_used", extra={"key": str(key_id), "error": type(error).__name__})
    finally:
        connection.close()
