"""What happened to disputes: opened, won, lost, by the PSPs' clocks.

As it stands: one that was won after all counts as won alone.
"""

from __future__ import annotations

from kernel.facts import Facts


def _facts(fact: str, what: str, reason: str, at: str, which: str) -> Facts:
    return Facts(
        f"""SELECT merchant_id, livemode, currency, psp, id, '{fact}' AS fact, sequence, {what} AS what,
               {reason} AS reason, {at} AS at, amount
           FROM dispute WHERE {which} AND {at} >= %(since)s AND {at} < %(until)s"""  # noqa: S608 - our own words.
    )


FACTS = (
    _facts("dispute_opened", "'dispute_opened'", "reason", "opened_at", "true"),
    _facts(
        "dispute_decided", "'dispute_' || status", "''", "closed_at", "status IN ('won', 'lost')"
    ),
)
