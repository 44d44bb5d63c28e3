"""What waits for a person: each room names its own queues (paygate.wiring); the sidebar shows how long they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

#: A queue is counted no further: whoever has that much to do need not know it exactly.
MOST = 1_000


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue: its page shows exactly what `counts` counts, which an index must find.

    `page` is the name of an admin page ("admin:payments_attempt_changelist") and `query` what comes behind the "?".
    `urgent` counts what cannot wait, such as a deadline of the next day; the badge is red then.
    """

    title: str
    icon: str  # Of Material Symbols, as the theme has them.
    permission: str  # Who sees it: "payments.view_attempt".
    page: str
    counts: Callable[[datetime], int]  # Up to MOST; `at` is the present.
    query: str = ""
    urgent: Callable[[datetime], int] | None = None
    section: str = "Queues"


def upto_most(rows: QuerySet[Any]) -> int:
    """How many rows there are, counted no further than MOST."""
    return rows.order_by()[:MOST].count()
