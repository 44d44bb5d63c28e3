"""What disputes moved at the PSPs, by our books: what their statements are held against."""

from __future__ import annotations

from paygate.psp.statements import LineKind, Movements

#: A reinstatement is in the books once a round has it; until then it waits for its withdrawal.
_BOOKED = """EXISTS (
    SELECT FROM dispute_round r WHERE r.merchant_id = m.merchant_id AND r.{end} = m.id)"""


def _of(kind: LineKind, direction: str, end: str, sign: str, fee: str) -> Movements:
    return Movements(
        kind,
        "dp",
        f"""SELECT m.psp, m.livemode, m.merchant_id, m.id AS item, d.payment_id, m.psp_reference AS object,
               p.psp_reference AS payment, {sign}m.amount AS amount, {fee}m.fee AS fee, m.currency, m.said_at AS at
           FROM dispute_movement m JOIN dispute d ON d.merchant_id = m.merchant_id AND d.id = m.dispute_id
           JOIN payment p ON p.merchant_id = d.merchant_id AND p.id = d.payment_id
           WHERE m.direction = '{direction}' AND {_BOOKED.format(end=end)}""",  # noqa: S608 - our own words.
    )


MOVEMENTS = (
    _of(LineKind.CHARGEBACK, "withdrawn", "withdrawal", "-", ""),
    _of(LineKind.CHARGEBACK_REVERSED, "reinstated", "reinstatement", "", "-"),
)
