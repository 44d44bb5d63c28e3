"""The journal: transactions found by what somebody knows of them, each as a bookkeeper writes it, and taken along."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse

from kernel.back_office import ModelAdmin, ReadOnly
from kernel.ids import InvalidId, decode, encode
from ledger.back_office.asked import BooksForm
from ledger.back_office.taken_along import FORMATS, taken_along
from ledger.finding import AskedTooMuch, transactions, with_entries
from ledger.journal import render
from ledger.models import LedgerTransaction
from ledger.transaction import Entry, Side, Transaction

AT_ONCE = 50  # Transactions of one page.


@admin.register(LedgerTransaction)
class TransactionAdmin(ReadOnly, ModelAdmin):
    """Its list is a search of its own: what an index finds, newest first, and no count of everything."""

    def get_urls(self) -> list[Any]:
        guarded = self.admin_site.admin_view
        return [
            path(
                "take-along/<str:format_>",
                guarded(self.take_along),
                name="ledger_ledgertransaction_take_along",
            ),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseBase:
        """What was asked for, as pages of the journal."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form, before, refusal = BooksForm(request.GET), _before(request), ""
        listed: list[Any] = []
        if form.is_valid():
            try:
                listed = transactions(form.wanted, before=before, limit=AT_ONCE + 1)
            except AskedTooMuch as fault:
                refusal = str(fault)
        page = listed[:AT_ONCE]
        asked = {
            name: value for name, value in request.GET.items() if name in form.fields and value
        }
        older = encode("txn", page[-1].id) if len(listed) > AT_ONCE else ""
        return TemplateResponse(
            request,
            "ledger/journal.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": "The journal",
                "form": form,
                "refusal": refusal,
                "asked": asked,
                "query": urlencode(asked),
                "before": before,
                "listed": [_shown(one, entries) for one, entries in with_entries(page)],
                "older": older and urlencode({**asked, "before": older}),
                "formats": FORMATS,
                "most": f"{settings.BACK_OFFICE_EXPORT_MOST:,}",
            },
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """One transaction, as a bookkeeper writes it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        posted = _posted(object_id)
        if request.method == "POST":  # Written in ink.
            raise PermissionDenied
        [(_, entries)] = with_entries([posted])
        undoes = undone_by = None
        if posted.reverses is not None:
            undoes = LedgerTransaction.objects.filter(
                merchant_id=posted.merchant_id, id=posted.reverses
            ).first()
        undone_by = LedgerTransaction.objects.filter(
            merchant_id=posted.merchant_id,
            kind=f"{posted.kind}.reversed",
            reverses=posted.id,
        ).first()
        return TemplateResponse(
            request,
            "ledger/transaction.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": encode("txn", posted.id),
                "posted": posted,
                "one": _shown(posted, entries),
                "written": render(_as_posted(posted, entries)),
                "undoes": undoes and (undoes.id, encode("txn", undoes.id)),
                "undone_by": undone_by and (undone_by.id, encode("txn", undone_by.id)),
                "same_cause": f"{reverse('admin:ledger_ledgertransaction_changelist')}?"
                + urlencode({"q": posted.source}),
            },
        )

    def take_along(self, request: HttpRequest, format_: str) -> HttpResponseBase:
        """What is asked for, all of it, as a file. Who took what is in the audit log."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = BooksForm(request.POST)
        if format_ not in FORMATS or not form.is_valid():
            raise Http404
        return taken_along(request, form, format_)


def _before(request: HttpRequest) -> UUID | None:
    try:
        return decode("txn", request.GET.get("before", ""))
    except InvalidId:
        return None


def _posted(object_id: str) -> LedgerTransaction:
    try:
        found: LedgerTransaction | None = LedgerTransaction.objects.filter(
            id=UUID(object_id)
        ).first()
    except ValueError:  # An address that somebody typed.
        raise Http404 from None
    if found is None:
        raise Http404
    return found


def _shown(one: LedgerTransaction, entries: list[Any]) -> dict[str, Any]:
    return {
        "id": one.id,
        "public_id": encode("txn", one.id),
        "kind": one.kind,
        "source": one.source,
        "memo": one.memo,
        "livemode": one.livemode,
        "merchant": encode("mer", one.merchant_id),
        "merchant_id": one.merchant_id,
        "posted_at": one.posted_at,
        "effective_at": one.effective_at,
        "entries": entries,
    }


def _as_posted(one: LedgerTransaction, entries: list[Any]) -> Transaction:
    return Transaction(
        merchant=one.merchant_id,
        livemode=one.livemode,
        kind=one.kind,
        source=one.source,
        memo=one.memo,
        entries=tuple(Entry(e.code, Side(e.type), e.money) for e in entries),
        id=one.id,
    )
