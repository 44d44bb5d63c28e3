"""What is older than 90 days goes, and secrets that sign no longer; what is sealed under an old key is sealed anew."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.transaction import atomic

from kernel.sealed import is_newest
from merchants.notices.find import KEPT
from merchants.notices.models import WebhookEndpoint
from merchants.notices.signing import sealed, unsealed

CHUNK = 10_000  # Rows in one commit.


def forget(*, at: datetime) -> int:
    """Delete notices and attempts that are older than 90 days; how many rows."""
    gone = 0
    for table, age, keys in (
        ("notice_attempt", "started_at", "merchant_id, notice_id, number"),
        ("notice", "created_at", "merchant_id, id"),
    ):
        # Names of ours, not input.
        statement = (
            f"DELETE FROM {table} WHERE ({keys}) IN"  # noqa: S608
            f" (SELECT {keys} FROM {table} WHERE {age} <= %s LIMIT {CHUNK})"
        )
        deleted = CHUNK
        while deleted == CHUNK:
            with connection.cursor() as cursor:
                cursor.execute(statement, [at - KEPT])
                deleted = cursor.rowcount
            gone += deleted
    return gone


def forget_old_secrets(*, at: datetime) -> int:
    """Destroy the secrets whose overlap is over; how many."""
    over = WebhookEndpoint.objects.filter(previous_secret_until__lte=at)
    return over.update(previous_secret=None, previous_secret_until=None)


def seal_anew() -> int:
    """Seal under the newest key what lies under an older one; how many endpoints."""
    kept = WebhookEndpoint.objects.filter(secret__isnull=False)
    old = [
        (merchant_id, endpoint_id)
        for merchant_id, endpoint_id, *secrets in kept.values_list(
            "merchant_id", "id", "secret", "previous_secret"
        ).iterator()
        if not all(is_newest(one) for one in secrets if one is not None)
    ]
    for merchant_id, endpoint_id in old:
        _seal_anew(merchant_id, endpoint_id)
    return len(old)


@atomic
def _seal_anew(merchant_id: UUID, endpoint_id: UUID) -> None:
    rows = WebhookEndpoint.objects.filter(merchant_id=merchant_id, deleted_at__isnull=True)
    endpoint = rows.select_for_update(no_key=True).filter(id=endpoint_id).first()
    if endpoint is None:
        return
    for name in ("secret", "previous_secret"):
        kept = getattr(endpoint, name)
        if kept is not None:
            setattr(endpoint, name, sealed(unsealed(kept, endpoint.id), endpoint.id))
    endpoint.save(update_fields=["secret", "previous_secret"])
