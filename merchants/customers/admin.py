"""Customers in the back office: masked, until somebody who may says why more is to be seen, which is logged."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminTextareaWidget

from kernel.audit.record import audited, saw
from kernel.back_office import FoundById, ModelAdmin, ReadOnly, go_to
from kernel.clock import now
from kernel.ids import encode
from merchants.customers.find import NoSuchCustomer, by_email
from merchants.customers.keep import erase, person
from merchants.customers.models import Customer
from merchants.customers.sealing import Person
from merchants.models import Merchant
from merchants.whose import NamesMerchants

SEE, ERASE = "merchants.see_pii", "merchants.erase_customer"


class Why(forms.Form):
    reason = forms.CharField(
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Kept in the audit log, beside your name.",
    )


@admin.register(Customer)
class CustomerAdmin(NamesMerchants, FoundById, ReadOnly, ModelAdmin):
    list_display = ("user_id", "whose", "public_id", "livemode", "created_at", "erased_at")
    list_filter = ("livemode", ("erased_at", admin.EmptyFieldListFilter))
    ids = {"cus": "id", "mer": "merchant_id"}
    search_fields = ("user_id__exact",)
    search_help_text = "cus_…, mer_…, the whole user id, or the whole e-mail address"
    ordering = ("-id",)
    show_full_result_count = False

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if "@" in search_term and "\0" not in search_term:
            return queryset.filter(id__in=by_email(search_term).values("id")), False
        found: tuple[Any, bool] = super().get_search_results(request, queryset, search_term)
        return found

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Who it is, masked; a reason shows the rest, once."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        customer = self._found(object_id)
        if request.method != "POST":
            return self._page(request, customer)
        deed = request.POST.get("deed", "")
        if not request.user.has_perm(
            {"see": SEE, "erase": ERASE}.get(deed, "nothing.of_that_name")
        ):
            raise PermissionDenied
        form = Why(request.POST)
        if not form.is_valid():
            return self._page(request, customer, form=form)
        if deed == "erase":
            return self._erase(request, customer, form.cleaned_data["reason"])
        saw(
            request,
            customer,
            "name",
            "email",
            "phone",
            "address",
            because=form.cleaned_data["reason"],
        )
        return self._page(request, customer, unmasked=True)

    def _erase(self, request: HttpRequest, customer: Customer, why: str) -> HttpResponse:
        page = reverse("admin:merchants_customer_change", args=[customer.id])
        try:
            with audited(request, "erase", customer, because=why, refusals=(NoSuchCustomer,)):
                erase(
                    customer.merchant_id,
                    livemode=customer.livemode,
                    customer=customer.public_id,
                    at=now(),
                )
        except NoSuchCustomer:
            messages.info(request, "This customer was erased before.")
        else:
            messages.success(request, "Erased: nobody can read any more who it was.")
        return go_to(request, page)

    def _found(self, object_id: str) -> Customer:
        try:
            found = Customer.objects.filter(id=UUID(object_id)).first()
        except ValueError:  # An address that somebody typed.
            found = None
        if found is None:
            raise Http404
        return found

    def _page(
        self,
        request: HttpRequest,
        customer: Customer,
        *,
        unmasked: bool = False,
        form: Why | None = None,
    ) -> HttpResponse:
        erased = customer.erased_at is not None
        who = person(customer)
        shown = None if who is None else (who if unmasked else masked(who))
        deeds = []
        if not erased:
            deeds += [("see", "Show what is private")] if request.user.has_perm(SEE) else []
            deeds += [("erase", "Erase this person")] if request.user.has_perm(ERASE) else []
        merchant = Merchant.objects.filter(id=customer.merchant_id).first()
        return TemplateResponse(
            request,
            "merchants/customer.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": f"Customer {customer.user_id or customer.public_id}",
                "customer": customer,
                "about": {"headers": [], "rows": _rows(customer, merchant)},
                "private": {"headers": [], "rows": _private(shown) if shown else []},
                "private_title": "Private, shown once" if unmasked else "Private, masked",
                "deeds": [] if unmasked else deeds,
                "form": form or Why(),
            },
        )


def masked(who: Person) -> Person:
    """As much as tells two people apart, and no more."""
    return Person(
        name=" ".join(_first(word) for word in who.name.split()),
        email=_masked_email(who.email),
        phone=re.sub(r"\d(?=\d{2})", "•", who.phone),
        address={
            name: value if name == "country" else _first(value)
            for name, value in who.address.items()
        },
    )


def _masked_email(email: str) -> str:
    """Of the address its first letter, and where it is: "a…@example.com"."""
    local, _, domain = email.rpartition("@")
    return f"{_first(local)}@{domain}" if domain else ""


def _first(text: str) -> str:
    return f"{text[0]}…" if text else ""


def _private(who: Person) -> list[tuple[str, str]]:
    order = ("line1", "line2", "postal_code", "city", "state", "country")
    address = ", ".join(who.address[name] for name in order if who.address.get(name))
    rows = [("Name", who.name), ("E-mail", who.email), ("Phone", who.phone), ("Address", address)]
    return [(name, value or "not known") for name, value in rows]


def _rows(customer: Customer, merchant: Merchant | None) -> list[tuple[str, Any]]:
    page = reverse("admin:merchants_merchant_change", args=[customer.merchant_id])
    whose = merchant.name if merchant else encode("mer", customer.merchant_id)
    return [
        ("Id", customer.public_id),
        ("Merchant", format_html('<a class="text-primary-600" href="{}">{}</a>', page, whose)),
        ("User id", customer.user_id or "none"),
        ("Mode", "live" if customer.livemode else "test"),
        ("Since", f"{customer.created_at:%Y-%m-%d %H:%M} UTC"),
        *([("Erased", f"{customer.erased_at:%Y-%m-%d %H:%M} UTC")] if customer.erased_at else []),
    ]
