"""A payout is called off before it was sent: its amount is available again."""

from __future__ import annotations

from datetime import datetime

from payouts.models import Payout, State
from payouts.move import again, move_one


class TooLate(Exception):
    """It was sent, or is over."""

    def __init__(self, payout: Payout) -> None:
        super().__init__(f"A payout that is {payout.state} cannot be canceled.")


def cancel(payout: Payout, *, code: str = "", message: str = "", at: datetime) -> Payout:
    """Call it off, also out of a batch that was approved. Raises TooLate.

    Where it is not the merchant who does: `code` and `message` tell them why.
    """
    canceled = move_one(payout, State.CANCELED, at=at, code=code, message=message)
    if canceled is None:
        raise TooLate(again(payout))
    return canceled
