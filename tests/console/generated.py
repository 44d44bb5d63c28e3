"""Figures of many days as if they had been told, by SQL: for looking at the dashboard, and for its time."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

#: Psp, its part of what is paid, of which so many percent are declined.
PSPS = {"stripe": (55, 8), "adyen": (30, 11), "braintree": (15, 17)}
REASONS = {
    "insufficient_funds": 46,
    "do_not_honor": 21,
    "expired_card": 9,
    "incorrect_cvc": 7,
    "suspected_fraud": 6,
    "authentication_failed": 4,
    "lost_card": 3,
    "processing_error": 2,
    "invalid_payment_method": 1,
    "currency_not_supported": 1,
}

_TRAFFIC = """
    INSERT INTO figure (merchant_id, livemode, currency, span, what, starts, psp, reason, number, amount)
    SELECT %(whose)s, %(livemode)s, %(currency)s, span, what, date_trunc(span, at, 'UTC'), psp, reason,
        sum(number), sum(amount)
    FROM (
        SELECT h.at, p.psp, k.what, k.reason, ceil(t.tries * k.part) AS number,
            ceil(t.tries * k.part) * (2000 + abs(hashtext(p.psp || h.at::text || k.what)) %% 3000) AS amount
        FROM generate_series(date_trunc('day', %(at)s - %(length)s, 'UTC'), %(at)s, interval '1 hour') h (at)
        CROSS JOIN unnest(%(psps)s::text[], %(parts)s::integer[], %(lost)s::integer[]) p (psp, part, lost)
        CROSS JOIN LATERAL (SELECT %(busy)s * p.part / 100.0
            * (1 + sin((extract(hour FROM h.at) - 8) * pi() / 12))
            * (CASE WHEN extract(isodow FROM h.at) > 5 THEN 0.6 ELSE 1 END)
            * (0.75 + abs(hashtext(p.psp || h.at::text)) %% 50 / 100.0)
            * (CASE WHEN p.psp = 'adyen' AND h.at::date = (%(at)s - interval '3 days')::date THEN 0.3 ELSE 1 END)
            AS tries) t
        CROSS JOIN LATERAL (
            SELECT 'attempted', '', 1.0
            UNION ALL SELECT 'approved', '', (100 - p.lost) / 100.0
            UNION ALL SELECT 'captured', '', (99 - p.lost) / 100.0
            UNION ALL SELECT 'refunded', '', 0.03
            UNION ALL SELECT 'declined', r.reason, p.lost / 100.0 * r.part / 100
                * (CASE WHEN p.psp = 'adyen' AND h.at::date = (%(at)s - interval '3 days')::date THEN 6 ELSE 1 END)
            FROM unnest(%(reasons)s::text[], %(reason_parts)s::integer[]) r (reason, part)
        ) k (what, reason, part)
        WHERE t.tries >= 1
        UNION ALL
        SELECT d.at + interval '9 hours', p.psp, k.what, '', k.number, k.number * k.each
        FROM generate_series(
            date_trunc('day', %(at)s - %(length)s, 'UTC'), %(at)s - interval '9 hours', interval '1 day') d (at)
        CROSS JOIN (VALUES ('stripe'), ('adyen')) p (psp)
        CROSS JOIN (VALUES ('dispute_opened', 5, 6490), ('dispute_won', 3, 6120), ('dispute_lost', 3, 7015),
            ('payout_paid', 4, 845000)) of (what, most, each)
        CROSS JOIN LATERAL (
            SELECT of.what, of.each, 1 + abs(hashtext(d.at::text || of.what)) %% of.most AS number) k
        WHERE abs(hashtext(d.at::text || k.what || p.psp)) %% 3 > 0
    ) f
    CROSS JOIN (VALUES ('hour'), ('day')) s (span)
    GROUP BY span, what, date_trunc(span, at, 'UTC'), psp, reason"""


def traffic(
    whose: UUID,
    *,
    at: datetime,
    days: int = 190,
    currency: str = "EUR",
    livemode: bool = True,
    busy: float = 120,
) -> None:
    """So many days of it. `busy` is about how many payments there are in an hour."""
    with connection.cursor() as cursor:
        cursor.execute(
            _TRAFFIC,
            {
                "whose": whose,
                "at": at,
                "length": timedelta(days=days),
                "currency": currency,
                "livemode": livemode,
                "busy": busy,
                "psps": list(PSPS),
                "parts": [part for part, _ in PSPS.values()],
                "lost": [lost for _, lost in PSPS.values()],
                "reasons": list(REASONS),
                "reason_parts": list(REASONS.values()),
            },
        )
