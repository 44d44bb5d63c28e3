"""What is read of payouts: what is on its way, and for how long."""

from __future__ import annotations

from kernel.readings import Reading

READINGS = [
    Reading(
        tells={
            "paygate_payouts_in_transit": "Payouts that have left and of which nobody has said that they arrived.",
            "paygate_payouts_in_transit_minor": "How much they are, in minor units of the currency.",
            "paygate_payouts_in_transit_seconds": "For how long the oldest of them has been on its way.",
        },
        asks="""SELECT rail, livemode, currency, count(*), sum(amount), extract(epoch FROM %(at)s - min(sent_at))
                FROM payout WHERE state = 'in_transit' GROUP BY rail, livemode, currency""",
        labels=("rail", "livemode", "currency"),
        every=60.0,
    ),
    Reading(
        tells={
            "paygate_payouts_unresolved_seconds": "For how long the oldest unresolved payout at a PSP has been so."
        },
        asks="""SELECT rail, livemode, extract(epoch FROM %(at)s - min(coalesce(taken_at, updated_at))) FROM payout
                WHERE next_look_at IS NOT NULL AND outcome IN ('unknown', 'not_sent') GROUP BY rail, livemode""",
        labels=("rail", "livemode"),
        every=60.0,
    ),
]
