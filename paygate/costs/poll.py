"""Ask the PSPs that can be asked what they charged, and learn what is new.

Off unless settings.COSTS_POLL says otherwise: where the PSP's settlement files are read, they say the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from kernel.db import outside_transaction
from paygate.costs.learn import learn
from paygate.costs.models import PspCharge
from paygate.psp.costs import Charged
from paygate.psp.events import NotYet, Quarantined
from paygate.psp.registry import configuration, costs

log = logging.getLogger(__name__)

WITHIN = timedelta(
    days=3
)  # What is older is known, or a person has been told of it three days long.
AT_ONCE = 200


@outside_transaction
def poll(psp: str, *, at: datetime) -> int:
    """Learn what a PSP charged lately; how much was new. What has no answer is asked again next time."""
    learned = 0
    for livemode in (False, True):
        if configuration(psp, livemode=livemode) is None:
            continue
        try:
            for some in _by(AT_ONCE, costs(psp, livemode=livemode).charged_since(at - WITHIN)):
                learned += _learn(psp, some, livemode=livemode, at=at)
        except Exception:
            log.exception("costs.unanswered", extra={"psp": psp, "livemode": livemode})
    return learned


def _by(size: int, told: Iterator[Charged]) -> Iterator[list[Charged]]:
    while some := list(islice(told, size)):
        yield some


def _learn(psp: str, told: list[Charged], *, livemode: bool, at: datetime) -> int:
    """Learn those that are new; how many. One that cannot be believed does not stop the others."""
    rows = PspCharge.objects.filter(
        psp=psp, livemode=livemode, reference__in=[one.reference for one in told]
    )
    known = set(rows.values_list("reference", flat=True))
    learned = 0
    for one in told:
        if one.reference in known:
            continue
        about = {"psp": psp, "reference": one.reference}
        try:
            learned += learn(
                psp,
                one.reference,
                one.cost,
                of=one.psp_reference,
                livemode=livemode,
                charged_at=one.at,
                now=at,
            )
        except NotYet as early:
            log.info("costs.not_yet", extra={**about, "why": str(early)})
        except Quarantined as odd:
            log.error("costs.quarantined", extra={**about, "why": str(odd)})
    return learned
