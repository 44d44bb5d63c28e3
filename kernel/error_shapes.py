"""What the OpenAPI document says of errors: one shape, for every refusal of every endpoint."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field({"type": ["string", "object", "null"]})
class PaymentOrItsId(serializers.JSONField):
    """The payment that the error speaks of: its id, or the whole object."""


class ErrorDetail(serializers.Serializer[Any]):
    """What went wrong."""

    type = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    param = serializers.CharField(allow_null=True)
    decline_code = serializers.CharField(allow_null=True)
    psp_code = serializers.CharField(allow_null=True)
    retryable = serializers.BooleanField()
    request_id = serializers.CharField(allow_null=True)
    payment = PaymentOrItsId()
    doc_url = serializers.CharField()
    errors = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]


class ErrorShape(serializers.Serializer[Any]):
    """Every error."""

    error = ErrorDetail()


#: Every endpoint may refuse with these.
REFUSALS = dict.fromkeys(
    (400, 401, 402, 403, 404, 405, 409, 411, 413, 415, 422, 429, 500, 502, 503), ErrorShape
)
