"""What every list of the back office has over it: the lists that were saved, a way to save this one, and CSV."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.options import IS_POPUP_VAR, IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    QueryDict,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.text import capfirst
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from kernel.audit.models import Entry
from kernel.audit.record import write_down
from kernel.clock import now
from kernel.lists.export import columns, lines
from kernel.lists.lately import offering
from kernel.lists.models import SavedList, in_order
from kernel.lists.paging import CappedPaginator
from kernel.private import PRIVATE

SHOWN = 20  # Saved lists over a list.


class SaveForm(forms.Form):
    name = forms.CharField(max_length=40, widget=UnfoldAdminTextInputWidget)
    shared = forms.BooleanField(
        required=False, label="For everybody who sees this page", widget=UnfoldBooleanWidget
    )
    query = forms.CharField(required=False, max_length=2_000, widget=forms.HiddenInput)


class ListPage:
    """For pages."""

    change_list_template = "back_office/list.html"
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # They would count all there are.
    #: Columns that a file leaves out, since there is nothing in them but something to click on.
    export_without: tuple[str, ...] = ()
    #: What many rows are called, where the model's plural names the page and not them.
    counted_as = ""

    def get_list_filter(self: Any, request: HttpRequest) -> Any:
        return offering(self.model, super().get_list_filter(request))  # type: ignore[misc]

    def get_paginator(
        self: Any, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any
    ) -> CappedPaginator:
        paginator = CappedPaginator(queryset, per_page, *args, **kwargs)
        asked = request.GET.get("p", "")
        paginator.page_asked = int(asked) if asked.isascii() and asked.isdigit() else 1
        return paginator

    @admin.display(description="mode", ordering="livemode")
    def mode_(self, row: Any) -> str:
        return "live" if row.livemode else "test"

    @admin.display(description="id")
    def id_(self, row: Any) -> str:
        return str(row.public_id)

    def get_list_display(self: Any, request: HttpRequest) -> Any:
        """Live or test is said in a word: a cross would say that something is wrong."""
        instead = {"livemode": "mode_", "public_id": "id_"}
        shown = super().get_list_display(request)  # type: ignore[misc]
        return [instead.get(name, name) for name in shown]

    def changelist_view(
        self: Any, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponseBase:
        query = in_order(request.GET.urlencode())
        context = {
            **(
                {}
                if IS_POPUP_VAR in request.GET
                else {"title": capfirst(self.opts.verbose_name_plural)}
            ),
            "saved_lists": self._saved(request, query),
            "save_form": SaveForm(initial={"query": query}),
            "save_address": self._named("saved"),
            "export_address": f"{self._named('export')}?{query}",
        }
        listed: HttpResponseBase = super().changelist_view(  # type: ignore[misc]
            request, {**context, **(extra_context or {})}
        )
        return listed

    def get_urls(self: Any) -> list[Any]:
        guarded, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("export/", guarded(self.export_view), name=f"{name}_export"),
            path("saved/", guarded(self.saved_view), name=f"{name}_saved"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    # ------------------------------------------------------------------------------------ as a file

    def export_view(self: Any, request: HttpRequest) -> HttpResponseBase:
        """The list at this address, as CSV. That it was taken is written down."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        here = f"{self._named('changelist')}?{request.GET.urlencode()}"
        try:
            found = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return redirect(here)
        most = settings.BACK_OFFICE_EXPORT_MOST
        count = found.queryset.order_by()[: most + 1].count()
        if count > most:
            messages.error(
                request, f"More than {most:,} rows are too many for one file: filter the list."
            )
            return redirect(here)
        write_down(
            *(request, "list.export", Entry.Outcome.SEEN),
            kind=str(self.opts.model_name),
            subject="",
            details={
                "list": in_order(_for_the_log(request.GET).urlencode()),
                "rows": count,
                "columns": columns(found),
            },
        )
        name = f"{self.opts.verbose_name_plural}-{now():%Y%m%d-%H%M}".replace(" ", "-").lower()
        return StreamingHttpResponse(
            lines(found, most=most),
            content_type="text/csv; charset=utf-8",
            headers={**PRIVATE, "Content-Disposition": f'attachment; filename="{name}.csv"'},
        )

    # ------------------------------------------------------------------------------------ the saved

    def saved_view(self: Any, request: HttpRequest) -> HttpResponse:
        """Save a list under a name, or forget one of one's own."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        own = SavedList.objects.filter(page=self.opts.label_lower, owner=_login(request))
        if forgotten := request.POST.get("forget"):
            own.filter(id__in=_ids(forgotten)).delete()
            return redirect(self._named("changelist"))
        form = SaveForm(request.POST)
        if not form.is_valid():
            messages.error(request, "A name of at most 40 characters is needed to save a list.")
            return redirect(self._named("changelist"))
        query = in_order(form.cleaned_data["query"])
        if _names_somebody(QueryDict(query)):
            messages.error(
                request, "This list is found by an e-mail address, which is not kept: filter anew."
            )
            return redirect(self._named("changelist"))
        SavedList.objects.update_or_create(
            page=self.opts.label_lower,
            owner=_login(request),
            name=form.cleaned_data["name"],
            defaults={"query": query, "shared": form.cleaned_data["shared"], "created_at": now()},
        )
        return redirect(f"{self._named('changelist')}?{query}")

    def _saved(self: Any, request: HttpRequest, query: str) -> list[dict[str, Any]]:
        """What stands over the list; the one that is being looked at is marked."""
        found = SavedList.objects.filter(
            Q(owner=_login(request)) | Q(shared=True), page=self.opts.label_lower
        )
        return [
            {
                "id": one.id,
                "name": one.name,
                "address": f"?{one.query}",
                "active": one.query == query,
                "own": one.owner == _login(request),
                "by": "" if one.owner == _login(request) else one.owner,
            }
            for one in found[:SHOWN]
        ]

    def _named(self: Any, what: str) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{what}")


def _login(request: HttpRequest) -> str:
    return request.user.get_username()


def _names_somebody(query: QueryDict) -> bool:
    """Was a person's e-mail address looked for? Then it is erased nowhere that keeps the words."""
    return any("@" in value for _, values in query.lists() for value in values)


def _for_the_log(query: QueryDict) -> QueryDict:
    """The same, without anybody's e-mail address."""
    told = query.copy()
    for name, values in query.lists():
        told.setlist(name, ["(an e-mail address)" if "@" in value else value for value in values])
    return told


def _ids(text: str) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return []
