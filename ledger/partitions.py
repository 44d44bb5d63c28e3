"""The coming months' partitions of the entries, made before the first entry needs them."""

from __future__ import annotations

from kernel.db import call


def ensure_partitions(*, months: int = 3) -> int:
    """Make this month's partition and those of the next `months`; how many were missing. Run it daily."""
    [(made,)] = call("ledger_ensure_partitions", months)
    return int(made)
