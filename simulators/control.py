"""/_control: the levers that no PSP has, and the books in which its effects can be read.

GET  health   the CPU seconds used and the requests served so far
POST faults   replaces what goes wrong (see faults.py); GET shows it, and what was injected
POST clock    {"advance_seconds": 604800} lets a week pass; what is held for too long expires
GET  books    ?since=12 leaves out the first twelve entries; the totals are always of all
GET  calls    for each endpoint how many requests came, and how often under each key
POST acts     {"act": "dispute", …}: what people do there (see each simulator's `perform`)
and at a PSP
POST webhooks where to tell what happens, and what goes wrong with it (see webhooks.py); GET shows it
GET  disputes every dispute as it stands, under the PSP's own names
POST acts     {"act": "mistakes", "wanted": {"lost_refund": 2}, "seed": 7}: what is planted in the settlement files
              that come (see mistakes.py)
GET  statements         the settlement files so far, and what was planted in them
GET  statements/<name>  the bytes of the newest of that name
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs

from simulators.http import Answer, Reply, Request
from simulators.psp import Psp
from simulators.simulator import Simulator

_STATEMENT = "/_control/statements/"


def controlled(simulator: Simulator) -> Answer:
    """The simulator's answers, and those of its control room."""

    async def answer(request: Request) -> Reply:
        if request.path.startswith(_STATEMENT) and isinstance(simulator, Psp):
            content = simulator.statement(request.path.removeprefix(_STATEMENT))
            return Reply(404) if content is None else Reply(200, content)
        if request.path.startswith("/_control/"):
            return _answer(simulator, request)
        return await simulator.answer(request)

    return answer


def _answer(simulator: Simulator, request: Request) -> Reply:
    try:
        page = _page(simulator, request)
    except (
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
    ) as mistake:  # The body is not what is described.
        return _json(400, {"error": str(mistake)})
    if page is None:
        return _json(404, {"error": f"no such lever: {request.method} {request.path}"})
    return _json(200, page)


def _page(simulator: Simulator, request: Request) -> dict[str, Any] | None:
    match request.method, request.path.removeprefix("/_control/"):
        case "GET", "health":
            return {
                "psp": simulator.psp,
                "ok": True,
                "cpu_seconds": time.process_time(),
                "requests": simulator.requests,
            }
        case "GET", "faults":
            return simulator.faults.page()
        case "POST", "faults":
            simulator.faults.set(json.loads(request.body or b"{}"))
            return simulator.faults.page()
        case "GET", "clock":
            return {"now": simulator.clock.now().isoformat()}
        case "POST", "clock":
            simulator.advance(float(json.loads(request.body)["advance_seconds"]))
            return {"now": simulator.clock.now().isoformat()}
        case "GET", "books":
            since = parse_qs(request.query).get("since", ["0"])[0]
            return simulator.books.page(since=int(since))
        case "GET", "calls":
            return simulator.calls
        case "POST", "acts":
            arguments = json.loads(request.body)
            act = arguments.pop("act")
            if act == "mistakes" and isinstance(simulator, Psp):
                simulator.make_mistakes(arguments.get("wanted", {}), arguments.get("seed", 0))
                return simulator.published()
            return simulator.perform(act, arguments)
    return _page_of_a_psp(simulator, request) if isinstance(simulator, Psp) else None


def _page_of_a_psp(psp: Psp, request: Request) -> dict[str, Any] | None:
    match request.method, request.path.removeprefix("/_control/"):
        case "GET", "webhooks":
            return psp.webhooks.page()
        case "POST", "webhooks":
            psp.webhooks.configure(json.loads(request.body or b"{}"))
            return psp.webhooks.page()
        case "GET", "disputes":
            return {"disputes": psp.disputes()}
        case "GET", "statements":
            return psp.published()
    return None


def _json(status: int, page: dict[str, Any]) -> Reply:
    return Reply(status, json.dumps(page).encode(), {"Content-Type": "application/json"})
