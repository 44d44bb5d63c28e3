"""Adyen's reports are announced by a webhook, and downloaded by a user who may do nothing else.

The notification's pspReference is the report's file name, and signed; its reason is an address, and is not. So the
address is made from what is configured. Source: docs.adyen.com/reporting/automatically-get-reports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

from paygate.psp.adyen.item import Payload, flag, needed
from paygate.psp.download import download
from paygate.psp.events import Irrelevant, StatementReady
from paygate.psp.statements import Offered

#: What is added to it (a number, a date, an id) is a setting of the account's.
_SETTLEMENT = re.compile(r"settlement_detail_report[A-Za-z0-9_.-]*\.csv")


def announced(payload: Payload) -> StatementReady | Irrelevant:
    """What a REPORT_AVAILABLE says. Raises Unreadable."""
    name = needed(payload, "pspReference")
    if not flag(payload, "success"):
        return Irrelevant(f"the report {name} could not be made")
    if not _SETTLEMENT.fullmatch(name):
        return Irrelevant(f"the report {name} is not read here")
    return StatementReady(name=name, where=name)


class AdyenDownloads:
    """See paygate.psp.statements.StatementDesk."""

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        base = configuration.get("reports_base") or configuration["api_base"]
        account = quote(configuration["merchant_account"], safe="")
        self._folder = f"{base.rstrip('/')}/reports/download/MerchantAccount/{account}"
        self._reports_key = configuration.get("reports_api_key") or configuration["api_key"]
        connect, read = configuration["timeout"]
        self._patience = (connect, configuration.get("download_timeout", read))

    def order_statements(self, day: date) -> list[Offered]:
        """Nothing is ordered: reports are made by a schedule of the account's."""
        return []

    def fetch_statement(self, offered: Offered) -> Iterator[bytes] | None:
        return download(
            f"{self._folder}/{quote(offered.where, safe='')}",
            headers={"x-api-key": self._reports_key},
            timeout=self._patience,
        )
