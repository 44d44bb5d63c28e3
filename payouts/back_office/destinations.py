"""Where merchants are paid to: one of us proposes, another decides. The number is never shown."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from kernel.back_office import Kept, ReasonForm, asks
from kernel.clock import now
from kernel.currencies import EXPONENTS
from payouts.back_office.asking import (
    MerchantField,
    by_id,
    carry_out,
    whose,
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


class ProposeForm(forms.ModelForm):  # type: ignore[type-arg]
    """What somebody says where to pay. It is proposed as it is checked: only the verb knows whether it can be."""

    by = ""  # Who fills it in.
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

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
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
        try:
            self.instance = propose(
                given["merchant"],
                account,
                livemode=given["livemode"],
                by=self.by,
                because=given["because"],
                at=now(),
            )
        except UnfitDestination as fault:
            raise forms.ValidationError({fault.param: fault.message}) from None
        return given

    def _post_clean(self) -> None:
        """Nothing is left to be set: the verb has written the row."""

    def save(self, commit: bool = True) -> Destination:
        saved: Destination = self.instance
        return saved

    def save_m2m(self) -> None:
        """There are none."""


_GIVEN = tuple(ProposeForm.declared_fields)


@admin.register(Destination)
class DestinationAdmin(Kept, ModelAdmin):  # type: ignore[misc]
    form = ProposeForm
    list_display = (
        *("public_id", "state", "whose", "currency", "rail", "holder", "country", "ending"),
        *("proposed_by", "decided_by", "usable_from"),
    )
    list_filter = ("state", "rail", "kind", "currency", "livemode")
    search_fields = ("holder",)
    search_help_text = "pd_…, mer_… or the holder"
    ordering = ("-id",)
    show_full_result_count = False
    actions_detail = ("approve", "reject", "retire")
    _shown = (
        *("public_id", "whose", "livemode", "state", "currency", "rail", "kind", "holder"),
        *("country", "ending", "bic", "routing_number", "account_type", "bank_name"),
        *("proposed_by", "proposed_because", "created_at"),
        *("decided_by", "decided_because", "decided_at", "usable_from", "retired_at"),
    )

    @admin.display(description="merchant")
    def whose(self, destination: Destination) -> str:
        return whose(destination.merchant_id)

    @admin.display(description="number")
    def ending(self, destination: Destination) -> str:
        return f"…{destination.last4}"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return _GIVEN if obj is None else self._shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self._shown

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)
        form.by = request.user.get_username()
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The form has: see there."""

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        found = by_id(queryset, search_term, {"pd": "id", "mer": "merchant_id"})
        if found is not None:
            return found, False
        return super().get_search_results(request, queryset, search_term)

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return _may(request) and _stands(object_id, Destination.State.PROPOSED)

    def has_retire_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return _may(request) and _stands(object_id, Destination.State.APPROVED)

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
            self,
            request,
            destination,
            lambda: verb(destination, by=request.user.get_username(), because=why, at=now()),
            done=done,
            why=why,
            refusals=(UnableToDecide,),
        )


def _may(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("payouts.decide_destination"))


def _stands(object_id: str | None, state: Destination.State) -> bool:
    """Is it in that state? (Of nothing in particular: maybe.)"""
    if object_id is None:
        return True
    try:
        return Destination.objects.filter(id=UUID(object_id), state=state).exists()
    except ValueError:  # An address that somebody typed.
        return False
