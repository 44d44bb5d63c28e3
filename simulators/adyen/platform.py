"""The balance platform's calls: transfers asked for, and looked up, as the wire has them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

from simulators.adyen.transfers import TransferError, Transfers, check, shown
from simulators.http import Reply
from simulators.simulator import Call, Route

_TRANSFERS = "/btl/v4/transfers"
ROUTES = (
    Route("POST", _TRANSFERS, "transfer_funds"),
    Route("GET", _TRANSFERS, "get_all_transfers", moves=False),
    Route("GET", f"{_TRANSFERS}/{{id}}", "get_transfer", moves=False),
)
ACTS = frozenset(route.act for route in ROUTES)
_QUERY = frozenset(
    (
        *("accountHolderId", "balanceAccountId", "balancePlatform", "category", "createdSince"),
        *("createdUntil", "cursor", "limit", "paymentInstrumentId", "reference", "sortOrder"),
    )
)
_SIX_MONTHS = 184 * 86400.0


def check_call(call: Call) -> None:
    """Raises AdyenError for what Adyen refuses before it begins."""
    match call.route.act:
        case "transfer_funds":
            check(call.params)
        case "get_all_transfers":
            _check_query(call.params)


def query(call: Call) -> dict[str, Any]:
    return dict(parse_qsl(call.request.query))


class Platform(ABC):
    """What the server answers to ROUTES."""

    _transfers: Transfers

    def transfer_funds(self, call: Call) -> Reply:
        made = self._transfers.make(call.params)
        return self._reply(202, shown(made))

    def get_transfer(self, call: Call) -> Reply:
        return self._reply(200, shown(self._transfers.find(call.id)))

    def get_all_transfers(self, call: Call) -> Reply:
        params = call.params
        found = self._transfers.matching(
            reference=params.get("reference", ""),
            account=params.get("balanceAccountId", ""),
            since=_moment(params["createdSince"]),
            until=_moment(params["createdUntil"]),
        )
        limit = min(int(params.get("limit", 10)), 100)
        page = list(islice(found, limit + 1))
        links = {"next": {"href": f"{_TRANSFERS}?cursor=1"}} if len(page) > limit else {}
        data = [shown(transfer) for transfer in page[:limit]]
        return self._reply(200, {"data": data, "_links": links})

    @abstractmethod
    def _reply(self, status: int, body: dict[str, Any]) -> Reply:
        """The server's: as Adyen writes its answers."""


def _check_query(params: dict[str, Any]) -> None:
    if unknown := params.keys() - _QUERY:
        raise TransferError(422, "30_022", f"Unknown parameters: {', '.join(sorted(unknown))}")
    if not {"accountHolderId", "balanceAccountId", "balancePlatform"} & params.keys():
        raise TransferError(422, "30_081", "Whose transfers?")
    if not {"createdSince", "createdUntil"} <= params.keys():
        raise TransferError(422, "30_081", "createdSince and createdUntil are required")
    since, until = _moment(params["createdSince"]), _moment(params["createdUntil"])
    if until - since > _SIX_MONTHS:
        raise TransferError(422, "30_022", "createdSince is more than 6 months before createdUntil")


def _moment(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise TransferError(422, "30_022", f"No time: {text}") from None
