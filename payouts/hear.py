"""What PSPs tell of payouts that they make for us."""

from __future__ import annotations

from datetime import datetime

from kernel.ids import InvalidId, decode
from paygate.psp.events import PayoutMoved, Quarantined
from paygate.psp.gateway import Unknown
from paygate.psp.payouts import InTransit
from payouts.models import Payout, State
from payouts.pay import ask_now, settle

OVER = {State.FAILED, State.RETURNED}


def payout_moved(psp: str, news: PayoutMoved, *, livemode: bool, now: datetime) -> str:
    """Believe what fits the payout as we asked for it; else ask the PSP. What was done, in a few words.

    Raises Quarantined for a payout that is not ours, or was never sent to this PSP.
    """
    payout = _find(news.payout, livemode=livemode)
    if payout is None or payout.rail != psp or payout.sent_at is None:
        raise Quarantined(f"{news.payout or 'no payout'} was never sent to {psp}")
    if payout.state in OVER:
        return "it is over"
    fits = (
        payout.psp_reference != ""
        and news.psp_reference == payout.psp_reference
        and news.amount in (None, payout.money)
    )
    if isinstance(news.outcome, Unknown) or not fits:
        ask_now(payout, at=now)
        return "the PSP is asked"
    if isinstance(news.outcome, InTransit) and payout.state != State.IN_TRANSIT:
        return "known already"
    settle(payout, news.outcome, at=now)
    return type(news.outcome).__name__


def _find(public_id: str, *, livemode: bool) -> Payout | None:
    try:
        id_ = decode("po", public_id)
    except InvalidId:
        return None
    found: Payout | None = Payout.objects.filter(id=id_, livemode=livemode).first()
    return found
