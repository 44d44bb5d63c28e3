"""The shapes of the public API: what a body may hold, and what the document says of the replies."""

from __future__ import annotations

from rest_framework import serializers

from kernel.problems import (
    AmountField,
    ChoiceField,
    CurrencyField,
    IdField,
    MetadataField,
    StrictSerializer,
    TextField,
)
from paygate.payments.models import Operation, RefundState, Result, State
from paygate.psp.registry import PSPS


class KeyedBody(StrictSerializer):
    """A body that may carry the idempotency key (the header may carry it instead)."""

    idempotency_key = TextField(
        required=False,
        max_length=255,
        help_text="1 to 255 printable ASCII characters; here or as the Idempotency-Key header.",
    )


class CreatePayment(KeyedBody):
    """POST /v1/payments."""

    user_id = TextField(max_length=255, help_text="Your id of the payer.")
    amount = AmountField(help_text="Minor units of the currency: 1000 is 10.00 USD, or 1000 JPY.")
    currency = CurrencyField()
    payment_method = TextField(max_length=255, help_text="pm_…; never a card number.")
    capture_method = ChoiceField(["automatic", "manual"], default="automatic")
    psp = ChoiceField(
        list(PSPS), allow_null=True, default=None, help_text="Pins a PSP; null lets routing choose."
    )
    description = TextField(max_length=500, default="", allow_blank=True, allow_null=True)
    statement_descriptor = TextField(max_length=22, default="", allow_blank=True, allow_null=True)
    return_url = serializers.URLField(
        max_length=2000, default="", allow_blank=True, allow_null=True
    )
    metadata = MetadataField(default=dict)
    fx_quote = IdField(
        "fxq",
        required=False,
        help_text="Converts the payment by this quote (fxq_…), which is good for one payment.",
    )


class CapturePayment(KeyedBody):
    """POST /v1/payments/{id}/capture."""

    amount = AmountField(required=False, help_text="Default: all that is left.")
    final = serializers.BooleanField(default=True, help_text="Is the rest released?")


class CancelPayment(KeyedBody):
    """POST /v1/payments/{id}/cancel."""


class ConfirmPayment(KeyedBody):
    """POST /v1/payments/{id}/confirm."""

    redirect_result = TextField(
        max_length=4000,
        required=False,
        default="",
        allow_blank=True,
        help_text="The redirectResult parameter that came back to the return_url (Adyen).",
    )


class CreateRefund(KeyedBody):
    """POST /v1/refunds."""

    payment = TextField(max_length=255, help_text="pay_…")
    amount = AmountField(required=False, help_text="Default: all that is left.")
    reason = ChoiceField(
        ["duplicate", "fraudulent", "requested_by_customer"],
        allow_null=True,
        default=None,
    )
    metadata = MetadataField(default=dict)


class RefundShape(serializers.Serializer[object]):
    """The refund object. `amount` is in minor units of `currency`."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["refund"])
    livemode = serializers.BooleanField()
    status = serializers.ChoiceField(RefundState.choices)
    payment = serializers.CharField()
    amount = serializers.IntegerField()
    fee = serializers.IntegerField(
        help_text="Ours, charged when the refund succeeds; 0 for one that failed or was canceled."
    )
    currency = serializers.CharField()
    reason = serializers.CharField(allow_null=True)
    external = serializers.BooleanField(help_text="Made in the PSP's own dashboard, not by you.")
    psp = serializers.ChoiceField(list(PSPS))
    psp_reference = serializers.CharField(allow_null=True)
    failure_code = serializers.CharField(allow_null=True)
    failure_message = serializers.CharField(allow_null=True)
    sequence = serializers.IntegerField()
    metadata = serializers.DictField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class RefundList(serializers.Serializer[object]):
    """A page of refunds, newest first."""

    object = serializers.ChoiceField(["list"])
    data = RefundShape(many=True)  # type: ignore[assignment]
    has_more = serializers.BooleanField()
    url = serializers.CharField()


class AttemptShape(serializers.Serializer[object]):
    """One thing asked of a PSP."""

    id = serializers.CharField()
    psp = serializers.ChoiceField(list(PSPS))
    operation = serializers.ChoiceField(Operation.choices)
    amount = serializers.IntegerField()
    outcome = serializers.ChoiceField(Result.choices, allow_null=True)
    decline_code = serializers.CharField(allow_null=True)
    psp_code = serializers.CharField(allow_null=True)
    psp_message = serializers.CharField(allow_null=True)
    route = serializers.DictField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class SettlementShape(serializers.Serializer[object]):
    """What becomes of a payment that is converted into another currency."""

    currency = serializers.CharField()
    rate = serializers.CharField(help_text="What one unit of the payment's currency brings you.")
    amount = serializers.IntegerField(
        help_text="What became of it so far, in minor units of the settlement currency."
    )
    refund_rate = serializers.ChoiceField(
        ["original", "current"], help_text="Is it given back at this rate, or at that of the day?"
    )
    fx_quote = serializers.CharField(allow_null=True)


class PaymentShape(serializers.Serializer[object]):
    """The payment object. Amounts are minor units of `currency`."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["payment"])
    livemode = serializers.BooleanField()
    status = serializers.ChoiceField(State.choices)
    outcome = serializers.ChoiceField(["confirmed", "unknown"])
    amount = serializers.IntegerField()
    amount_authorized = serializers.IntegerField()
    amount_capturable = serializers.IntegerField()
    amount_captured = serializers.IntegerField()
    amount_refunded = serializers.IntegerField()
    amount_refund_pending = serializers.IntegerField()
    amount_disputed = serializers.IntegerField()
    fee = serializers.IntegerField()
    net = serializers.IntegerField()
    currency = serializers.CharField()
    settlement = SettlementShape(allow_null=True)
    user_id = serializers.CharField()
    payment_method = serializers.CharField()
    capture_method = serializers.ChoiceField(["automatic", "manual"])
    psp = serializers.ChoiceField(list(PSPS), allow_null=True)
    psp_reference = serializers.CharField(allow_null=True)
    attempts = AttemptShape(many=True)
    next_action = serializers.DictField(allow_null=True)
    last_error = serializers.DictField(allow_null=True)
    available_actions = serializers.ListField(child=serializers.CharField())
    risk = serializers.DictField()
    sequence = serializers.IntegerField()
    description = serializers.CharField(allow_null=True)
    statement_descriptor = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class PaymentList(serializers.Serializer[object]):
    """A page of payments, newest first."""

    object = serializers.ChoiceField(["list"])
    data = PaymentShape(many=True)  # type: ignore[assignment]
    has_more = serializers.BooleanField()
    url = serializers.CharField()
