"""What is asked before something is done to a payment: how much, and always why."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from kernel.ids import encode, uuid7
from paygate.payments.back_office.page import Read
from paygate.payments.back_office.typed import AmountField
from paygate.payments.back_office.words import stamp


class DeedForm(forms.Form):
    """Asks for a reason. Its key is the same when the same form comes twice: nothing is done twice by it."""

    key = forms.CharField(max_length=36, widget=forms.HiddenInput)
    because = forms.CharField(
        label="Why",
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Kept in the audit log, beside your name.",
    )

    field_order = ["amount", "reason", "final", "event", "because", "key"]

    def __init__(self, data: Any = None, *, read: Read, deed: str) -> None:
        # Several forms are on one page: their fields' ids must differ, their names need not.
        super().__init__(data, initial={"key": str(uuid7())}, auto_id=f"{deed}_%s")
        self.read = read
        self.ask(read)
        self.order_fields(self.field_order)

    def ask(self, read: Read) -> None:
        """Add what this deed wants to know of this payment."""


class RefundForm(DeedForm):
    reason = forms.ChoiceField(
        label="Reason for the PSP and the merchant",
        required=False,
        initial="requested_by_customer",
        choices=[
            ("requested_by_customer", "Requested by the customer"),
            ("duplicate", "Duplicate"),
            ("fraudulent", "Fraudulent"),
            ("", "None given"),
        ],
        widget=UnfoldAdminSelectWidget,
    )

    def ask(self, read: Read) -> None:
        left = read.payment.money(read.payment.refundable)
        field = AmountField(
            read.payment.currency, initial=left.major, help_text=f"{left} can be given back."
        )
        field.widget.attrs |= {  # The theme's htmx asks who would pay, while it is typed.
            "hx-get": reverse("admin:payments_payment_preview", args=[read.payment.id]),
            "hx-trigger": "input changed delay:250ms",
            "hx-target": "next .payment-preview",
        }
        self.fields["amount"] = field


class CaptureForm(DeedForm):
    final = forms.BooleanField(
        label="Let go of the rest",
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget,
        help_text="What is not taken now is no longer held.",
    )

    def ask(self, read: Read) -> None:
        left = read.payment.money(read.payment.capturable)
        self.fields["amount"] = AmountField(
            read.payment.currency, initial=left.major, help_text=f"{left} is held."
        )


class SendAgainForm(DeedForm):
    def ask(self, read: Read) -> None:
        self.fields["event"] = forms.ChoiceField(
            label="What to tell again",
            choices=[
                (encode("evt", event.id), f"{event.topic}, {stamp(event.created_at)}")
                for event in read.events
            ],
            widget=UnfoldAdminSelectWidget,
            help_text="To every endpoint that wants it and is enabled.",
        )
