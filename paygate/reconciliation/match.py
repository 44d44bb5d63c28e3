"""Lines meet movements: by the PSP's reference, as sets.

`told` holds the lines of a statement. `repeated` gets those that were told before; `matched` gets, for each line that a
movement of the same kind explains or contradicts, which that is. Where several lines or several movements go by one
reference (a charge that was captured in parts, a capture that was settled in two), they are paired by amount, and what
is left by its sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from paygate.psp.statements import LineKind, Movements
from paygate.wiring import MOVEMENTS, named

_STAGE = """
    DROP TABLE IF EXISTS matched;
    CREATE TEMPORARY TABLE matched (
        row bigint NOT NULL, kind text NOT NULL, merchant_id uuid NOT NULL, item uuid NOT NULL, payment_id uuid,
        amount bigint NOT NULL, fee bigint NOT NULL, currency char(3) NOT NULL, settled boolean NOT NULL
    ) ON COMMIT DROP;
    DROP TABLE IF EXISTS repeated;
    CREATE TEMPORARY TABLE repeated (row bigint NOT NULL, same boolean NOT NULL) ON COMMIT DROP;
"""

#: Is a movement in a line of a statement that counts, or was it given up?
COVERED = """(
    EXISTS (
        SELECT FROM reconciliation_break b WHERE b.merchant_id = m.merchant_id AND b.item = m.item
            AND b.cause = 'missing_there' AND split_part(b.key, ':', 2) = '{kind}'
            AND b.closed_by IN ('draft', 'write_off'))
    OR EXISTS (
        SELECT FROM statement_line l JOIN statement s ON s.id = l.statement_id AND s.state = 'applied'
        WHERE l.merchant_id = m.merchant_id AND l.item = m.item AND l.kind = '{kind}')
    OR EXISTS (
        SELECT FROM statement_line_item i
        JOIN statement s ON s.id = i.statement_id AND s.state = 'applied'
        JOIN statement_line l ON l.statement_id = i.statement_id AND l.row = i.row AND l.kind = '{kind}'
        WHERE i.merchant_id = m.merchant_id AND i.item = m.item))"""

_FIND = """
    INSERT INTO matched
    SELECT t.row, '{kind}', m.merchant_id, m.item, m.payment_id, m.amount, m.fee, m.currency, false
    FROM told t JOIN ({select}) m ON m.object = t.object
    WHERE t.kind = '{kind}' AND t.object <> '' AND m.psp = %(psp)s AND m.livemode = %(livemode)s
        AND NOT EXISTS (SELECT FROM repeated r WHERE r.row = t.row)
"""

#: As COVERED says of one, for all that were matched.
_SETTLED = """
    UPDATE matched m SET settled = true FROM (
        SELECT l.merchant_id, l.item, l.kind
        FROM statement_line l JOIN statement s ON s.id = l.statement_id AND s.state = 'applied'
        WHERE l.item IS NOT NULL
        UNION ALL
        SELECT i.merchant_id, i.item, l.kind
        FROM statement_line_item i
        JOIN statement s ON s.id = i.statement_id AND s.state = 'applied'
        JOIN statement_line l ON l.statement_id = i.statement_id AND l.row = i.row
        UNION ALL
        SELECT b.merchant_id, b.item, split_part(b.key, ':', 2)
        FROM reconciliation_break b
        WHERE b.cause = 'missing_there' AND b.item IS NOT NULL AND b.closed_by IN ('draft', 'write_off')
    ) c
    WHERE c.merchant_id = m.merchant_id AND c.item = m.item AND c.kind = m.kind
"""

#: What was told before: by a statement that counts, or further up in this one. "Same" says nothing new: the PSP gives a
#: line again, perhaps with its batch.
_REPEATED = """
    INSERT INTO repeated
    SELECT t.row, bool_or(
        (l.currency, l.gross, l.settled_currency, l.net) = (t.currency, t.gross, t.settled_currency, t.net)
        AND (l.batch IN ('', t.batch) OR t.batch = ''))
    FROM told t
    JOIN statement_line l ON l.reference = t.reference AND l.kind = t.kind AND l.became <> 'repeated'
    JOIN statement s ON s.id = l.statement_id AND s.state = 'applied' AND s.psp = %(psp)s AND s.livemode = %(livemode)s
    GROUP BY t.row
    UNION ALL
    SELECT t.row, false FROM told t
    JOIN (
        SELECT reference, kind, min(row) AS first FROM told GROUP BY reference, kind HAVING count(*) > 1
    ) f ON f.reference = t.reference AND f.kind = t.kind AND f.first < t.row
"""

#: What was taken back and made after all has a line like an earlier one: that is no repetition.
_AGAIN = """
    DELETE FROM repeated WHERE row IN (
        SELECT l.row FROM (
            SELECT t.row, t.object, row_number() OVER (PARTITION BY t.object ORDER BY t.row DESC) AS place
            FROM told t JOIN repeated r ON r.row = t.row WHERE t.kind = '{kind}'
        ) l
        JOIN (
            SELECT m.object, count(*) AS times FROM ({select}) m
            WHERE m.psp = %(psp)s AND m.livemode = %(livemode)s AND NOT {covered} GROUP BY 1
        ) a ON a.object = l.object AND l.place <= a.times
    )
"""

ALSO_BY_PAYMENT = frozenset(
    kind.value for kind in (LineKind.CAPTURE, LineKind.CHARGEBACK, LineKind.CHARGEBACK_REVERSED)
)

_NAMELESS = """
    DROP TABLE IF EXISTS nameless;
    CREATE TEMPORARY TABLE nameless ON COMMIT DROP AS
    SELECT t.row, t.kind, t.payment, t.gross, t.currency,
        row_number() OVER (PARTITION BY t.kind, t.payment, t.gross, t.currency ORDER BY t.booked_at, t.row) AS place
    FROM told t
    WHERE t.kind = ANY (%s) AND t.payment <> '' AND NOT EXISTS (SELECT FROM matched m WHERE m.row = t.row)
        AND NOT EXISTS (SELECT FROM repeated r WHERE r.row = t.row)
"""

_BY_PAYMENT = """
    WITH open AS (
        SELECT m.*, row_number() OVER (PARTITION BY m.payment, m.amount, m.currency ORDER BY m.at, m.item) AS place
        FROM ({select}) m
        WHERE m.psp = %(psp)s AND m.livemode = %(livemode)s AND m.object <> ''
            AND m.payment IN (SELECT n.payment FROM nameless n WHERE n.kind = '{kind}')
            AND NOT EXISTS (SELECT FROM matched f WHERE f.kind = '{kind}' AND f.item = m.item) AND NOT {covered}
    ), named AS (
        DELETE FROM nameless n USING open o
        WHERE n.kind = '{kind}' AND n.payment = o.payment AND n.gross = o.amount AND n.currency = o.currency
            AND n.place = o.place
        RETURNING n.row, o.object, o.merchant_id, o.item, o.payment_id, o.amount, o.fee, o.currency
    ), told_so AS (
        UPDATE told SET object = n.object FROM named n WHERE told.row = n.row
    )
    INSERT INTO matched
    SELECT n.row, '{kind}', n.merchant_id, n.item, n.payment_id, n.amount, n.fee, n.currency, false FROM named n
"""

_SEVERAL = """
    DROP TABLE IF EXISTS several;
    CREATE TEMPORARY TABLE several ON COMMIT DROP AS
    WITH more AS MATERIALIZED (
        SELECT m.row FROM matched m GROUP BY 1 HAVING count(*) > 1
        UNION ALL
        SELECT unnest(array_agg(m.row)) FROM matched m GROUP BY m.item, m.kind HAVING count(*) > 1
    )
    SELECT DISTINCT t.kind, t.object FROM told t WHERE t.row IN (SELECT row FROM more)
"""


@dataclass(slots=True)
class _Line:
    row: int
    gross: int
    currency: str


@dataclass(slots=True)
class _Movement:
    merchant_id: UUID
    item: UUID
    payment_id: UUID | None
    amount: int
    fee: int
    currency: str
    settled: bool


@dataclass(slots=True)
class _Group:
    lines: list[_Line] = field(default_factory=list)
    movements: list[_Movement] = field(default_factory=list)


def match(psp: str, *, livemode: bool) -> list[tuple[UUID, UUID, int]]:
    """Fill `repeated` and `matched`; further movements of one line: (merchant, item, row)."""
    whose: dict[str, Any] = {"psp": psp, "livemode": livemode}
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        cursor.execute(_REPEATED, whose)
        for movements in all_movements():
            if movements.again:
                cursor.execute(_written(_AGAIN, movements), whose)
        cursor.execute("ANALYZE repeated")
        cursor.execute("SELECT DISTINCT kind FROM told")
        kinds = {kind for (kind,) in cursor.fetchall()}
        for movements in all_movements():
            if movements.kind in kinds:
                cursor.execute(_written(_FIND, movements), whose)
        cursor.execute("ANALYZE matched")
        _by_payment(cursor, whose, kinds)
        cursor.execute(_SETTLED)
        cursor.execute(_SEVERAL)
        cursor.execute("ANALYZE several")
        return _several(cursor)


def all_movements() -> list[Movements]:
    """Those of all rooms."""
    return [one for some in named(MOVEMENTS) for one in some]


_UNCOVERED = """
    SELECT DISTINCT '{kind}' AS kind, '{prefix}' AS prefix, m.merchant_id, m.item, m.payment_id, m.amount, m.fee,
        m.currency, m.at
    FROM ({select}) m
    WHERE m.psp = %(psp)s AND m.livemode = %(livemode)s AND m.at >= %(since)s AND NOT {covered}
"""


def uncovered(movements: Iterable[Movements]) -> str:
    """SQL for those, since a moment, of which no statement that counts tells, and that nobody gave up."""
    return " UNION ALL ".join(_written(_UNCOVERED, one) for one in movements)


def _written(question: str, movements: Movements) -> str:
    """A question of the above, about these."""
    return question.format(
        kind=movements.kind,
        prefix=movements.prefix,
        select=movements.select,
        covered=COVERED.format(kind=movements.kind),
    )


def _by_payment(cursor: Any, whose: dict[str, Any], kinds: set[str]) -> None:
    """Lines by whose object nothing is found go by the payment and their amount: Braintree's of disputes name nothing
    else, and a PSP may have a reference of its own for what was captured at once."""
    if not kinds & ALSO_BY_PAYMENT:
        return
    cursor.execute(_NAMELESS, [list(ALSO_BY_PAYMENT)])
    cursor.execute("SELECT DISTINCT kind FROM nameless")
    left = {kind for (kind,) in cursor.fetchall()}
    for movements in all_movements():
        if movements.kind in left:
            cursor.execute(_written(_BY_PAYMENT, movements), whose)


def _several(cursor: Any) -> list[tuple[UUID, UUID, int]]:
    """Pair what goes by one reference."""
    groups: defaultdict[tuple[str, str], _Group] = defaultdict(_Group)
    cursor.execute(
        "SELECT DISTINCT t.kind, t.object, t.row, t.gross, t.currency FROM told t"
        " JOIN several s USING (kind, object) JOIN matched m ON m.row = t.row ORDER BY t.row"
    )
    for kind, object_, *line in cursor.fetchall():
        groups[kind, object_].lines.append(_Line(*line))
    cursor.execute(
        "SELECT DISTINCT t.kind, t.object, m.merchant_id, m.item, m.payment_id, m.amount, m.fee, m.currency, m.settled"
        " FROM told t JOIN several s USING (kind, object) JOIN matched m ON m.row = t.row ORDER BY m.item"
    )
    for kind, object_, *movement in cursor.fetchall():
        groups[kind, object_].movements.append(_Movement(*movement))
    cursor.execute(
        "DELETE FROM matched m USING told t JOIN several s USING (kind, object) WHERE m.row = t.row"
    )
    rows: list[tuple[Any, ...]] = []
    further: list[tuple[UUID, UUID, int]] = []
    for (kind, _), group in groups.items():
        for line, movement, ours in _paired(group, further):
            rows.append(
                (
                    *(line.row, kind, movement.merchant_id, movement.item, movement.payment_id),
                    *(ours, movement.fee, movement.currency, movement.settled),
                )
            )
    with cursor.copy("COPY matched FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    return further


def _paired(
    group: _Group, further: list[tuple[UUID, UUID, int]]
) -> Iterable[tuple[_Line, _Movement, int]]:
    """Which movement each line is, and with what amount it is compared."""
    movements = [m for m in group.movements if not m.settled]
    left: list[_Line] = []
    for line in group.lines:
        same = (m for m in movements if (m.amount, m.currency) == (line.gross, line.currency))
        if movement := next(same, None):
            movements.remove(movement)
            yield line, movement, movement.amount
        else:
            left.append(line)
    if not left:
        return
    if not movements:  # Every movement has its line already: these are once too often.
        for line in left:
            if group.movements:
                settled = group.movements[0]
                settled.settled = True
                yield line, settled, settled.amount
        return
    ours = sum(m.amount for m in movements)
    if sum(line.gross for line in left) == ours:  # Together they are right.
        for line in left:
            yield line, movements[0], line.gross
        further += [(m.merchant_id, m.item, left[0].row) for m in movements[1:]]
        return
    whole = next((line for line in left if line.gross == ours), left[0] if len(left) == 1 else None)
    if whole is not None:  # One is for all of them, and any others are once too often.
        further += [(m.merchant_id, m.item, whole.row) for m in movements[1:]]
        yield whole, movements[0], ours
        movements[0].settled = True
        yield from ((line, movements[0], ours) for line in left if line is not whole)
        return
    for place, line in enumerate(left):
        movement = movements[min(place, len(movements) - 1)]
        once_more = place >= len(movements)
        movement.settled = movement.settled or once_more
        yield line, movement, movement.amount
