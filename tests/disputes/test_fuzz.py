"""No input that the document allows, or does not, makes the endpoints of a dispute that exists fail."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from paygate.wsgi import application
from tests.api.test_openapi import one_connection  # noqa: F401 - a fixture.
from tests.disputes.conftest import Case, withdrawn
from tests.proof.holds import holds

pytestmark = pytest.mark.django_db

schema = schemathesis.openapi.from_wsgi("/v1/openapi.json", application)
OPERATIONS = [
    found.ok() for found in schema.include(path_regex="^/v1/disputes").get_all_operations()
]


def test_every_endpoint_is_tried():
    assert len(OPERATIONS) == 5


@pytest.fixture
def dispute(api, puppet):
    """One that waits for its answer; the clients of tests are done when it is there."""
    return Case(api.pay(psp="stripe").json()).heard("needs_response", withdrawn("a"))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_no_input_makes_a_dispute_fail(operation, api, dispute, one_connection):  # noqa: F811
    @given(operation.as_strategy())
    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case):
        if "dispute" in (case.path_parameters or {}):
            case.path_parameters["dispute"] = dispute.public_id
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {api.secret}"}
        response = case.call()
        case.validate_response(
            response,
            checks=[not_a_server_error, response_schema_conformance, status_code_conformance],
        )

    check()
    assert holds()
