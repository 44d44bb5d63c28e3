"""What the API of payouts takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.problems import (
    AmountField,
    ChoiceField,
    CurrencyField,
    MetadataField,
    StrictSerializer,
    TextField,
)
from paygate.api.shapes import KeyedBody
from payouts.models import Destination, Payout, Rail, State


class CreatePayout(KeyedBody):
    """POST /v1/payouts."""

    currency = CurrencyField()
    amount = AmountField(required=False, help_text="Minor units. Default: all that is available.")
    destination = TextField(
        required=False, max_length=255, help_text="pd_…. Default: the newest that may be paid to."
    )
    description = TextField(max_length=255, default="", allow_blank=True)
    statement_descriptor = TextField(
        max_length=22, default="", allow_blank=True, help_text="On the bank statement."
    )
    metadata = MetadataField(default=dict)


class CancelPayout(KeyedBody):
    """POST /v1/payouts/{id}/cancel."""


class PayoutShape(serializers.Serializer[object]):
    """The payout object. `amount` is in minor units of `currency`."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["payout"])
    livemode = serializers.BooleanField()
    status = serializers.ChoiceField(State.choices)
    amount = serializers.IntegerField()
    currency = serializers.CharField()
    method = serializers.ChoiceField(Payout.Method.choices)
    rail = serializers.ChoiceField(Rail.choices)
    destination = serializers.CharField()
    description = serializers.CharField(allow_null=True)
    statement_descriptor = serializers.CharField(allow_null=True)
    psp_reference = serializers.CharField(allow_null=True)
    failure_code = serializers.CharField(allow_null=True)
    failure_message = serializers.CharField(allow_null=True)
    arrives_on = serializers.DateField(allow_null=True)
    sequence = serializers.IntegerField()
    metadata = serializers.DictField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class PayoutList(serializers.Serializer[object]):
    """A page of payouts, newest first."""

    object = serializers.ChoiceField(["list"])
    data = PayoutShape(many=True)  # type: ignore[assignment]
    has_more = serializers.BooleanField()
    url = serializers.CharField()


class ProposeDestination(StrictSerializer):
    """POST /v1/payout_destinations: an IBAN, a US account, or a connected account at Stripe."""

    currency = CurrencyField()
    holder = TextField(max_length=70, help_text="Whose account it is, as the bank knows it.")
    country = TextField(
        max_length=2, default="", allow_blank=True, help_text="ISO 3166-1; an IBAN says it itself."
    )
    iban = TextField(max_length=50, default="", allow_blank=True)
    bic = TextField(max_length=11, default="", allow_blank=True)
    routing_number = TextField(max_length=9, default="", allow_blank=True)
    account_number = TextField(max_length=17, default="", allow_blank=True)
    account_type = ChoiceField(["checking", "savings"], default="checking")
    stripe_account = TextField(max_length=80, default="", allow_blank=True, help_text="acct_…")
    rail = ChoiceField(Rail.values, required=False, help_text="How to pay: default bank.")


class DestinationShape(serializers.Serializer[object]):
    """Where a merchant is paid to; of the number only the end is shown."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["payout_destination"])
    livemode = serializers.BooleanField()
    status = serializers.ChoiceField(Destination.State.choices)
    currency = serializers.CharField()
    rail = serializers.ChoiceField(Rail.choices)
    kind = serializers.ChoiceField(Destination.Kind.choices)
    holder = serializers.CharField()
    country = serializers.CharField()
    last4 = serializers.CharField()
    bic = serializers.CharField(allow_null=True)
    routing_number = serializers.CharField(allow_null=True)
    bank_name = serializers.CharField(allow_null=True)
    usable_from = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class DestinationList(serializers.Serializer[object]):
    """A page of destinations, newest first."""

    object = serializers.ChoiceField(["list"])
    data = DestinationShape(many=True)  # type: ignore[assignment]
    has_more = serializers.BooleanField()
    url = serializers.CharField()
