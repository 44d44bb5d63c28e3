"""What payments cost, learned from the lines of applied statements: piece by piece, after they were applied."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import connection
from django.db.models import F

from kernel.db import atomic, outside_transaction
from paygate.costs.learn_lines import Charged, learn_lines
from paygate.psp.events import NotYet
from paygate.reconciliation.models import BANK, Statement

log = logging.getLogger(__name__)

AT_ONCE = 5_000  # Lines in one commit.

_CHARGED = """
    SELECT l.merchant_id, a.payment_id, l.reference, l.fee + l.billed, l.settled_currency, l.booked_at
    FROM statement_line l JOIN payment_attempt a ON a.merchant_id = l.merchant_id AND a.id = l.item
    WHERE l.statement_id = %s AND l.row > %s AND l.row <= %s AND l.kind = 'capture' AND l.became = 'settled'
        AND l.fee + l.billed > 0 AND l.currency = l.settled_currency
    ORDER BY l.row
"""


@outside_transaction
def learn_costs(*, at: datetime) -> None:
    """Learn from every statement that was not learned from to its end. What cannot be learned now is, next time."""
    waiting = Statement.objects.filter(
        state=Statement.State.APPLIED, learned__lt=F("lines")
    ).exclude(psp=BANK)
    for statement in waiting.order_by("applied_at"):
        try:
            while _learn(statement, at=at):
                pass
        except NotYet as early:
            log.info("costs.not_yet", extra={"statement": statement.public_id, "why": str(early)})


def _learn(statement: Statement, *, at: datetime) -> bool:
    """The next piece; whether there was one."""
    with atomic(), connection.cursor() as cursor:
        locked = Statement.objects.select_for_update().get(id=statement.id)
        if locked.learned >= locked.lines:
            return False
        upto = min(locked.learned + AT_ONCE, locked.lines)
        cursor.execute(_CHARGED, [locked.id, locked.learned, upto])
        charged = [
            Charged(whose, payment, locked.livemode, locked.psp, reference, amount, currency, when)
            for whose, payment, reference, amount, currency, when in cursor.fetchall()
        ]
        learn_lines(charged, statement=locked.id, now=at)
        locked.learned = upto
        locked.save(update_fields=["learned"])
    return True
