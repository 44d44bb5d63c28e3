"""The shapes of /v1/webhook_endpoints and /v1/events: what a body may hold, and what the document says of replies."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kernel.problems import ChoiceField, MetadataField, StrictSerializer, TextField
from merchants.notices.addresses import LONGEST
from merchants.notices.models import Notice, WebhookEndpoint
from merchants.notices.register import LONGEST_OVERLAP
from merchants.notices.safely import Error
from merchants.notices.topics import PATTERNS

NAMES = ", ".join(f"`{pattern}`" for pattern in sorted(PATTERNS))
LONGEST_OVERLAP_SECONDS = int(LONGEST_OVERLAP.total_seconds())

# ---------------------------------------------------------------------------------------------- bodies


class EventPattern(TextField):
    """The name of an event, all of a family (`payment.*`), or all (`*`)."""

    default_error_messages = {"unknown_event_type": "No event is called {pattern}."}

    def to_internal_value(self, data: Any) -> str:
        pattern = super().to_internal_value(data)
        if pattern not in PATTERNS:
            self.fail("unknown_event_type", pattern=pattern)
        return pattern


def _url(**changes: Any) -> TextField:
    return TextField(max_length=LONGEST, help_text="https, and public.", **changes)


def _events(**changes: Any) -> serializers.ListField:
    return serializers.ListField(
        child=EventPattern(max_length=60),
        min_length=1,
        max_length=100,
        help_text=f"payment.captured, payment.*, or * for all; any of {NAMES}.",
        **changes,
    )


def _description(**changes: Any) -> TextField:
    return TextField(max_length=500, allow_blank=True, allow_null=True, **changes)


def _moment(**changes: Any) -> serializers.DateTimeField:
    message = "Not an RFC 3339 time such as 2026-11-23T14:00:00Z."
    return serializers.DateTimeField(error_messages={"invalid": message}, **changes)


class CreateEndpoint(StrictSerializer):
    """POST /v1/webhook_endpoints."""

    url = _url()
    enabled_events = _events()
    description = _description(default="")
    metadata = MetadataField(default=dict)


class ChangeEndpoint(StrictSerializer):
    """PATCH /v1/webhook_endpoints/{id}: what is not given stays."""

    url = _url(required=False)
    enabled_events = _events(required=False)
    description = _description(required=False)
    metadata = MetadataField(
        required=False, help_text='Added to what is there; "" takes a label away.'
    )
    status = ChoiceField(WebhookEndpoint.Status.values, required=False)


class RollSecret(StrictSerializer):
    """POST /v1/webhook_endpoints/{id}/roll_secret."""

    overlap = serializers.IntegerField(
        min_value=0,
        max_value=LONGEST_OVERLAP_SECONDS,
        default=LONGEST_OVERLAP_SECONDS,
        help_text="Seconds for which the present secret signs as well.",
    )


class SendTest(StrictSerializer):
    """POST /v1/webhook_endpoints/{id}/test."""


class RedeliverMany(StrictSerializer):
    """POST /v1/webhook_endpoints/{id}/redeliver."""

    since = _moment(help_text="Events are there for 90 days.")
    until = _moment(required=False, help_text="Default: now.")
    only_failed = serializers.BooleanField(
        default=True, help_text="Only what this endpoint has not got and is not about to get."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "until" in attrs and attrs["until"] <= attrs["since"]:
            raise serializers.ValidationError({"until": ["This is not after since."]})
        return attrs


class RedeliverOne(StrictSerializer):
    """POST /v1/events/{id}/redeliver."""

    webhook_endpoint = TextField(
        max_length=100, required=False, help_text="Default: all that want it."
    )


# --------------------------------------------------------------------------------------------- replies


class WebhookEndpointShape(serializers.Serializer[object]):
    """An address of yours that hears what happens."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["webhook_endpoint"])
    livemode = serializers.BooleanField()
    url = serializers.CharField()
    enabled_events = serializers.ListField(child=serializers.CharField())
    description = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())
    status = serializers.ChoiceField(WebhookEndpoint.Status.values)
    disabled_reason = serializers.ChoiceField(
        [reason.value for reason in WebhookEndpoint.Reason if reason], allow_null=True
    )
    disabled_at = serializers.DateTimeField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True)
    previous_secret_until = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class WebhookEndpointWithSecretShape(WebhookEndpointShape):
    """The endpoint and its secret, which is shown this once."""

    secret = serializers.CharField()


class WebhookEndpointList(serializers.Serializer[object]):
    """A page of endpoints, newest first."""

    object = serializers.ChoiceField(["list"])
    data = WebhookEndpointShape(many=True)  # type: ignore[assignment]
    has_more = serializers.BooleanField()
    url = serializers.CharField()


class WebhookEndpointDeletedShape(serializers.Serializer[object]):
    """What is no more."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["webhook_endpoint"])
    deleted = serializers.BooleanField()


class RedeliveryShape(serializers.Serializer[object]):
    """How many events are sent again. With `has_more`, ask again with `until` as `since`."""

    object = serializers.ChoiceField(["redelivery"])
    webhook_endpoint = serializers.CharField()
    count = serializers.IntegerField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    has_more = serializers.BooleanField()


class AttemptRequestShape(serializers.Serializer[object]):
    """What was sent, beside the event."""

    url = serializers.CharField()
    headers = serializers.DictField(child=serializers.CharField())


class AttemptResponseShape(serializers.Serializer[object]):
    """What came back: some of its headers, and its beginning."""

    headers = serializers.DictField(child=serializers.CharField())
    body = serializers.CharField()


class DeliveryAttemptShape(serializers.Serializer[object]):
    """One try. In lists `request` and `response` are null."""

    number = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    duration_ms = serializers.IntegerField()
    status = serializers.ChoiceField(["succeeded", "failed"])
    error = serializers.ChoiceField([error.value for error in Error], allow_null=True)
    response_status = serializers.IntegerField(allow_null=True)
    request = AttemptRequestShape(allow_null=True)
    response = AttemptResponseShape(allow_null=True)


class DeliveryShape(serializers.Serializer[object]):
    """What became of telling one endpoint."""

    webhook_endpoint = serializers.CharField()
    status = serializers.ChoiceField(Notice.Status.values)
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    attempts = DeliveryAttemptShape(many=True)


class EventDataShape(serializers.Serializer[object]):
    """What the event is about."""

    object = serializers.DictField(help_text="As it was right after the change.")


class NewsShape(serializers.Serializer[object]):
    """Something that happened, as endpoints get it."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["event"])
    type = serializers.CharField()
    livemode = serializers.BooleanField()
    sequence = serializers.IntegerField(help_text="Counts the changes of the object from 1.")
    created_at = serializers.DateTimeField()
    data = EventDataShape()  # type: ignore[assignment]


class EventShape(NewsShape):
    """Something that happened, and what became of telling it."""

    deliveries = DeliveryShape(many=True)


class EventList(serializers.Serializer[object]):
    """A page of events, newest first."""

    object = serializers.ChoiceField(["list"])
    data = EventShape(many=True)  # type: ignore[assignment]
    has_more = serializers.BooleanField()
    url = serializers.CharField()
