"""Hand claimed acts to the worker pool of their PSP.

When Celery's broker does not answer, the act is carried out right here: whoever takes it asks for it, so it
makes no difference to the dispute.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from django.conf import settings
from django.db import connection

from disputes.carry_out import Pair, carry_out
from disputes.models import Act
from disputes.tasks import carry_out as carry_out_task
from kernel.news import listener
from paygate.payments.dispatch import BROKER_GONE

log = logging.getLogger(__name__)


def dispatch(act: Act) -> None:
    """See to it that the act is carried out, soon and once. Never raises for a broker that is gone."""
    try:
        carry_out_task.apply_async(
            kwargs={
                "pairs": [[str(act.merchant_id), str(act.id)]],
                "channel": listener.channel,
            },
            queue=f"psp.{act.psp}",
            expires=settings.CALL_OVER_AFTER,
            retry=False,
            ignore_result=True,
        )
    except BROKER_GONE as error:
        log.warning("broker.gone", extra={"psp": act.psp, "acts": 1, "error": repr(error)})
        carry_out_here(act)


def carry_out_here(act: Act) -> None:
    """In a thread of this process, without waiting for it."""
    _here(act.psp).submit(_carry_out_and_close, (act.merchant_id, act.id), listener.channel)


@cache
def _here(psp: str) -> ThreadPoolExecutor:
    """A few threads for one PSP: acts are rare, and a PSP that hangs holds up its own alone."""
    return ThreadPoolExecutor(4, thread_name_prefix=f"acts {psp}")


def _carry_out_and_close(pair: Pair, channel: str) -> None:
    try:
        carry_out([pair], channel=channel)
    except Exception:
        log.exception("inline.failed")
    finally:
        connection.close()
