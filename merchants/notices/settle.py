"""What became of a try, written down: the try, its notice, its endpoint, and what comes next."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import OperationalError
from django.db.transaction import atomic

from kernel.card_numbers import mask
from kernel.db import call
from kernel.grouping import Grouped
from kernel.ids import uuid7
from merchants.notices import metrics
from merchants.notices.disable import Reason, disable
from merchants.notices.safely import Answer, Error, NoAnswer
from merchants.notices.schedule import next_try
from merchants.notices.take import Task

log = logging.getLogger(__name__)

EXCERPT = 4096  # Characters of an answer that are kept.
SLOW = (
    3.0  # Seconds; an endpoint that takes longer is served apart, so that it keeps nobody waiting.
)
GONE = 410
#: What is kept of an answer's headers.
TELLING = (
    "content-type",
    "content-length",
    "date",
    "location",
    "retry-after",
    "server",
    "x-request-id",
)


@dataclass(frozen=True, slots=True)
class Tried:
    """One try that is over."""

    task: Task
    headers: Mapping[str, str]  # As they were sent.
    outcome: Answer | NoAnswer
    started_at: datetime
    finished_at: datetime
    seconds: float

    @property
    def error(self) -> str:
        """ "" is a success. A redirect is none: it is not followed."""
        match self.outcome:
            case Answer(status=status):
                return "" if 200 <= status < 300 else Error.STATUS
            case NoAnswer(error=error):
                return error

    @property
    def gone(self) -> bool:
        return isinstance(self.outcome, Answer) and self.outcome.status == GONE

    def as_item(self) -> dict[str, Any]:
        """As notice_settle takes it."""
        notice = self.task.notice
        answer = self.outcome if isinstance(self.outcome, Answer) else None
        once = self.gone or self.task.is_test
        return {
            "merchant_id": notice.merchant_id,
            "endpoint_id": notice.webhook_endpoint_id,
            "notice_id": notice.id,
            "taken_by": notice.taken_by,
            "id": uuid7(),
            "number": notice.attempts,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "milliseconds": round(self.seconds * 1000),
            "error": self.error,
            "url": self.task.endpoint.url,
            "request_headers": dict(self.headers),
            "response_status": answer.status if answer else None,
            "response_headers": _telling(answer.headers) if answer else None,
            "response_body": _excerpt(answer.body) if answer else None,
            "quick": self.seconds < SLOW,
            "gone": self.gone,
            "lasting": not self.task.is_test,
            "again_at": None if once else next_try(notice.failures + 1, at=self.finished_at),
        }


def settle_many(tries: list[Tried]) -> list[None]:
    """Write them in one commit; an endpoint that is given up is disabled in the same. A deadlock is tried again."""
    items = orjson.dumps([tried.as_item() for tried in tries]).decode()
    for pause in (0.01, 0.05, 0.2, None):
        try:
            _write(items, at=max(tried.finished_at for tried in tries))
        except OperationalError as error:
            if pause is None or getattr(error.__cause__, "sqlstate", "") != "40P01":
                raise
            time.sleep(pause)
        else:
            break
    for tried in tries:
        _count(tried)
    return [None] * len(tries)


@atomic
def _write(items: str, *, at: datetime) -> None:
    for merchant_id, endpoint_id, reason in call("notice_settle", items):
        disable(merchant_id, endpoint_id, reason=Reason(reason), at=at)


settle = Grouped(settle_many, name="settle notices", rest=0.01)
"""`settle_many` for one, sharing its commit with those of other threads."""


def _count(tried: Tried) -> None:
    metrics.ATTEMPTS.labels(tried.error or "success").inc()
    metrics.SECONDS.observe(tried.seconds)
    if not tried.error:
        lag = tried.finished_at - tried.task.notice.event_at
        metrics.LAG.observe(lag.total_seconds())
    log.info(
        "notice.tried",
        extra={
            **tried.task.names,
            "subject": tried.task.notice.subject,
            "attempt": tried.task.notice.attempts,
            "error": tried.error,
            "ms": round(tried.seconds * 1000),
        },
    )


def _telling(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: _clean(headers[name])[:500] for name in TELLING if name in headers}


def _excerpt(body: bytes) -> str:
    """Masked before it is cut, so that no half of a number is left."""
    return _clean(body.decode(errors="replace"))[:EXCERPT]


def _clean(text: str) -> str:
    """As a database can keep it, and may."""
    kept = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    return mask(kept)
