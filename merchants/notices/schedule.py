"""When a notice is tried: soon at first, at growing pauses for three days, and then it is given up."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.conf import settings

SPREAD = (
    0.1  # Pauses differ by up to a tenth, so that what failed together does not come back together.
)


def next_try(failures: int, *, at: datetime) -> datetime | None:
    """When to try again after so many failures, this one among them; None when that was the last try."""
    pauses = settings.NOTICES_SCHEDULE
    if failures >= len(pauses):
        return None
    spread = random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311 - no secret.
    return at + timedelta(seconds=pauses[failures] * spread)
