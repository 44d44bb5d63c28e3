"""Hand claimed attempts to the worker pool of their PSP.

Attempts that are there at the same moment share a message. When Celery's broker does not answer, the
attempt is carried out right here: whoever takes it calls for it, so it makes no difference to the money.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import kombu.exceptions
import redis
from django.conf import settings
from django.db import connection

from kernel.grouping import Grouped
from kernel.news import listener
from paygate.payments.carry_out import Pair, carry_out
from paygate.payments.models import Attempt
from paygate.payments.tasks import carry_out as carry_out_task

log = logging.getLogger(__name__)

BROKER_GONE = (kombu.exceptions.OperationalError, redis.RedisError, OSError, LookupError)


def dispatch(attempt: Attempt) -> None:
    """See to it that the attempt is carried out, soon and once. Never raises for a broker that is gone."""
    _to(attempt.psp)((attempt.merchant_id, attempt.id))


@cache
def _to(psp: str) -> Grouped[Pair, None]:
    # A message costs both sides several times what an attempt in it does.
    return Grouped(partial(_publish, psp), name=f"dispatch {psp}", largest=64, rest=0.02)


@cache
def _here(psp: str) -> ThreadPoolExecutor:
    """Threads for one PSP: its calls wait for each other and for nobody else's, here as well."""
    return ThreadPoolExecutor(settings.PSP_THREADS, thread_name_prefix=f"inline {psp}")


def _publish(psp: str, pairs: list[Pair]) -> list[None]:
    channel = listener.channel
    try:
        carry_out_task.apply_async(
            kwargs={"pairs": [[str(m), str(a)] for m, a in pairs], "channel": channel},
            queue=f"psp.{psp}",
            expires=settings.CALL_OVER_AFTER,
            retry=False,
            ignore_result=True,
        )
    except BROKER_GONE as error:
        log.warning("broker.gone", extra={"psp": psp, "attempts": len(pairs), "error": repr(error)})
        for pair in pairs:
            carry_out_here(psp, pair)
    return [None] * len(pairs)


def carry_out_here(psp: str, pair: Pair) -> None:
    """In a thread of this process, without waiting for it."""
    _here(psp).submit(_carry_out_and_close, pair, listener.channel)


def _carry_out_and_close(pair: Pair, channel: str) -> None:
    try:
        carry_out([pair], channel=channel)
    except Exception:
        log.exception("inline.failed")
    finally:
        connection.close()
