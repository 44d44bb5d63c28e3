"""What payments and refunds moved at the PSPs, by our books: what their statements are held against."""

from __future__ import annotations

from paygate.psp.statements import LineKind, Movements

_OF_A_PAYMENT = "JOIN payment p ON p.merchant_id = a.merchant_id AND p.id = a.payment_id"

#: Whether a transaction of this kind is in the books for the row `of`, named with its prefix.
_BOOKED = """EXISTS (
    SELECT FROM ledger_transaction t WHERE t.merchant_id = {of}.merchant_id AND t.kind = '{kind}'
        AND t.source = public_id('{prefix}', {of}.id))"""


def _captures(kind: LineKind, sign: str, reference: str, which: str) -> Movements:
    return Movements(
        kind,
        "att",
        f"""SELECT a.psp, p.livemode, a.merchant_id, a.id AS item, p.id AS payment_id, {reference} AS object,
               p.psp_reference AS payment, {sign}a.amount AS amount, 0::bigint AS fee, p.currency, a.finished_at AS at
           FROM payment_attempt a {_OF_A_PAYMENT}
           WHERE a.outcome = 'approved' AND {which}""",  # noqa: S608 - our own words.
    )


_APART = "a.operation = 'capture' AND a.psp_reference <> '' AND a.psp <> 'stripe'"
#: Stripe settles what was captured of a payment in one line, that goes by the payment.
_TOGETHER = "a.operation = 'capture' AND a.psp = 'stripe' AND p.psp_reference <> ''"
_AT_ONCE = (
    "a.operation IN ('authorize', 'confirm') AND p.capture_method = 'automatic'"
    " AND p.psp_reference <> ''"
)


def _undone(kind: LineKind, booked: str, sign: str, *, again: bool = False) -> Movements:
    """What was taken back, or made after all, by the transaction that booked it."""
    return Movements(
        kind,
        "txn",
        f"""SELECT a.psp, p.livemode, a.merchant_id, t.id AS item, p.id AS payment_id,
               CASE WHEN a.operation = 'capture' AND a.psp <> 'stripe' THEN a.psp_reference ELSE p.psp_reference END
                   AS object,
               p.psp_reference AS payment, {sign}a.amount AS amount, 0::bigint AS fee, p.currency, t.posted_at AS at
           FROM ledger_transaction t
           JOIN payment_attempt a ON a.merchant_id = t.merchant_id AND a.id = id_of(t.source) {_OF_A_PAYMENT}
           WHERE t.kind = '{booked}'""",  # noqa: S608 - our own words.
        again=again,
    )


def _refunds(
    kind: LineKind, sign: str, which: str, *, named: str = "r.psp_reference <> ''"
) -> Movements:
    return Movements(
        kind,
        "re",
        f"""SELECT r.psp, r.livemode, r.merchant_id, r.id AS item, r.payment_id, r.psp_reference AS object,
               r.of_reference AS payment, {sign}r.amount AS amount, 0::bigint AS fee, r.currency, r.updated_at AS at
           FROM refund r WHERE {named} AND {which}""",  # noqa: S608 - our own words.
    )


_CAME_BACK = _BOOKED.format(of="r", kind="refund.failed", prefix="re")
_GIVEN = f"(r.state = 'succeeded' OR r.state = 'failed' AND {_CAME_BACK})"
_GIVEN_BACK = f"r.state = 'failed' AND {_CAME_BACK}"

#: A capture that was made apart has a reference of its own at some PSPs; what is taken at once goes by the payment's.
#: What has no name at the PSP moved all the same.
MOVEMENTS = (
    _captures(LineKind.CAPTURE, "", "a.psp_reference", _APART),
    _captures(LineKind.CAPTURE, "", "p.psp_reference", _AT_ONCE),
    _captures(LineKind.CAPTURE, "", "p.psp_reference", _TOGETHER),
    _captures(
        LineKind.CAPTURE,
        "",
        "''",
        "a.operation = 'capture' AND a.psp_reference = '' AND a.psp <> 'stripe'",
    ),
    _undone(LineKind.CAPTURE_REVERSED, "payment.capture_reversed", "-"),
    _undone(LineKind.CAPTURE, "payment.recaptured", "", again=True),
    _refunds(LineKind.REFUND, "-", _GIVEN),
    _refunds(LineKind.REFUND, "-", _GIVEN, named="r.psp_reference = ''"),
    _refunds(LineKind.REFUND_REVERSED, "", _GIVEN_BACK),
    _refunds(LineKind.REFUND_REVERSED, "", _GIVEN_BACK, named="r.psp_reference = ''"),
)
