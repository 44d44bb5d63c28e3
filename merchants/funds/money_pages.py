"""A merchant's balances and statements in the back office: to read and to save, by staff who may see the books."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from kernel.audit.models import Entry
from kernel.audit.record import write_down
from kernel.clock import now, wall
from kernel.currencies import EXPONENTS
from kernel.moments import read_moment
from kernel.money import Money
from merchants.funds.balance import Balance, balance_of
from merchants.funds.download import FORMATS, download
from merchants.funds.months import Month, NoSuchMonth
from merchants.funds.statement import NoSuchStatement, statement_of, statements_of
from merchants.funds.terms import terms_in_effect
from merchants.funds.transactions import balance_transactions
from merchants.funds.upcoming import upcoming
from merchants.models import Merchant

BOOKS = "ledger.view_ledgertransaction"
LATEST = 50  # Lines that are shown.
#: What each balance is called here, and what it means for the merchant.
MEANS = {
    "pending": ("Pending", "theirs, not yet available"),
    "available": ("Available", "may be paid out now"),
    "reserved": ("Reserved", "held back against refunds and disputes"),
    "disputed": ("Disputed", "set aside while disputes run"),
    "in_payouts": ("In payouts", "on its way to their bank"),
}


class MoneyPages:
    """For a ModelAdmin of merchants: a link to their balances, and the pages behind it."""

    admin_site: Any

    @admin.display(description="Money")
    def money(self, merchant: Merchant) -> str:
        page = reverse("admin:funds_money", args=[merchant.id])
        return format_html('<a href="{}">Balances and statements</a>', page)

    def get_list_display(self, request: HttpRequest) -> Any:
        """The link is there for whoever it leads somewhere."""
        return _for(request, super().get_list_display(request))  # type: ignore[misc]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return _for(request, super().get_readonly_fields(request, obj))  # type: ignore[misc]

    def get_urls(self) -> list[Any]:
        guarded = self.admin_site.admin_view
        return [
            path("<uuid:merchant>/money/", guarded(self.money_page), name="funds_money"),
            path(
                "<uuid:merchant>/money/<str:mode>/<str:month>/<str:currency>.<str:format_>",
                guarded(self.statement_file),
                name="funds_statement",
            ),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def money_page(self, request: HttpRequest, merchant: UUID) -> HttpResponse:
        """Balances now or `as_of`, what is upcoming, the latest changes, and every statement, by mode."""
        found = self._merchant(request, merchant)
        as_of, refusal = request.GET.get("as_of", "").strip(), ""
        try:
            moment = read_moment(as_of) if as_of else None
        except ValueError:
            moment, refusal = None, f"“{as_of}” is no time such as 2026-11-23T14:00:00Z."
        context = {
            **self.admin_site.each_context(request),
            "title": f"Money of {found.name}",
            "merchant": found,
            "terms": terms_in_effect(found.id, at=now()),
            "opts": self.opts,  # type: ignore[attr-defined]
            "as_of": f"{moment:%Y-%m-%dT%H:%M}" if moment else "",
            "moment": moment,
            "refusal": refusal,
            "modes": [
                _mode(found.id, livemode=livemode, as_of=moment) for livemode in (True, False)
            ],
        }
        return TemplateResponse(request, "funds/money.html", context)

    def statement_file(
        self,
        request: HttpRequest,
        merchant: UUID,
        mode: str,
        month: str,
        currency: str,
        format_: str,
    ) -> HttpResponseBase:
        """A statement, as its merchant gets it."""
        found = self._merchant(request, merchant)
        if format_ not in FORMATS or mode not in ("live", "test") or currency not in EXPONENTS:
            raise Http404
        try:
            statement = statement_of(
                found.id,
                Month.read(month),
                livemode=mode == "live",
                currency=currency,
                at=wall(),
            )
        except (NoSuchMonth, NoSuchStatement):
            raise Http404(f"{found.public_id} has no statement of {month}") from None
        write_down(
            request,
            "statement.take_along",
            Entry.Outcome.DONE,
            kind="merchant",
            subject=found.public_id,
            merchant_id=found.id,
            details={"statement": f"{mode} {month} {currency}", "format": format_},
        )
        return download(statement, format_)

    def _merchant(self, request: HttpRequest, merchant: UUID) -> Merchant:
        may_see_books = request.user.has_perm(BOOKS)
        if not (self.has_view_permission(request) and may_see_books):  # type: ignore[attr-defined]
            raise PermissionDenied
        return get_object_or_404(Merchant, id=merchant)


def _for(request: HttpRequest, names: Any) -> Any:
    return [name for name in names if name != "money" or request.user.has_perm(BOOKS)]


def _mode(merchant_id: UUID, *, livemode: bool, as_of: Any) -> dict[str, Any]:
    return {
        "name": "live" if livemode else "test",
        "balances": [
            _figures(one) for one in balance_of(merchant_id, livemode=livemode, as_of=as_of)
        ],
        "upcoming": upcoming(merchant_id, livemode=livemode),
        "lines": [
            (one, *(Money(minor, one.currency) for minor in (one.gross, one.fee, one.net)))
            for one in balance_transactions(merchant_id, livemode=livemode, limit=LATEST)
        ],
        "statements": statements_of(merchant_id, livemode=livemode, at=wall()),
    }


def _figures(balance: Balance) -> dict[str, Any]:
    """A currency's balances, each with what it means; what is owed to us is below zero, and said."""
    each = [
        (MEANS[name][0], Money(minor, balance.currency), MEANS[name][1])
        for name, minor in balance.amounts.items()
    ]
    total = Money(balance.total, balance.currency)
    return {
        "currency": balance.currency,
        "figures": each,
        "total": total,
        "owes": balance.amounts["available"] < 0 or total.minor < 0,
    }
