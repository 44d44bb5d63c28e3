"""What happened to money, said so that PostgreSQL can be asked: each room brings its own (paygate.wiring).

The figures of the dashboard are counted as the outbox tells of it; this is what they are held against, and what they
are made of anew.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """One kind of thing that happens. `select` gives a row for each that did in [%(since)s, %(until)s):

    merchant_id uuid, livemode boolean, currency char(3)
    psp text        the PSP, or the rail of a payout
    id uuid         the row of ours that it happened to; each fact of it once
    fact text       which of the things that happen to such a row
    sequence int    0 where it never changes; else that of the row, which may tell otherwise later
    what text       the figure that counts it: "captured"
    reason text     of a decline, of a dispute; else ''
    at timestamptz  when it happened
    amount bigint   in minor units of the currency
    """

    select: str
