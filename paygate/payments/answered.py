"""What closing an attempt and answering for it have in common, whatever it asked for. Pure."""

from __future__ import annotations

from datetime import datetime

from kernel.card_numbers import mask
from kernel.idempotency.replay import Key, Reply
from paygate.payments.models import Attempt, Payment, Result
from paygate.payments.reply import is_final


def close(
    attempt: Attempt, result: Result, at: datetime, psp_code: str = "", psp_message: str = ""
) -> None:
    """It has its answer, for ever."""
    attempt.outcome = result
    attempt.psp_code = plain(psp_code)
    attempt.psp_message = plain(psp_message)
    attempt.finished_at = at
    attempt.next_look_at = None


def plain(text: str) -> str:
    """What a PSP says, fit to be kept and shown: it may hold anything, a NUL or a card number among it."""
    return mask("".join(letter for letter in text if letter.isprintable()))[:500]


def stored_reply(payment: Payment, attempt: Attempt, said: Reply) -> tuple[Key, Reply] | None:
    """The reply to store under the merchant's key; None where there is no key, or no last word yet."""
    if not attempt.idempotency_key or not is_final(attempt):
        return None
    return Key(payment.merchant_id, payment.livemode, attempt.idempotency_key), said
