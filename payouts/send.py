"""An approved batch leaves: by the bank as files, by a PSP one payout at a time. Killed anywhere, it goes on."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import connection

from kernel.db import atomic
from payouts.files import CanceledMeanwhile, NoAccountOfOurs, make_file
from payouts.models import Batch, Destination, Payout, Rail, State
from payouts.move import CHUNK, Move, move
from payouts.settle import lock

log = logging.getLogger(__name__)


def send_approved(*, at: datetime) -> int:
    """Let every approved batch leave; how many did. One that trips us up is logged, and the others leave."""
    count = 0
    for batch in Batch.objects.filter(state=Batch.State.APPROVED).order_by("id"):
        try:
            count += send_batch(batch, at=at)
        except Exception:
            log.exception("payout_batch.left_open", extra={"batch": batch.public_id})
    return count


def send_batch(batch: Batch, *, at: datetime) -> bool:
    """Let one leave; whether all of it has. What is missing for a part of it is logged, and tried again."""
    _call_off_retired(batch, at=at)
    try:
        if batch.rail == Rail.BANK:
            while True:
                try:
                    if make_file(batch, at=at) is None:
                        break
                except CanceledMeanwhile:
                    continue
        else:
            while _hand_over(batch, at=at):
                pass
    except NoAccountOfOurs as missing:
        log.error("payout_batch.stuck", extra={"batch": batch.public_id, "why": str(missing)})
        return False
    return _close(batch, at=at)


def _call_off_retired(batch: Batch, *, at: datetime) -> None:
    """Nothing is paid to where nobody stands for it any more, though it was approved while somebody did."""
    gone = Payout.objects.filter(batch_id=batch.id, state=State.APPROVED).exclude(
        destination__state=Destination.State.APPROVED
    )
    moves = [
        Move(merchant_id, id_, "destination_retired", "Its destination was retired.")
        for merchant_id, id_ in gone.values_list("merchant_id", "id")
    ]
    if move(State.CANCELED, moves, at=at, sources=[State.APPROVED]):
        log.warning("payout_batch.called_off", extra={"batch": batch.public_id, "n": len(moves)})


def _hand_over(batch: Batch, *, at: datetime) -> int:
    """Put payouts on their way to a PSP: from now on `pay` calls it for each; how many."""
    with atomic():
        if lock(batch).state != Batch.State.APPROVED:
            return 0
        rows = Payout.objects.filter(batch_id=batch.id, state=State.APPROVED).order_by("id")
        moves = [Move(*pair) for pair in rows.values_list("merchant_id", "id")[:CHUNK]]
        moved = move(State.IN_TRANSIT, moves, at=at)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE payout p SET next_look_at = %s FROM unnest(%s::uuid[], %s::uuid[]) AS m (merchant_id, id)"
                " WHERE p.merchant_id = m.merchant_id AND p.id = m.id",
                [at, [m.merchant_id for m in moved], [m.id for m in moved]],
            )
    return len(moves)


def _close(batch: Batch, *, at: datetime) -> bool:
    with atomic():
        locked = lock(batch)
        left = Payout.objects.filter(batch_id=batch.id, state=State.APPROVED).exists()
        if left or locked.state != Batch.State.APPROVED:
            return False
        locked.send()
        locked.sent_at = locked.updated_at = at
        locked.save()
    log.info("payout_batch.sent", extra={"batch": batch.public_id})
    return True
