"""The OpenAPI document tells the truth, and no input that it allows, or does not, makes the server fail."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from kernel.clock import now
from kernel.ids import uuid7
from kernel.outbox.models import OutboxEvent
from merchants.notices.render import event_body
from merchants.notices.signing import signed_headers
from paygate.api.shapes import PaymentShape
from paygate.payments.models import Attempt, Payment
from paygate.payments.render import render
from paygate.wsgi import application

schema = schemathesis.openapi.from_wsgi("/v1/openapi.json", application)
OPERATIONS = [found.ok() for found in schema.get_all_operations()]


def test_the_document_is_openapi_3_1_and_names_what_exists(client):
    document = client.get("/v1/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    assert {
        "/v1/payments",
        "/v1/payments/{payment}",
        "/v1/payments/{payment}/capture",
        "/v1/payments/{payment}/cancel",
        "/v1/payments/{payment}/confirm",
        "/v1/payment_methods",
        "/v1/account",
    } <= set(document["paths"])


def test_the_documented_payment_is_the_rendered_payment(api):
    payment = api.pay().json()
    found = Payment.objects.get()

    rendered = render(found, list(Attempt.objects.all()))
    assert set(PaymentShape().fields) == set(rendered) == set(payment)
    assert set(PaymentShape().fields["attempts"].child.fields) == set(rendered["attempts"][0])


@pytest.mark.parametrize(
    "shape, field",
    [
        ("WebhookEndpointShape", "disabled_reason"),
        ("DeliveryAttemptShape", "error"),
        ("PaymentShape", "psp"),
        ("AttemptShape", "outcome"),
        ("CreateRefundRequest", "reason"),
    ],
)
def test_one_of_a_few_words_may_be_null_where_the_document_is_asked(client, shape, field):
    components = client.get("/v1/openapi.json").json()["components"]["schemas"]

    kinds = components[shape]["properties"][field]["oneOf"]
    assert {"$ref": "#/components/schemas/NullEnum"} in kinds
    assert components["NullEnum"] == {"type": "null"}


def test_the_document_says_what_endpoints_get_and_how_they_verify_it(client):
    document = client.get("/v1/openapi.json").json()

    told = document["webhooks"]["event"]["post"]
    shape = told["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
    event = OutboxEvent(id=uuid7(), created_at=now(), topic="refund.created", body={}, sequence=1)
    assert set(document["components"]["schemas"][shape]["properties"]) == set(event_body(event))
    signed = signed_headers("evt_1", "{}", [b"0" * 32], at=now())
    assert all(f"`{header}`" in told["description"] for header in signed)
    assert told["responses"].keys() == {"2XX"}


@pytest.fixture
def one_connection():
    """A real WSGI request ends by closing its connection; here it is the one that holds the test's rows."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_every_operation_is_tried():
    assert len(OPERATIONS) >= 30


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_no_input_makes_the_server_fail(operation, api, one_connection):
    @given(operation.as_strategy())
    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {api.secret}"}
        response = case.call()
        case.validate_response(
            response,
            checks=[not_a_server_error, response_schema_conformance, status_code_conformance],
        )

    check()
