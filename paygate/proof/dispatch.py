"""Have the proof run, not in the request that asks for it."""

from __future__ import annotations

import logging

from paygate.payments.dispatch import BROKER_GONE
from paygate.proof.tasks import run

log = logging.getLogger(__name__)

EXPIRES = 600.0  # Seconds: whoever asked has gone by then.


def have_it_run(*, by: str) -> bool:
    """False when the broker is gone."""
    try:
        run.apply_async(kwargs={"by": by}, queue="default", expires=EXPIRES, retry=False)
    except BROKER_GONE as error:
        log.warning("broker.gone", extra={"error": repr(error)})
        return False
    return True
