"""What was paid to merchants, by our books: what the statements of the PSPs and of our bank are held against.

A PSP names a payout by its own reference; but Stripe's statements tell of the transfer that it is paid out of, which
repeats ours, and know nothing of what a connected account pays out. Our bank names it by ours, by the trace of a NACHA
file, or books a whole file as one sum: then the statement's line stands for all of them, and goes by the file's message
id.
"""

from __future__ import annotations

from paygate.psp.statements import LineKind, Movements


def _of(kind: LineKind, sign: str, states: str, object_: str, which: str) -> Movements:
    return Movements(
        kind,
        "po",
        f"""SELECT p.rail AS psp, p.livemode, p.merchant_id, p.id AS item,
               NULL::uuid AS payment_id, {object_} AS object, '' AS payment, {sign}p.amount AS amount, 0::bigint AS fee,
               p.currency, p.updated_at AS at
           FROM payout p {_FILE if "f." in object_ else ""}
           WHERE p.state IN ({states}) AND {which}""",  # noqa: S608 - our own words.
    )


_FILE = "JOIN payout_file f ON f.id = p.file_id"
_GONE, _BACK = "'paid', 'returned'", "'returned'"
_BY_PSP = "p.rail NOT IN ('bank', 'stripe') AND p.psp_reference <> ''"
_BY_STRIPE = "p.rail = 'stripe'"
_BY_BANK = "p.rail = 'bank'"

MOVEMENTS = (
    _of(LineKind.PAYOUT, "-", _GONE, "p.psp_reference", _BY_PSP),
    _of(LineKind.PAYOUT_RETURNED, "", _BACK, "p.psp_reference", _BY_PSP),
    _of(LineKind.PAYOUT, "-", _GONE, "public_id('po', p.id)", _BY_STRIPE),
    _of(LineKind.PAYOUT_RETURNED, "", _BACK, "public_id('po', p.id)", _BY_STRIPE),
    _of(LineKind.PAYOUT, "-", _GONE, "public_id('po', p.id)", f"{_BY_BANK} AND p.trace = ''"),
    _of(LineKind.PAYOUT, "-", _GONE, "p.trace", f"{_BY_BANK} AND p.trace <> ''"),
    _of(LineKind.PAYOUT, "-", _GONE, "f.message_id", _BY_BANK),
    _of(
        LineKind.PAYOUT_RETURNED, "", _BACK, "public_id('po', p.id)", f"{_BY_BANK} AND p.trace = ''"
    ),
    _of(LineKind.PAYOUT_RETURNED, "", _BACK, "p.trace", f"{_BY_BANK} AND p.trace <> ''"),
)
