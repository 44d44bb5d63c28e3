"""What happened to payments and refunds, by their own tables and the books."""

from __future__ import annotations

from kernel.facts import Facts

_OF_A_PAYMENT = "JOIN payment p ON p.merchant_id = a.merchant_id AND p.id = a.payment_id"
_TAKES = "(a.operation = 'capture' OR a.operation IN ('authorize', 'confirm') AND p.capture_method = 'automatic')"


def _undone(kind: str, fact: str, what: str) -> Facts:
    """What was taken back, or made after all, by the transaction that booked it."""
    return Facts(
        f"""SELECT a.merchant_id, p.livemode, p.currency, a.psp, a.id, '{fact}' AS fact, 0 AS sequence,
               '{what}' AS what, '' AS reason, t.effective_at AS at, a.amount
           FROM ledger_transaction t
           JOIN payment_attempt a ON a.merchant_id = t.merchant_id AND a.id = id_of(t.source) {_OF_A_PAYMENT}
           WHERE t.kind = '{kind}' AND t.effective_at >= %(since)s AND t.effective_at < %(until)s"""  # noqa: S608 - our own words.
    )


FACTS = (
    Facts(
        """SELECT merchant_id, livemode, currency, psp, id, 'attempted' AS fact, 0 AS sequence, 'attempted' AS what,
               '' AS reason, created_at AS at, amount
           FROM payment WHERE created_at >= %(since)s AND created_at < %(until)s"""
    ),
    # How what charges a customer ended: sent to the bank first ("challenged"), and then however that ended.
    Facts(
        f"""SELECT a.merchant_id, p.livemode, p.currency, a.psp, a.id, 'ended' AS fact, 0 AS sequence,
               CASE a.outcome WHEN 'action_required' THEN 'challenged' ELSE a.outcome END AS what,
               CASE a.outcome WHEN 'declined' THEN a.decline_code ELSE '' END AS reason, a.finished_at AS at, a.amount
           FROM payment_attempt a {_OF_A_PAYMENT}
           WHERE a.operation IN ('authorize', 'confirm')
               AND a.finished_at >= %(since)s AND a.finished_at < %(until)s"""  # noqa: S608 - our own words.
    ),
    Facts(
        f"""SELECT a.merchant_id, p.livemode, p.currency, a.psp, a.id, 'captured' AS fact, 0 AS sequence,
               'captured' AS what, '' AS reason, a.finished_at AS at, a.amount
           FROM payment_attempt a {_OF_A_PAYMENT}
           WHERE a.outcome = 'approved' AND {_TAKES}
               AND a.finished_at >= %(since)s AND a.finished_at < %(until)s"""  # noqa: S608 - our own words.
    ),
    _undone("payment.capture_reversed", "capture_reversed", "capture_reversed"),
    _undone("payment.recaptured", "recaptured", "captured"),
    # A refund that came back from the payer's bank counts as failed, and no more as given back.
    Facts(
        """SELECT merchant_id, livemode, currency, psp, id, 'refund' AS fact, sequence,
               CASE state WHEN 'succeeded' THEN 'refunded' ELSE 'refund_failed' END AS what,
               CASE state WHEN 'failed' THEN failure_code ELSE '' END AS reason, updated_at AS at, amount
           FROM refund WHERE state IN ('succeeded', 'failed')
               AND updated_at >= %(since)s AND updated_at < %(until)s"""
    ),
)
