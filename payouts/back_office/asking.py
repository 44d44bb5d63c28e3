"""How pages carry a verb out and say what came of it, and how they name what they are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from kernel.ids import InvalidId, decode, encode
from merchants.models import Merchant


def carry_out(
    page: Any,
    request: HttpRequest,
    row: Any,
    verb: Callable[[], Any],
    *,
    done: str,
    why: str,
    refusals: tuple[type[Exception], ...],
) -> HttpResponse:
    """Do it, write it down in the row's history, and go back to the row; what is refused is said."""
    try:
        verb()
    except refusals as refusal:
        messages.error(request, str(refusal))
    else:
        page.log_change(request, row, f"{done}: {why}")
        messages.success(request, f"{done}.")
    return go_to(request, address_of(row))


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """To a page; a dialog's script wants to be told in a header."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)


def address_of(row: Any) -> str:
    """The page of a row."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def link(row: Any, text: str) -> str:
    """A link to the page of a row."""
    return format_html('<a href="{}">{}</a>', address_of(row), text)


def whose(merchant_id: UUID) -> str:
    """A merchant, as a link to their page."""
    page = reverse("admin:merchants_merchant_change", args=[merchant_id])
    return format_html('<a href="{}">{}</a>', page, encode("mer", merchant_id))


def by_id(queryset: Any, term: str, columns: dict[str, str]) -> Any:
    """The rows that an id of ours names, where the term is one; None where it is not."""
    for prefix, column in columns.items():
        try:
            return queryset.filter(**{column: decode(prefix, term.strip())})
        except InvalidId:
            continue
    return None


class MerchantField(forms.CharField):
    """A merchant, by mer_…: there may be too many to choose from. Gives the UUID."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            found = Merchant.objects.filter(id=decode("mer", text.strip())).first()
        except InvalidId:
            found = None
        if found is None:
            raise forms.ValidationError("There is no such merchant.")
        return found.id
