"""Mistakes of configuration that would cost money, refused at start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

#: What PostgreSQL must not be told to forgo: an acknowledged commit has to survive a crash.
DURABLE = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "remote_apply", "remote_write"},
}


@register()
def no_transaction_over_a_request(**_: Any) -> list[CheckMessage]:
    """ATOMIC_REQUESTS would hold a transaction open over every PSP call."""
    return [
        Error("ATOMIC_REQUESTS must be off: it would hold locks over PSP calls.", id="paygate.E001")
        for database in settings.DATABASES.values()
        if database.get("ATOMIC_REQUESTS")
    ]


@register(Tags.database)
def commits_survive_a_crash(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Refuses a PostgreSQL that may lose acknowledged commits (`manage.py check --database default`)."""
    if not databases or not getattr(settings, "REQUIRE_DURABLE_DATABASE", True):
        return []
    found: list[CheckMessage] = []
    with connection.cursor() as cursor:
        for name, allowed in DURABLE.items():
            cursor.execute("SELECT current_setting(%s)", [name])
            (value,) = cursor.fetchone()
            if value not in allowed:
                found.append(
                    Error(
                        f"PostgreSQL runs with {name} = {value}: an acknowledged payment could be lost.",
                        id="paygate.E002",
                    )
                )
    return found
