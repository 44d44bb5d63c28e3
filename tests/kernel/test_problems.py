"""Whatever goes wrong leaves as one kind of object, with every fault in it and nothing that is not the caller's."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.core import exceptions as django
from django.http import Http404, HttpRequest
from rest_framework import exceptions, serializers
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from kernel.ids import encode, uuid7
from kernel.problems import (
    AmountField,
    CurrencyField,
    IdField,
    MetadataField,
    Problem,
    StrictSerializer,
    TextField,
    problem_response,
)

FIELDS = {
    "type",
    "code",
    "message",
    "param",
    "decline_code",
    "psp_code",
    "retryable",
    "request_id",
    "payment",
    "doc_url",
    "errors",
}


def raising(error: Exception) -> Any:
    """The reply of a view that raises `error`."""

    class Raises(APIView):
        authentication_classes = ()
        permission_classes = ()

        def get(self, request: Any) -> Any:
            raise error

    request = APIRequestFactory().get("/")
    request.request_id = "req_1"
    return Raises.as_view()(request).render()


def error_of(response: Any) -> dict[str, Any]:
    error: dict[str, Any] = json.loads(response.content)["error"]
    assert set(error) == FIELDS
    return error


@pytest.mark.parametrize(
    "raised, status, type_, code",
    [
        (exceptions.NotAuthenticated(), 401, "authentication_error", "api_key_required"),
        (
            exceptions.AuthenticationFailed("No.", code="api_key_invalid"),
            401,
            "authentication_error",
            "api_key_invalid",
        ),
        (exceptions.PermissionDenied(), 403, "permission_error", "permission_denied"),
        (django.PermissionDenied(), 403, "permission_error", "permission_denied"),
        (exceptions.NotFound(), 404, "invalid_request_error", "resource_missing"),
        (Http404(), 404, "invalid_request_error", "resource_missing"),
        (django.ObjectDoesNotExist(), 404, "invalid_request_error", "resource_missing"),
        (exceptions.MethodNotAllowed("PUT"), 405, "invalid_request_error", "method_not_allowed"),
        (exceptions.ParseError(), 400, "invalid_request_error", "invalid_request"),
        (django.SuspiciousOperation(), 400, "invalid_request_error", "invalid_request"),
        (django.BadRequest(), 400, "invalid_request_error", "invalid_request"),
        (django.RequestDataTooBig(), 413, "invalid_request_error", "request_too_large"),
        (
            exceptions.UnsupportedMediaType("x/y"),
            415,
            "invalid_request_error",
            "unsupported_media_type",
        ),
        (exceptions.NotAcceptable(), 406, "invalid_request_error", "not_acceptable"),
        (exceptions.Throttled(wait=2.1), 429, "rate_limit_error", "rate_limited"),
        (exceptions.ValidationError("No."), 400, "invalid_request_error", "invalid_value"),
        (django.ValidationError("No."), 400, "invalid_request_error", "invalid_value"),
        (exceptions.APIException("who knows"), 500, "api_error", "internal_error"),
    ],
)
def test_every_exception_has_its_status_type_and_code(raised, status, type_, code):
    response = raising(raised)
    error = error_of(response)

    assert (response.status_code, error["type"], error["code"]) == (status, type_, code)
    assert error["request_id"] == "req_1"
    assert error["message"]
    assert error["doc_url"] == f"/docs#{code}"


def test_an_unexpected_error_is_logged_and_says_nothing(caplog):
    with caplog.at_level(logging.ERROR):
        response = raising(RuntimeError("the password is hunter2"))

    assert response.status_code == 500
    assert error_of(response)["code"] == "internal_error"
    assert b"hunter2" not in response.content
    assert b"RuntimeError" not in response.content
    [record] = [r for r in caplog.records if r.name == "kernel.problems"]
    assert record.exc_info is not None
    assert record.request_id == "req_1"


def test_a_throttled_caller_is_told_how_long_to_wait():
    response = raising(exceptions.Throttled(wait=2.1))

    assert response["Retry-After"] == "3"
    assert error_of(response)["retryable"] is True


def test_a_problem_carries_all_it_was_given():
    problem = Problem(
        status=402,
        type="card_error",
        code="card_declined",
        message="The card was declined.",
        param="payment_method",
        decline_code="do_not_honor",
        psp_code="05",
        retryable=True,
        payment="pay_1",
        errors=[{"param": "payment_method"}],
        headers={"Retry-After": "1"},
    )
    for response in (raising(problem), in_middleware(problem)):
        assert response.status_code == 402
        assert response["Retry-After"] == "1"
        assert response["Content-Type"] == "application/json"
        assert error_of(response) == {
            "type": "card_error",
            "code": "card_declined",
            "message": "The card was declined.",
            "param": "payment_method",
            "decline_code": "do_not_honor",
            "psp_code": "05",
            "retryable": True,
            "request_id": "req_1",
            "payment": "pay_1",
            "doc_url": "/docs#card_declined",
            "errors": [{"param": "payment_method"}],
        }


def in_middleware(problem: Problem) -> Any:
    request = HttpRequest()
    request.request_id = "req_1"  # type: ignore[attr-defined]
    return problem_response(problem, request)


def test_a_request_without_an_id_is_answered_all_the_same():
    problem = Problem(status=400, type="api_error", code="x", message="X.")

    assert error_of(problem_response(problem, HttpRequest()))["request_id"] is None


# ------------------------------------------------------------------------------------- strict shapes


class Item(StrictSerializer):
    name = TextField(max_length=5)


class Order(StrictSerializer):
    amount = AmountField()
    currency = CurrencyField()
    description = TextField(required=False, max_length=10)
    metadata = MetadataField(required=False)
    payment = IdField("pay", required=False)
    items = Item(many=True, required=False)
    state = serializers.CharField(read_only=True)


GOOD = {"amount": 1, "currency": "USD"}


def faults(body: dict[str, Any]) -> list[tuple[str | None, str]]:
    """[(param, code)] of what the body is refused for, in the reply."""
    order = Order(data=body)
    try:
        order.is_valid(raise_exception=True)
    except exceptions.ValidationError as invalid:
        error = error_of(raising(invalid))
        assert (error["param"], error["code"]) == (
            error["errors"][0]["param"],
            error["errors"][0]["code"],
        )
        return [(fault["param"], fault["code"]) for fault in error["errors"]]
    return []


def test_a_good_body_is_read_as_it_is():
    id_ = uuid7()
    order = Order(
        data=GOOD | {"payment": encode("pay", id_), "description": " a ", "metadata": {"k": ""}}
    )

    assert order.is_valid()
    assert order.validated_data == {
        "amount": 1,
        "currency": "USD",
        "payment": id_,
        "description": " a ",
        "metadata": {"k": ""},
    }


def test_a_typo_is_refused_with_what_was_probably_meant():
    order = Order(data={"ammount": 1, "currency": "USD"})

    assert not order.is_valid()
    assert order.errors["ammount"] == ["Unknown parameter: ammount. Did you mean amount?"]
    assert order.errors["ammount"][0].code == "unknown_parameter"


def test_all_faults_are_told_at_once():
    body = {
        "ammount": 1,
        "currency": "usd",
        "description": "much too long",
        "metadata": {"a": 1, "b": "x" * 501},
        "payment": "pay_1",
        "items": [{"name": "ok"}, {"name": "too long", "nmae": 1}],
    }

    assert sorted(faults(body), key=str) == sorted(
        [
            ("ammount", "unknown_parameter"),
            ("amount", "missing_parameter"),
            ("currency", "currency_in_lower_case"),
            ("description", "too_long"),
            ("metadata.a", "not_a_string"),
            ("metadata.b", "too_long"),
            ("payment", "invalid_id"),
            ("items.1.name", "too_long"),
            ("items.1.nmae", "unknown_parameter"),
        ],
        key=str,
    )


@pytest.mark.parametrize("name", ["state", "merchant_id", "amount_captured", "fee", ""])
def test_what_is_not_the_callers_to_say_is_refused(name):
    assert [code for _, code in faults({**GOOD, name: 1})] == ["unknown_parameter"]


def test_of_thousands_of_unknown_names_a_few_are_named():
    assert len(faults(GOOD | {f"x{i}": 1 for i in range(5_000)})) == StrictSerializer.LISTED


def test_a_long_unknown_name_is_not_repeated_in_full():
    assert faults(GOOD | {"y" * 10_000: 1}) == [("y" * 100, "unknown_parameter")]


@pytest.mark.parametrize(
    "amount, code",
    [
        (1.0, "amount_is_a_float"),
        (10.5, "amount_is_a_float"),
        ("1", "amount_is_a_string"),
        (True, "amount_is_a_boolean"),
        (False, "amount_is_a_boolean"),
        (0, "amount_is_zero"),
        (-1, "amount_is_negative"),
        (10**12 + 1, "amount_too_large"),
        (2**63, "amount_too_large"),
        (10**40, "amount_too_large"),
        ([1], "amount_is_not_an_integer"),
        ({}, "amount_is_not_an_integer"),
        (None, "invalid_null"),
    ],
)
def test_an_amount_is_an_integer_of_minor_units_and_nothing_else(amount, code):
    assert faults({"amount": amount, "currency": "USD"}) == [("amount", code)]


@pytest.mark.parametrize("amount", [1, 10**12])
def test_the_smallest_and_the_largest_amount_are_amounts(amount):
    assert faults({"amount": amount, "currency": "USD"}) == []


@pytest.mark.parametrize(
    "currency, code",
    [
        ("usd", "currency_in_lower_case"),
        ("XXX", "unknown_currency"),
        ("", "invalid_empty"),
        (840, "not_a_string"),
        ("USD\n", "control_characters"),
        (None, "invalid_null"),
    ],
)
def test_a_currency_is_an_upper_case_iso_code(currency, code):
    assert faults({"amount": 1, "currency": currency}) == [("currency", code)]


@pytest.mark.parametrize(
    "text, code",
    [
        (1, "not_a_string"),
        (1.5, "not_a_string"),
        (True, "not_a_string"),
        (["a"], "not_a_string"),
        ("a\tb", "control_characters"),
        ("\x7f", "control_characters"),
        ("a\x85", "control_characters"),
        ("", "invalid_empty"),
        ("   ", "invalid_empty"),
        ("elevenchars", "too_long"),
        (None, "invalid_null"),
    ],
)
def test_a_text_is_a_string_without_control_characters(text, code):
    assert (("description", code)) in faults(GOOD | {"description": text})


@pytest.mark.parametrize(
    "metadata, fault",
    [
        ([], ("metadata", "not_a_dict")),
        ("x", ("metadata", "not_a_dict")),
        ({"a": 1}, ("metadata.a", "not_a_string")),
        ({"a": None}, ("metadata.a", "invalid_null")),
        ({"a": {"b": "c"}}, ("metadata.a", "not_a_string")),
        ({"a": "x" * 501}, ("metadata.a", "too_long")),
        ({"x" * 41: "a"}, ("metadata", "metadata_key_length")),
        ({"": "a"}, ("metadata", "metadata_key_length")),
        ({str(i): "a" for i in range(51)}, ("metadata", "too_many_keys")),
    ],
)
def test_metadata_is_a_few_short_strings(metadata, fault):
    assert faults(GOOD | {"metadata": metadata}) == [fault]


def test_metadata_up_to_its_limits_is_taken():
    metadata = {f"{i:040}"[:40]: "x" * 500 for i in range(50)}

    assert faults(GOOD | {"metadata": metadata}) == []


@pytest.mark.parametrize("id_", ["pay_1", "re_" + "0" * 26, "0" * 26, "", 1])
def test_an_id_of_another_kind_is_refused(id_):
    [(param, _)] = faults(GOOD | {"payment": id_})
    assert param == "payment"


@pytest.mark.parametrize("body", [[], "x", 1])
def test_a_body_that_is_no_object_is_refused(body):
    assert faults(body) == [(None, "invalid_value")]
