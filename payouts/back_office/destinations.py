"""Where merchants are paid to: one of us proposes, another decides. The number is never shown."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from kernel.back_office import FoundById, ModelAdmin, ReasonForm, asks
from kernel.clock import now
from kernel.currencies import EXPONENTS
from merchants.merchant_field import MerchantField
from merchants.whose import NamesMerchants
from payouts.back_office.asking import (
    AddedByVerb,
    ByVerb,
    carry_out,
    stands,
)
from payouts.destinations import (
    Account,
    UnableToDecide,
    UnfitDestination,
    approve,
    propose,
    reject,
    retire,
)
from payouts.models import Destination, Rail

_Text = partial(forms.CharField, required=False, widget=UnfoldAdminTextInputWidget)


class ProposeForm(ByVerb):
    """What somebody says where to pay."""

    unfit = UnfitDestination
    merchant = MerchantField(widget=UnfoldAdminTextInputWidget, help_text="mer_…")
    livemode = forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget)
    currency = forms.ChoiceField(
        choices=[(code, code) for code in sorted(EXPONENTS)], widget=UnfoldAdminSelectWidget
    )
    rail = forms.ChoiceField(choices=Rail.choices, widget=UnfoldAdminSelectWidget)
    holder = forms.CharField(max_length=70, widget=UnfoldAdminTextInputWidget)
    iban = _Text(max_length=50, label="IBAN")
    bic = _Text(max_length=11, label="BIC")
    routing_number = _Text(max_length=9, help_text="US, with an account number.")
    account_number = _Text(max_length=17)
    account_type = forms.ChoiceField(
        choices=[("checking", "checking"), ("savings", "savings")], widget=UnfoldAdminSelectWidget
    )
    stripe_account = _Text(max_length=80, help_text="acct_…")
    because = forms.CharField(
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Who asked for it, and how you know that it was them.",
    )

    class Meta:
        model = Destination
        fields = ()

    def write(self, given: dict[str, Any]) -> Destination:
        account = Account(
            rail=Rail(given["rail"]),
            **{
                name: given[name]
                for name in (
                    *("currency", "holder", "iban", "bic", "routing_number", "account_number"),
                    *("account_type", "stripe_account"),
                )
            },
        )
        return propose(
            given["merchant"],
            account,
            livemode=given["livemode"],
            by=self.by,
            because=given["because"],
            at=now(),
        )


@admin.register(Destination)
class DestinationAdmin(NamesMerchants, FoundById, AddedByVerb, ModelAdmin):
    form = ProposeForm
    list_display = (
        *("public_id", "state", "whose", "currency", "rail", "holder", "country", "ending"),
        *("proposed_by", "decided_by", "usable_from"),
    )
    list_filter = ("state", "rail", "kind", "currency", "livemode")
    ids = {"pd": "id", "mer": "merchant_id"}
    search_fields = ("holder",)
    search_help_text = "pd_…, mer_… or the holder"
    ordering = ("-id",)
    show_full_result_count = False
    actions_detail = ("approve", "reject", "retire")
    shown = (
        *("public_id", "whose", "livemode", "state", "currency", "rail", "kind", "holder"),
        *("country", "ending", "bic", "routing_number", "account_type", "bank_name"),
        *("proposed_by", "proposed_because", "created_at"),
        *("decided_by", "decided_because", "decided_at", "usable_from", "retired_at"),
    )

    @admin.display(description="number")
    def ending(self, destination: Destination) -> str:
        return f"…{destination.last4}"

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return _may(request) and stands(Destination, object_id, state=Destination.State.PROPOSED)

    def has_retire_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return _may(request) and stands(Destination, object_id, state=Destination.State.APPROVED)

    @action(  # type: ignore[untyped-decorator]
        description="Approve",
        permissions=["decide"],
        dialog=asks("Approve", "After the cooling-off time money goes there. How was it checked?"),
    )
    def approve(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, form, object_id, approve, "Approved")

    @action(  # type: ignore[untyped-decorator]
        description="Reject",
        permissions=["decide"],
        dialog=asks("Reject", "No money ever goes there. Why?"),
    )
    def reject(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, form, object_id, reject, "Rejected")

    @action(  # type: ignore[untyped-decorator]
        description="Retire",
        permissions=["retire"],
        dialog=asks("Retire", "No new payout goes there any more. Why?"),
    )
    def retire(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, form, object_id, retire, "Retired")

    def _decide(
        self, request: HttpRequest, form: ReasonForm, object_id: str, verb: Any, done: str
    ) -> HttpResponse:
        destination = Destination.objects.get(id=object_id)
        why = form.cleaned_data["reason"]
        return carry_out(
            request,
            destination,
            lambda: verb(destination, by=request.user.get_username(), because=why, at=now()),
            act=f"destination.{verb.__name__}",
            done=done,
            why=why,
            refusals=(UnableToDecide,),
        )


def _may(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("payouts.decide_destination"))
