"""What happened to payouts: they arrived, or failed, or came back. As it stands: what came back was not paid."""

from __future__ import annotations

from kernel.facts import Facts

FACTS = (
    Facts(
        """SELECT merchant_id, livemode, currency, rail AS psp, id, 'payout' AS fact, sequence,
               CASE state WHEN 'paid' THEN 'payout_paid' ELSE 'payout_failed' END AS what, '' AS reason,
               updated_at AS at, amount
           FROM payout WHERE state IN ('paid', 'failed', 'returned')
               AND updated_at >= %(since)s AND updated_at < %(until)s"""
    ),
)
