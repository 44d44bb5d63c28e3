"""/v1/balance, /v1/balance_transactions and /v1/statements: parse into typed arguments, one domain call, render."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.clock import rfc3339, wall
from kernel.currencies import EXPONENTS
from kernel.error_shapes import REFUSALS
from kernel.moments import moment_of
from kernel.pages import PAGING, page_of
from kernel.problems import bad, no_such
from merchants.authentication import principal_of
from merchants.funds.balance import balance_of
from merchants.funds.download import FORMATS, download
from merchants.funds.months import Month, NoSuchMonth
from merchants.funds.own import TYPES
from merchants.funds.shapes import (
    BalanceShape,
    BalanceTransactionList,
    BalanceTransactionShape,
    StatementList,
    StatementShape,
)
from merchants.funds.sources import is_id
from merchants.funds.statement import CurrencyUnclear, NoSuchStatement, statement_of, statements_of
from merchants.funds.statement_json import render_summary
from merchants.funds.transactions import (
    BalanceTransaction,
    NoSuchBalanceTransaction,
    balance_transactions,
    get_balance_transaction,
    render,
)
from merchants.funds.upcoming import Upcoming, upcoming

SCOPES = {"GET": "balance:read"}


class BalanceNow(APIView):
    """What is the merchant's."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="balance_retrieve",
        parameters=[
            OpenApiParameter("as_of", datetime, description="Only what had happened by then."),
            OpenApiParameter("known_at", datetime, description="Only what we knew by then."),
        ],
        responses={200: BalanceShape, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """What is yours in each currency: now, or as it was."""
        principal = principal_of(request)
        asked = _read(request, {"as_of": moment_of, "known_at": moment_of})
        found = balance_of(principal.merchant_id, livemode=principal.livemode, **asked)
        return Response(
            {
                "object": "balance",
                "livemode": principal.livemode,
                **{
                    name: rfc3339(asked[name]) if name in asked else None
                    for name in ("as_of", "known_at")
                },
                "balances": [
                    {"currency": one.currency, **one.amounts, "total": one.total} for one in found
                ],
                "upcoming": []
                if asked
                else [
                    _upcoming(one)
                    for one in upcoming(principal.merchant_id, livemode=principal.livemode)
                ],
            }
        )


class BalanceTransactions(APIView):
    """All changes of a merchant's balance in one mode."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="balance_transactions_list",
        parameters=[
            OpenApiParameter("limit", int, description="1 to 100, default 20."),
            OpenApiParameter("starting_after", str, description="The page after this one."),
            OpenApiParameter("ending_before", str, description="The page before this one."),
            OpenApiParameter("type", str, enum=TYPES),
            OpenApiParameter(
                "source", str, description="About one object: pay_…, re_…, dp_…, po_…"
            ),
            OpenApiParameter("currency", str),
            OpenApiParameter("created[gte]", datetime),
            OpenApiParameter("created[lt]", datetime),
        ],
        responses={200: BalanceTransactionList, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """What changed your balance, newest first."""
        principal = principal_of(request)
        wanted = _read(
            request,
            {
                "type": _one_of(TYPES),
                "source": _source,
                "currency": _currency,
                "created[gte]": moment_of,
                "created[lt]": moment_of,
            },
            beside=PAGING,
        )

        def rows(
            *, after: UUID | None, before: UUID | None, limit: int
        ) -> list[BalanceTransaction]:
            return balance_transactions(
                principal.merchant_id,
                livemode=principal.livemode,
                type_=wanted.get("type"),
                source=wanted.get("source"),
                currency=wanted.get("currency"),
                since=wanted.get("created[gte]"),
                until=wanted.get("created[lt]"),
                after=after,
                before=before,
                limit=limit,
            )

        shown = page_of(
            rows, request, prefix="txn", render_many=lambda found: [render(one) for one in found]
        )
        return Response(shown)


class OneBalanceTransaction(APIView):
    """One change of a merchant's balance."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="balance_transactions_retrieve",
        responses={200: BalanceTransactionShape, **REFUSALS},
    )
    def get(self, request: Request, balance_transaction: str) -> Response:
        """One change of your balance; found by its ledger transaction's id as well."""
        principal = principal_of(request)
        try:
            found = get_balance_transaction(
                principal.merchant_id, balance_transaction, livemode=principal.livemode
            )
        except NoSuchBalanceTransaction:
            raise no_such("balance transaction") from None
        return Response(render(found))


class Statements(APIView):
    """All monthly statements of a merchant in one mode."""

    required_scopes = SCOPES

    @extend_schema(operation_id="statements_list", responses={200: StatementList, **REFUSALS})
    def get(self, request: Request) -> Response:
        """A statement for each month and currency in which your balance changed, the newest first.

        Months are those of your time zone and of posting; the running one is preliminary.
        """
        principal = principal_of(request)
        _read(request, {})
        found = statements_of(principal.merchant_id, livemode=principal.livemode, at=wall())
        return Response(
            {
                "object": "list",
                "data": [render_summary(one) for one in found],
                "has_more": False,
                "url": request.path,
            }
        )


class OneStatement(APIView):
    """One month."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="statements_retrieve",
        parameters=[
            OpenApiParameter(
                "currency",
                str,
                description="Where it is not given: the month's only one, or the settlement currency.",
            ),
            OpenApiParameter(
                "format", str, enum=list(FORMATS), description="Also by Accept: text/csv."
            ),
        ],
        responses={
            (200, "application/json"): StatementShape,
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/pdf"): OpenApiTypes.BINARY,
            **REFUSALS,
        },
    )
    def get(self, request: Request, statement: str) -> HttpResponseBase:
        """The month's opening balance, every line, sums by type, and the closing balance.

        As JSON in minor units; as a table (CSV) or a document (PDF) in major units, to be saved.
        """
        principal = principal_of(request)
        asked = _read(request, {"currency": _currency, "format": _one_of(FORMATS)})
        try:
            found = statement_of(
                principal.merchant_id,
                Month.read(statement),
                livemode=principal.livemode,
                currency=asked.get("currency"),
                at=wall(),
            )
        except (NoSuchMonth, NoSuchStatement):
            raise no_such("statement") from None
        except CurrencyUnclear as unclear:
            message = f"Say which currency: {unclear}."
            raise bad("currency", "missing_parameter", message) from None
        return download(found, asked.get("format") or _accepted(request))


def _upcoming(one: Upcoming) -> dict[str, Any]:
    return {
        "available_on": one.due_on.isoformat(),
        "available_at": rfc3339(one.due_at),
        "currency": one.amount.currency,
        "amount": one.amount.minor,
        "source": "reserved" if one.reserve else "pending",
    }


def _accepted(request: Request) -> str:
    """What the Accept header begins with, where that is something else than JSON."""
    first = request.headers.get("Accept", "").partition(",")[0].partition(";")[0].strip()
    return next((name for name, way in FORMATS.items() if first == way.MEDIA_TYPE), "json")


def _read(
    request: Request,
    parameters: Mapping[str, Callable[[str, str], Any]],
    *,
    beside: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The query, strictly read. Raises Problem for what it cannot understand, and for what nobody asks for."""
    found: dict[str, Any] = {}
    for name in request.query_params:
        if name in parameters:
            found[name] = parameters[name](name, str(request.query_params[name]))
        elif name not in beside:
            raise bad(name[:100], "unknown_parameter", f"Unknown parameter: {name[:40]}.")
    return found


def _currency(name: str, value: str) -> str:
    if value not in EXPONENTS:
        message = "currency is the upper-case code of an ISO 4217 currency."
        raise bad(name, "invalid_choice", message)
    return value


def _source(name: str, value: str) -> str:
    if not is_id(value):
        raise bad(name, "invalid_value", "source is an id like pay_…")
    return value


def _one_of(values: Mapping[str, Any] | tuple[str, ...]) -> Callable[[str, str], str]:
    def read(name: str, value: str) -> str:
        if value not in values:
            raise bad(name, "invalid_choice", f"{name} is one of {', '.join(values)}.")
        return value

    return read
