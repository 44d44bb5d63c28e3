"""What disputes moved at the PSPs, by our books: what their statements are held against."""

from __future__ import annotations

from paygate.psp.statements import LineKind, Movements


def _of(kind: LineKind, direction: str, sign: str, fee: str) -> Movements:
    return Movements(
        kind,
        "dp",
        f"""SELECT m.psp, m.livemode, m.merchant_id, m.id AS item, d.payment_id, m.psp_reference AS object,
               p.psp_reference AS payment, {sign}m.amount AS amount, {fee}m.fee AS fee, m.currency, m.said_at AS at
           FROM dispute_movement m JOIN dispute d ON d.merchant_id = m.merchant_id AND d.id = m.dispute_id
           JOIN payment p ON p.merchant_id = d.merchant_id AND p.id = d.payment_id
           WHERE m.direction = '{direction}'""",  # noqa: S608 - our own words.
    )


MOVEMENTS = (
    _of(LineKind.CHARGEBACK, "withdrawn", "-", ""),
    _of(LineKind.CHARGEBACK_REVERSED, "reinstated", "", "-"),
)
