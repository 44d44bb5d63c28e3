"""Make up for lost webhooks, at the PSPs that know their cases; what a PSP says only again is not kept.

Every few minutes each is asked for the cases of the last days. A case runs for months, so some times a day those
open ones of which nothing was heard are read one by one. A case that cannot be heard does not stop the others:
it is logged, and comes again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from disputes.hear import case_reported, says_nothing_new
from disputes.models import Dispute, Status
from kernel.db import outside_transaction
from paygate.psp.cases import CaseReport, Desk
from paygate.psp.events import NotYet, Quarantined
from paygate.psp.gateway import Unknown
from paygate.psp.registry import configuration, desk

log = logging.getLogger(__name__)

OPENED_WITHIN = timedelta(days=3)  # As long as the PSPs go on sending a webhook.
QUIET_FOR = timedelta(hours=6)
MOST_QUIET = 500  # Cases read in one go, those of which we heard longest ago.


@outside_transaction
def poll(psp: str, *, at: datetime) -> int:
    """Hear the cases of a PSP that were opened lately; how many said something new."""
    heard = 0
    for livemode, at_psp in _desks(psp):
        recent = at_psp.cases_since(at - OPENED_WITHIN)
        if isinstance(recent, Unknown):
            log.warning("poll.unanswered", extra={"psp": psp, "why": recent.why})
        else:
            heard += _hear(psp, recent, livemode=livemode, at=at)
    return heard


@outside_transaction
def read_quiet(psp: str, *, at: datetime) -> int:
    """Read the open cases of a PSP of which nothing was heard for hours; how many said something new."""
    return sum(
        _hear(psp, _read(psp, at_psp, livemode=livemode, at=at), livemode=livemode, at=at)
        for livemode, at_psp in _desks(psp)
    )


def _desks(psp: str) -> Iterator[tuple[bool, Desk]]:
    for livemode in (False, True):
        if configuration(psp, livemode=livemode) is not None:
            at_psp = desk(psp, livemode=livemode)
            if at_psp.knows_cases:
                yield livemode, at_psp


def _read(psp: str, at_psp: Desk, *, livemode: bool, at: datetime) -> Iterator[CaseReport]:
    quiet = Dispute.objects.filter(
        psp=psp,
        livemode=livemode,
        status__in=[Status.NEEDS_RESPONSE, Status.UNDER_REVIEW],
        updated_at__lt=at - QUIET_FOR,
    ).order_by("updated_at")[:MOST_QUIET]
    for case in list(quiet.values_list("psp_reference", flat=True)):
        try:
            report = at_psp.read_case(case)
        except Exception:
            log.exception("poll.failed", extra={"psp": psp, "case": case})
            continue
        if not isinstance(report, Unknown):
            yield report


def _hear(psp: str, reports: Iterable[CaseReport], *, livemode: bool, at: datetime) -> int:
    """Hear them, save those that say nothing new; how many that were not."""
    heard = 0
    for report in reports:
        about = {"psp": psp, "case": report.case}
        try:
            if says_nothing_new(psp, report, livemode=livemode):
                continue
            case_reported(psp, report, livemode=livemode, now=at)
        except Quarantined as odd:
            log.error("poll.quarantined", extra={**about, "why": str(odd)})
        except NotYet as early:
            log.warning("poll.not_yet", extra={**about, "why": str(early)})
        except Exception:
            log.exception("poll.failed", extra=about)
        else:
            heard += 1
    return heard
