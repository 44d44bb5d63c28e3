"""The accounts: what stands on each, and each entry of a time with what stood on it then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path

from kernel.audit.models import Entry as Logged
from kernel.audit.record import write_down
from kernel.back_office import FoundById, ModelAdmin, ReadOnly
from kernel.clock import now
from kernel.ids import encode
from kernel.lists.export import defused
from kernel.private import PRIVATE
from ledger.account_page import Row, period, standing
from ledger.back_office.asked import PeriodForm
from ledger.back_office.taken_along import table
from ledger.chart import HOUSE
from ledger.models import LedgerAccount

SHOWN, TAKEN = 500, 50_000  # Entries of a page, and of a file.


@admin.register(LedgerAccount)
class AccountAdmin(FoundById, ReadOnly, ModelAdmin):
    list_display = ("code", "stands", "currency", "merchant", "guarded", "livemode")
    list_filter = ("livemode", "guarded", "currency")
    ids = {"mer": "merchant_id"}
    search_fields = ("code__startswith",)
    search_help_text = "mer_…, or how the account begins: liabilities:merchant"
    ordering = ("merchant_id", "livemode", "code", "currency")  # As an index has them.
    show_full_result_count = False

    @admin.display(description="merchant")
    def merchant(self, account: LedgerAccount) -> str:
        return "the house" if account.merchant_id == HOUSE else encode("mer", account.merchant_id)

    @admin.display(description="stands")
    def stands(self, account: Any) -> str:
        return str(account.stands_at)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; what stands on its accounts is asked once for all of them."""
        listed = super().get_changelist_instance(request)
        found = standing(list(listed.result_list))
        for account in listed.result_list:
            account.stands_at = found[account.id]
        return listed

    def get_urls(self) -> list[Any]:
        return [
            path(
                "<int:account>/take-along",
                self.admin_site.admin_view(self.take_along),
                name="ledger_ledgeraccount_take_along",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """What stood on it before, each entry, and what stands on it after."""
        account = self._account(request, object_id)
        if request.method == "POST":  # Written in ink.
            raise PermissionDenied
        form, since, until = _days(request.GET)
        shown = period(account, since=since, until=until, limit=SHOWN)
        return TemplateResponse(
            request,
            "ledger/account.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": str(account),
                "account": account,
                "stands": standing([account])[account.id],
                "merchant": encode("mer", account.merchant_id),
                "is_house": account.merchant_id == HOUSE,
                "form": form,
                "period": shown,
                "since": since.date(),
                "until": until.date() - timedelta(days=1),
                "most": SHOWN,
            },
        )

    def take_along(self, request: HttpRequest, account: int) -> HttpResponseBase:
        """The same as a table. Who took it is in the audit log."""
        found = self._account(request, str(account))
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        _, since, until = _days(request.POST)
        shown = period(found, since=since, until=until, limit=TAKEN)
        write_down(
            request,
            "account.take_along",
            Logged.Outcome.DONE,
            kind="ledgeraccount",
            subject=str(found),
            merchant_id=found.merchant_id,
            details={"from": since, "to": until, "rows": len(shown.rows)},
        )
        name = f"{found.code.replace(':', '-')}-{found.currency}-{since:%Y%m%d}.csv"
        return StreamingHttpResponse(
            _table(shown.rows),
            content_type="text/csv; charset=utf-8",
            headers={**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'},
        )

    def _account(self, request: HttpRequest, object_id: str) -> LedgerAccount:
        if not self.has_view_permission(request):
            raise PermissionDenied
        whole = object_id.isascii() and object_id.isdigit() and int(object_id) < 2**63
        found = LedgerAccount.objects.filter(id=int(object_id)).first() if whole else None
        if found is None:
            raise Http404
        return found  # type: ignore[no-any-return]


def _days(given: Any) -> tuple[PeriodForm, datetime, datetime]:
    """The days that are asked for; this month where they are none, or no days."""
    today = now().date()
    usual = {"since": today.replace(day=1), "until": today}
    asked = bool(given.get("since") or given.get("until"))
    form = PeriodForm({**usual, **{n: given[n] for n in usual if given.get(n)}} if asked else usual)
    days = form.cleaned_data if form.is_valid() else usual
    return form, _midnight(days["since"]), _midnight(days["until"] + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _table(rows: list[Row]) -> Iterator[str]:
    yield from table(
        ("posted_at", "transaction", "kind", "source", "debit", "credit", "balance", "currency"),
        (
            (
                f"{one.posted_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
                one.public_id,
                defused(one.kind),
                defused(one.source),
                "" if one.debit is None else one.debit.major,
                "" if one.credit is None else one.credit.major,
                one.balance.major,
                one.amount.currency,
            )
            for one in rows
        ),
    )
