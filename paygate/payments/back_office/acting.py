"""One thing done to a payment by hand: its form on a page of its own, and what came of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import strip_tags

from kernel.audit.record import audited
from kernel.clock import now
from paygate.payments.back_office.deeds import REFUSALS, Deed, Doing
from paygate.payments.back_office.forms import DeedForm
from paygate.payments.back_office.page import Read
from paygate.payments.back_office.preview import preview
from paygate.payments.back_office.typed import NotAnAmount, in_minor
from paygate.payments.models import Payment
from paygate.staff.step_up import step_up


class DeedPage:
    """One request for one deed. Raises PermissionDenied for whoever may not do it."""

    def __init__(self, page: Any, request: HttpRequest, payment: Payment, deed: Deed) -> None:
        if not request.user.has_perm(deed.permission):
            raise PermissionDenied
        self._page, self._request, self._deed = page, request, deed
        self._read = Read.of(payment, with_events=True)

    def answer(self) -> HttpResponse:
        """Ask, or do it and go back to the payment, which says what came of it."""
        if self._request.method != "POST":
            if not self._deed.possible(self._read):
                return self._not_now()
            return self._asked(self._deed.form(read=self._read, deed=self._deed.name))
        if self._deed.moves_money and (first := step_up(self._request)):
            return first
        form = self._deed.form(self._request.POST, read=self._read, deed=self._deed.name)
        if not form.is_valid():
            return self._asked(form)
        self._do(form.cleaned_data)
        return self._back()

    def _do(self, given: dict[str, Any]) -> None:
        user = self._request.user
        assert isinstance(user, User)
        payment = self._read.payment
        asked = {name: value for name, value in given.items() if name not in {"because", "key"}}
        try:
            with audited(
                self._request,
                self._deed.act,
                payment,
                because=given["because"],
                refusals=REFUSALS,
                **asked,
            ) as deed:
                said = self._deed.do(Doing(self._read, given, user, now(), deed.details))
                deed.details["came"] = strip_tags(said)
        except REFUSALS as refusal:
            messages.error(self._request, str(refusal))
        else:
            messages.success(self._request, said or f"{self._deed.title}: done.")

    def _not_now(self) -> HttpResponse:
        messages.warning(
            self._request, f"{self._deed.title}: not possible as the payment stands now."
        )
        return self._back()

    def _back(self) -> HttpResponse:
        return redirect(reverse("admin:payments_payment_change", args=[self._read.payment.id]))

    def _asked(self, form: DeedForm) -> HttpResponse:
        payment = self._read.payment
        return TemplateResponse(
            self._request,
            "payments/deed.html",
            {
                **self._page.admin_site.each_context(self._request),
                "opts": self._page.opts,
                "title": f"{self._deed.title}: {payment.public_id}",
                "original": payment,
                "payment": payment,
                "deed": self._deed,
                "form": form,
                "sentence": self._read.sentence(now=now()),
                **first_preview(self._read, self._deed),
            },
        )


def first_preview(read: Read, deed: Deed) -> dict[str, Any]:
    """What the form shows before anybody has typed: a refund of all that is left."""
    if deed.name != "refund" or not deed.possible(read):
        return {}
    whole = read.payment.money(read.payment.refundable)
    return {"preview": preview(read, whole, at=now())}


def previewed(request: HttpRequest, payment: Payment) -> HttpResponse:
    """Who would pay for the amount that is being typed; it changes nothing."""
    if not request.user.has_perm("payments.refund"):
        raise PermissionDenied
    context: dict[str, Any]
    try:
        minor = in_minor(request.GET.get("amount", ""), payment.currency)
    except NotAnAmount as why:
        context = {"not_yet": str(why)}
    else:
        read = Read.of(payment, with_events=False)
        context = {"preview": preview(read, payment.money(minor), at=now())}
    return TemplateResponse(request, "payments/preview.html", context)
