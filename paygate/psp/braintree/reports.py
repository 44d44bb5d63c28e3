"""Fetches Braintree's fee reports: GraphQL says where one is, and there it is read in pieces.

Source: developer.paypal.com/braintree/graphql/reference/types/report. A report is of one merchant account and one
disbursement date; its address is null while there is none, which is also so on a day without a disbursement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from paygate.psp.braintree.sdk import braintree
from paygate.psp.download import download, is_at, origin
from paygate.psp.statements import Offered, StatementUnavailable

QUERY = """
query Fees($date: Date!, $merchantAccountId: ID) {
  report { paymentLevelFees(date: $date, merchantAccountId: $merchantAccountId) { url } }
}
"""


class BraintreeReports:
    """See paygate.psp.statements.StatementDesk."""

    def __init__(self, sdk: Any, configuration: Mapping[str, Any]) -> None:
        self._graphql = sdk.graphql_client
        self._report_accounts = sorted(set(configuration["merchant_accounts"].values()))
        graphql = sdk.config.graphql_base_url()
        addresses = [configuration["api_base"], graphql, *configuration.get("report_origins", ())]
        self._origins = {origin(address) for address in addresses}
        connect, read = configuration["timeout"]
        self._patience = (connect, configuration.get("download_timeout", read))

    def order_statements(self, day: date) -> list[Offered]:
        """One a merchant account; nothing needs to be asked for."""
        return [
            Offered(f"transaction_level_fees_{account}_{day}.csv", f"{account} {day}")
            for account in self._report_accounts
        ]

    def fetch_statement(self, offered: Offered) -> Iterator[bytes] | None:
        account, _, day = offered.where.rpartition(" ")
        address = self._address(account, day)
        if not address:
            return None
        if not is_at(address, self._origins):
            raise StatementUnavailable(
                f"Braintree names an address that is none of its: {address:.80}"
            )
        # Without our credentials: whoever has the address may have it.
        return download(address, headers={}, timeout=self._patience)

    def _address(self, account: str, day: str) -> str | None:
        try:
            said = self._graphql.query(QUERY, {"date": day, "merchantAccountId": account})
        except braintree.exceptions.not_found_error.NotFoundError:
            return None
        except Exception as error:  # A question that failed, for whatever reason, answers nothing.
            raise StatementUnavailable(f"{type(error).__name__}: {error}") from error
        try:
            if errors := said.get("errors"):
                raise StatementUnavailable(f"Braintree refuses: {errors[0]['message']}")
            found = said["data"]["report"]["paymentLevelFees"]
            url = None if found is None else found["url"]
            if url is not None and not isinstance(url, str):
                raise TypeError(f"{url!r} is no address")
            return url
        except (LookupError, TypeError, AttributeError) as error:
            raise StatementUnavailable(
                f"Braintree's answer is not as documented: {error!r}"
            ) from error
