"""A bank's host-to-host channel over HTTPS: files go in by POST, reports are fetched by number.

POST /files           201 taken, 200 taken before, 400 or 422 refused, 409 the message id is another file's
GET  /files/{id}      200, or 404 with the code no_such_file
GET  /reports?after=  {"reports": [{"number", "kind", "name"}]}
GET  /reports/{n}     the report; its SHA-256 is in X-SHA256
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256 as digest_of
from typing import Any
from urllib.parse import quote

import requests

from paygate.psp.wire import never_left, session_for
from payouts.bank.channel import (
    BankUnavailable,
    Found,
    NotSent,
    Refused,
    ReportName,
    Submitted,
    Taken,
    Unknown,
)
from payouts.bankfiles.references import outward

_KINDS = ("pain.002", "camt.054", "camt.053", "nacha.return")
#: Who is stopped at the door was not served.
_STOPPED = {
    401: "the bank does not take our credentials",
    403: "the bank does not let us",
    429: "too many requests",
}
#: The bank has read the file and will not have it.
_REFUSED = (400, 413, 415, 422)


class _Connections(threading.local):
    """A session for each thread, with its kept-alive connection."""

    def __init__(self, address: str) -> None:  # Once in each thread that uses it.
        self.session = session_for(address)


class HttpChannel:
    """From one mode of settings.BANK."""

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        self._base = configuration["api_base"].rstrip("/")
        self._token = configuration["token"]
        self._timeout = tuple(configuration["timeout"])
        self._connections = _Connections(self._base)
        self.horizon = timedelta(seconds=configuration["horizon"])

    def submit(self, *, message_id: str, name: str, content: bytes) -> Submitted:
        id_ = outward(message_id)
        headers = {
            "Content-Type": "application/xml"
            if content.lstrip().startswith(b"<")
            else "text/plain",
            "X-Message-Id": id_,
            "X-File-Name": name,
        }
        try:
            reply = self._ask("POST", "/files", data=content, headers=headers)
        except requests.RequestException as error:
            return NotSent(f"{error}") if never_left(error) else Unknown(f"{error}")
        if reply.status_code in (200, 201):
            return _taken(reply, id_, message_id, sha256=digest_of(content).hexdigest())
        if why := _STOPPED.get(reply.status_code):
            return NotSent(why)
        code, message = _error(reply)
        if reply.status_code in _REFUSED and code:
            return Refused(code, message)
        # 409 is among them: under this message id something was sent, and it was not this.
        return Unknown(f"the bank answered {reply.status_code} {code}")

    def find(self, message_id: str, *, sha256: str = "") -> Found:
        id_ = outward(message_id)
        try:
            reply = self._ask("GET", f"/files/{quote(id_, safe='')}")
        except requests.RequestException as error:
            return Unknown(f"the look-up failed: {error}")
        if reply.status_code == 200:
            return _taken(reply, id_, message_id, sha256=sha256)
        code, _ = _error(reply)
        if reply.status_code == 404 and code == "no_such_file":
            return NotSent(
                "the bank has no trace of it"
            )  # Any other 404 is of an address, not of a file.
        return Unknown(f"the look-up failed: {reply.status_code} {code}")

    def reports(self, after: int) -> list[ReportName]:
        page = _page(self._read("/reports", {"after": str(after)}))
        try:
            names = [
                ReportName(int(r["number"]), r["kind"], str(r["name"])) for r in page["reports"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise BankUnavailable(f"the list of reports is none: {error!r}") from error
        expected = range(after + 1, after + 1 + len(names))
        if [name.number for name in names] != list(expected):
            raise BankUnavailable(f"reports are missing after number {after}")
        if unknown := {name.kind for name in names} - set(_KINDS):
            raise BankUnavailable(f"no such kinds of report: {unknown}")
        return names

    def fetch(self, number: int) -> bytes:
        reply = self._read(f"/reports/{number}", {})
        if digest_of(reply.content).hexdigest() != reply.headers.get("X-SHA256", "").lower():
            raise BankUnavailable(f"report {number} did not arrive as it was sent")
        return reply.content

    def _read(self, path: str, query: Mapping[str, str]) -> requests.Response:
        try:
            reply = self._ask("GET", path, params=query)
        except requests.RequestException as error:
            raise BankUnavailable(f"{path}: {error}") from error
        if reply.status_code != 200:
            raise BankUnavailable(f"{path}: the bank answered {reply.status_code}")
        return reply

    def _ask(self, method: str, path: str, **how: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._token}", **how.pop("headers", {})}
        return self._connections.session.request(
            method,
            f"{self._base}{path}",
            headers=headers,
            timeout=self._timeout,
            allow_redirects=False,  # A file goes to our bank and to nobody else.
            **how,
        )


def _taken(reply: requests.Response, id_: str, message_id: str, *, sha256: str) -> Taken | Unknown:
    """What the bank says it has, if it is what was asked about."""
    page = _page_or_none(reply)
    try:
        taken = Taken(message_id, page["sha256"], int(page["payments"]), str(page["total"]))
        said = page["message_id"]
    except (KeyError, TypeError, ValueError):
        return Unknown(f"the bank answered {reply.status_code} and no record of a file")
    if said != id_ or (sha256 and taken.sha256 != sha256):
        return Unknown(f"THE FILE DIFFERS: the bank has {said} with the digest {taken.sha256}")
    return taken


def _error(reply: requests.Response) -> tuple[str, str]:
    """The code and the message of a refusal; "" where the answer is not the bank's own."""
    page = _page_or_none(reply)
    code = page.get("code")
    return (code, str(page.get("message", ""))[:500]) if isinstance(code, str) else ("", "")


def _page(reply: requests.Response) -> dict[str, Any]:
    page = _page_or_none(reply)
    if not page:
        raise BankUnavailable("the bank's answer is none")
    return page


def _page_or_none(reply: requests.Response) -> dict[str, Any]:
    """What the answer says; nothing where it is no JSON object."""
    try:
        page = json.loads(reply.content)
    except ValueError:
        return {}
    return page if isinstance(page, dict) else {}
