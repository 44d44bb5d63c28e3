"""Stripe's reports: ordered for a day that is over, waited for, and downloaded in pieces.

Two are ordered of each day: what is in the automatic payouts that took effect then, and those payouts themselves. Which
columns we get unasked depends on the version and the account, so all are asked for. That a run is done is told as well;
what is told is an id, and where its file is we ask.

Under the key of a request Stripe repeats its answer: a refusal, because the day's data are not there yet, as well as a
server error; and a failed run stays failed. So the key is of the hour, and an order may be made under further keys: a
report that is run twice harms nobody.

Sources, at docs.stripe.com: /reports/api, /api/reporting/report_run, /file-upload#download-file-contents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import requests
import stripe

from kernel.clock import wall
from paygate.psp.download import download, is_at, origin
from paygate.psp.events import Irrelevant, News, StatementReady, Unreadable
from paygate.psp.statements import Offered, StatementUnavailable
from paygate.psp.stripe.calls import OTHER_KEYS, Calls, insist
from paygate.psp.stripe.statement import COLUMNS

RUNS = "/v1/reporting/report_runs"
ORDERED = ("payout_reconciliation.itemized.5", "payouts.itemized.3")
#: Reports that people run there, in whatever version, are read as well; of anything else we make nothing.
READ = (
    "payout_reconciliation.itemized.",
    "payout_reconciliation.by_id.itemized.",
    "payouts.itemized.",
    "payouts.by_id.itemized.",
    "balance_change_from_activity.itemized.",
)
#: What is raised where an answer is not as documented.
_STRANGE = (LookupError, TypeError, AttributeError)
PATIENCE = 600.0  # Seconds for a whole file; a million rows take some.


class StripeReports:
    """See paygate.psp.statements.StatementDesk."""

    _calls: Calls
    _downloads: Downloads

    def order_statements(self, day: date) -> list[Offered]:
        try:
            return [Offered(_name(report, day), self._order(report, day)) for report in ORDERED]
        except (stripe.StripeError, requests.RequestException, *_STRANGE) as error:
            raise StatementUnavailable(f"{type(error).__name__}: {error}") from error

    def _order(self, report: str, day: date) -> str:
        """The id of a run that has not failed."""
        hour = int(wall().timestamp()) // 3600
        params = {"report_type": report, "parameters": _parameters(day)}
        run = {}
        for number in range(OTHER_KEYS):
            key = f"statement:{report}:{day}:{hour}" + (f":{number}" if number else "")
            made = insist(key, lambda k: self._calls.post(RUNS, k, **params))
            run = self._run(made["id"])  # What a key gives is how it stood when it was made.
            if run["status"] != "failed":
                break
        return str(run["id"])

    def fetch_statement(self, offered: Offered) -> Iterator[bytes] | None:
        try:
            run = self._run(offered.where)
            status, file = run["status"], run["result"]
            if status == "succeeded":
                return self._downloads.open(file["url"], size=file.get("size"))
        except (stripe.StripeError, requests.RequestException, *_STRANGE) as error:
            raise StatementUnavailable(f"{type(error).__name__}: {error}") from error
        if status == "pending":
            return None
        raise StatementUnavailable(f"the report run is {status}: {run.get('error')}")

    def _run(self, id_: str) -> dict[str, Any]:
        return self._calls.get(f"{RUNS}/{quote(id_, safe='')}")


class Downloads:
    """Files of Stripe's, each read over a connection of its own, and from no host but theirs."""

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        self._key = configuration["api_key"]
        bases = (
            configuration.get("files_base") or configuration["api_base"],
            configuration["api_base"],
        )
        self._origins = {origin(base) for base in bases}
        self._patience = (configuration["timeout"][0], PATIENCE)

    def open(self, address: str, *, size: object = None) -> Iterator[bytes]:
        """The bytes, in pieces; `size` is how many there are, where that is known.

        The connection is opened before this returns. Raises StatementUnavailable, also while it is read.
        """
        if not is_at(address, self._origins):
            raise StatementUnavailable(f"a file that is not at Stripe's: {address:.80}")
        headers = {"Authorization": f"Bearer {self._key}"}
        return download(address, headers=headers, timeout=self._patience, size=size)


# ----------------------------------------------------------------------------------------- webhooks


def reported(run: Mapping[str, Any]) -> News:
    """What a webhook says of a report run that is over. Raises Unreadable.

    A run that is exactly what we would order of a day is that day's; any other is a file for itself.
    """
    id_, report = run.get("id"), run.get("report_type")
    if run.get("object") != "reporting.report_run" or not id_ or not isinstance(report, str):
        raise Unreadable("a report run that is none")
    if run.get("status") != "succeeded":
        return Irrelevant(f"the report run {id_} is {run.get('status')}")
    if not report.startswith(READ):
        return Irrelevant(f"{report} is no report that is reconciled")
    day = _day(run.get("parameters"))
    named = _name(report, day) if day and report in ORDERED else f"{report}_{id_}.csv"
    return StatementReady(name=named, where=str(id_))


def _day(parameters: object) -> date | None:
    """The day of which we would order a report with these parameters."""
    if not isinstance(parameters, Mapping):
        return None
    start = parameters.get("interval_start")
    if not isinstance(start, int) or not 0 <= start < 1 << 36:
        return None
    day = datetime.fromtimestamp(start, UTC).date()
    given = {name: value for name, value in parameters.items() if value is not None}
    return day if given == _parameters(day) else None


def _name(report: str, day: date) -> str:
    return f"{report}_{day}.csv"


def _parameters(day: date) -> dict[str, Any]:
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return {
        "interval_start": int(begins.timestamp()),
        "interval_end": int((begins + timedelta(days=1)).timestamp()),
        "timezone": "Etc/UTC",
        "columns": list(COLUMNS),
    }
