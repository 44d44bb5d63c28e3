"""Report runs: ordered, run for a moment, told of, and downloaded as CSV with the secret key.

Source: docs.stripe.com/reports/api.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulators.agenda import Agenda
from simulators.http import Reply
from simulators.simulator import Call, Route
from simulators.stripe import columns
from simulators.stripe import params as p
from simulators.stripe.errors import InvalidRequest, missing, no_such
from simulators.stripe.events import Events
from simulators.stripe.settlement import Settlement

_RUNS = "/v1/reporting/report_runs"
_FILES = "/v1/files"
SECONDS = 2.0  # That a run takes.

ROUTES = (
    Route("POST", _RUNS, "create_run"),
    Route("GET", f"{_RUNS}/{{id}}", "retrieve_run", moves=False),
    Route("GET", f"{_FILES}/{{id}}/contents", "download", moves=False),
)
TYPES = {
    "balance_change_from_activity.itemized.3": "balance_change_from_activity",
    "payouts.itemized.3": "payouts",
    "payout_reconciliation.itemized.5": "payout_reconciliation",
}


@dataclass(slots=True)
class Run:
    """One report run; `content` is its file, once it succeeded."""

    id: str
    created: int
    report_type: str
    parameters: dict[str, Any]
    livemode: bool
    file: str
    host: str
    status: str = "pending"
    succeeded_at: int | None = None
    content: bytes = b""


class Reports:
    """The report runs of one account, newest last."""

    def __init__(
        self,
        agenda: Agenda,
        settlement: Settlement,
        sheet: columns.Sheet,
        events: Events,
        new_id: Callable[[], str],
    ) -> None:
        self._agenda = agenda
        self._settlement = settlement
        self._sheet = sheet
        self._events = events
        self._new_id = new_id
        self._runs: dict[str, Run] = {}
        self._files: dict[str, Run] = {}
        self._to_fail = 0

    def fail_next(self) -> None:
        self._to_fail += 1

    def find(self, id_: str) -> Run:
        try:
            return self._runs[id_]
        except KeyError:
            raise no_such("report run", id_, param="report_run") from None

    def content(self, file: str) -> bytes:
        """Raises InvalidRequest for a file that is none, or none yet."""
        run = self._files.get(file)
        if run is None or run.status != "succeeded":
            raise no_such("file", file, param="file")
        return run.content

    @staticmethod
    def check_create(params: p.Tree) -> None:
        """Raises InvalidRequest for what Stripe refuses before it begins."""
        p.check_names(params, p.REPORT_RUN)
        if not params.get("report_type"):
            raise missing("report_type")
        if params["report_type"] not in TYPES:
            raise no_such("report type", params["report_type"], param="report_type")
        asked = params.get("parameters") or {}
        p.check_names(asked, p.REPORT_PARAMETERS)
        if p.integer(asked, "interval_start") >= p.integer(asked, "interval_end"):
            raise InvalidRequest(
                "interval_end must be after interval_start", param="parameters[interval_end]"
            )
        for column in (asked.get("columns") or {}).values():
            if not columns.is_known(column):
                raise InvalidRequest(f"Unknown column: {column}", param="parameters[columns]")
        _zone(asked)

    def create(self, params: p.Tree, *, livemode: bool, host: str, key: str = "") -> Run:
        """Raises InvalidRequest for an interval that is not over: its data are not there yet."""
        asked = dict(params["parameters"])
        for bound in ("interval_start", "interval_end"):
            asked[bound] = p.integer(asked, bound)
        if asked["interval_end"] > self._agenda.now() + 1:  # The second that it is.
            raise InvalidRequest(
                f"The data of this report end before {asked['interval_end']}.",
                param="parameters[interval_end]",
            )
        if "columns" in asked:
            asked["columns"] = list(asked["columns"].values())
        run = Run(
            id=f"frr_{self._new_id()}",
            created=int(self._agenda.now()),
            report_type=params["report_type"],
            parameters=asked,
            livemode=livemode,
            file=f"file_{self._new_id()}",
            host=host,
        )
        self._runs[run.id] = self._files[run.file] = run
        self._agenda.put(self._agenda.now() + SECONDS, partial(self._end, run, key))
        return run

    def _end(self, run: Run, key: str) -> None:
        if self._to_fail:
            self._to_fail -= 1
            run.status = "failed"
        else:
            run.content = self._written(run)
            run.status, run.succeeded_at = "succeeded", int(self._agenda.now())
        self._events.of_account(
            f"reporting.report_run.{run.status}",
            partial(run_shown, run),
            live=run.livemode,
            key=key,
        )

    def _written(self, run: Run) -> bytes:
        asked = run.parameters
        chosen = columns.chosen(
            TYPES[run.report_type],
            self._settlement.told(),
            since=asked["interval_start"],
            until=asked["interval_end"],
            columns=asked.get("columns", ()),
            zone=_zone(asked),
            currency=asked.get("currency", ""),
            category=asked.get("reporting_category", ""),
        )
        return self._sheet.written(chosen)[0]


class Reporting:
    """What the server answers to ROUTES."""

    _reports: Reports

    def create_run(self, call: Call) -> dict[str, Any]:
        secret = call.request.headers["authorization"].partition(" ")[2]
        run = self._reports.create(
            call.params,
            livemode=secret.startswith(("sk_live", "rk_live")),
            host=f"http://{call.request.headers.get('host', '127.0.0.1')}",
            key=call.key,
        )
        return run_shown(run)

    def retrieve_run(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.ONLY_EXPAND)
        return run_shown(self._reports.find(call.id))

    def download(self, call: Call) -> Reply:
        p.check_names(call.params, frozenset())
        return Reply(200, self._reports.content(call.id), {"Content-Type": "text/csv"})


def _zone(asked: p.Tree) -> ZoneInfo:
    try:
        return ZoneInfo(asked.get("timezone") or "Etc/UTC")
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidRequest("Invalid timezone", param="parameters[timezone]") from None


def run_shown(run: Run) -> dict[str, Any]:
    """The object as the API returns it."""
    return {
        "id": run.id,
        "object": "reporting.report_run",
        "created": run.created,
        "error": "An unexpected error occurred." if run.status == "failed" else None,
        "livemode": run.livemode,
        "parameters": run.parameters,
        "report_type": run.report_type,
        "result": _file_shown(run) if run.status == "succeeded" else None,
        "status": run.status,
        "succeeded_at": run.succeeded_at,
    }


def _file_shown(run: Run) -> dict[str, Any]:
    return {
        "id": run.file,
        "object": "file",
        "created": run.succeeded_at,
        "expires_at": None,
        "filename": f"{run.id}.csv",
        "links": None,
        "purpose": "finance_report_run",
        "size": len(run.content),
        "title": f"FinanceReportRun {run.id}",
        "type": "csv",
        "url": f"{run.host}{_FILES}/{run.file}/contents",
    }
