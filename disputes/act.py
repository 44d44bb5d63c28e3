"""How acts go through the idempotency contract of the API: found, sent on their way, and looked at."""

from __future__ import annotations

from uuid import UUID

from disputes.answer import is_final, reply_to
from disputes.change import Change
from disputes.dispatch import carry_out_here, dispatch
from disputes.models import Act, Dispute
from kernel.clock import now
from kernel.db import give_back_connection
from kernel.idempotency.replay import Key, Reply, recall
from paygate.api.waiting import Manner


def find(merchant_id: UUID, act_id: UUID) -> Act:
    """The act as it is now."""
    act: Act = Act.objects.get(merchant_id=merchant_id, id=act_id)
    return act


def look(act: Act) -> tuple[Act, Reply]:
    """The act as it is now and the reply for it; the connection goes back to the pool.

    A reply that is stored is the reply, to the byte: the dispute may have gone on since.
    """
    try:
        act = find(act.merchant_id, act.id)
        if act.idempotency_key and is_final(act):
            bound = recall(Key(act.merchant_id, act.livemode, act.idempotency_key))
            if bound is not None and bound.reply is not None:
                return act, bound.reply
        dispute = Dispute.objects.get(merchant_id=act.merchant_id, id=act.dispute_id)
        shown = Change.of(dispute, at=now()).shown()
    finally:
        give_back_connection()
    return act, reply_to(dispute, act, shown)


ACTS = Manner[Act](
    find=find,
    dispatch=lambda act: dispatch(act),
    carry_out_here=lambda act: carry_out_here(act),
    look=look,
)
