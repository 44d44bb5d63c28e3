"""Where Adyen's reports are downloaded, by the user who may, and who tells that there is one."""

from __future__ import annotations

from abc import ABC, abstractmethod

from simulators.adyen.errors import AdyenError
from simulators.adyen.notices import Notices
from simulators.http import Reply, Request
from simulators.settlement import File
from simulators.simulator import Call, Route

KEY = "AQE_reports"  # Of the report user; the keys that pay are not let in.
_FOLDER = "/reports/download/MerchantAccount"
ROUTES = (Route("GET", f"{_FOLDER}/{{account}}/{{id}}", "download", moves=False),)
ACTS = frozenset(route.act for route in ROUTES)


def check_call(call: Call) -> None:
    """Raises AdyenError."""
    if call.request.headers.get("x-api-key") != KEY:
        raise AdyenError(401, "000", "HTTP Status Response - Unauthorized", kind="security")


class Reports(ABC):
    """What the server answers to ROUTES."""

    statements: list[File]
    _notices: Notices
    _address: str  # Of the server, as it was last called.
    _reports: dict[tuple[str, str], bytes]

    def publish(self, account: str, file: File) -> None:
        self.statements.append(file)
        self._reports[account, file.name] = file.content
        self._notices.report(account, file.name, f"{self._address}{_FOLDER}/{account}/{file.name}")

    def download(self, call: Call) -> Reply:
        account = call.request.path.split("/")[-2]
        content = self._reports.get((account, call.id))
        if content is None:
            return self.not_found(call.request)
        return Reply(200, content, {"Content-Type": "text/csv"})

    @abstractmethod
    def not_found(self, request: Request) -> Reply:
        """The server's."""
