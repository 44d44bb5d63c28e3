"""What a body may be, seen from outside: through a view, as a client sends it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from kernel.http import DEEPEST, LARGEST_BODY, read_json


class Echo(APIView):
    """Answers what it read."""

    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Any) -> Response:
        return Response(request.data)

    def get(self, request: Any) -> Response:
        return Response({"at": "home"})


def post(body: bytes | str, content_type: str = "application/json", **headers: str) -> Any:
    raw = body.encode() if isinstance(body, str) else body
    request = APIRequestFactory().post("/", raw, content_type=content_type, headers=headers)
    return Echo.as_view()(request).render()


def refused(body: bytes | str, status: int = 400, code: str = "invalid_json") -> str:
    response = post(body)
    error = json.loads(response.content)["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert error["type"] == "invalid_request_error"
    return str(error["message"])


SCALARS = st.none() | st.booleans() | st.integers(-(10**11), 10**11) | st.text("abc äß€😀")
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text("abcé"), inner), max_leaves=9
)


@given(st.dictionaries(st.text("abcé"), VALUES))
def test_what_is_sent_is_what_is_read(value):
    assert read_json(json.dumps(value).encode()) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value


def test_a_body_goes_in_and_comes_out():
    response = post('{"amount": 1000, "name": "Zoë"}', "application/json; charset=utf-8")

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert json.loads(response.content) == {"amount": 1000, "name": "Zoë"}


def test_a_name_given_twice_is_refused_at_any_depth():
    assert "twice" in refused('{"amount": 1, "amount": 1000000}')
    assert "twice" in refused('{"metadata": {"a": "1", "a": "2"}}')
    assert "twice" in refused('{"a": 1, "\\u0061": 2}')


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_is_not_a_number_is_refused(constant):
    assert constant in refused(f'{{"amount": {constant}}}')


def test_a_number_that_only_infinity_could_hold_is_refused():
    assert "too large" in refused('{"amount": 1e400}')


def test_an_integer_of_thousands_of_digits_is_refused():
    assert "too long" in refused('{"amount": ' + "9" * 5_000 + "}")


def test_an_integer_above_64_bits_stays_an_integer():
    assert read_json(b'{"amount": 99999999999999999999}') == {"amount": 99999999999999999999}


@pytest.mark.parametrize("raw", [b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', b"\xff\xfe{\x00}\x00"])
def test_what_is_not_utf_8_is_refused(raw):
    assert "UTF-8" in refused(raw)


@pytest.mark.parametrize("body", ['{"a": "\\ud800"}', '{"\\udfff": 1}', '{"a": ["\\ud83dx"]}'])
def test_half_a_surrogate_pair_is_refused(body):
    assert "surrogate" in refused(body)


def test_a_whole_surrogate_pair_is_a_character():
    assert read_json(b'{"a": "\\ud83d\\ude00"}') == {"a": "😀"}


@pytest.mark.parametrize(
    "body", ['{"a": "x\\u0000y"}', '{"a\\u0000": 1}', '{"a": [{"b": "\\u0000"}]}']
)
def test_a_nul_character_which_no_row_could_hold_is_refused(body):
    assert "NUL" in refused(body)


def test_a_body_may_be_nested_so_deep_and_no_deeper():
    def nested(depth: int) -> str:
        return '{"a":' * depth + "1" + "}" * depth

    assert post(nested(DEEPEST)).status_code == 200
    assert "deep" in refused(nested(DEEPEST + 1))
    assert "deep" in refused('{"a":' + "[" * 30_000 + "]" * 30_000 + "}")


def test_a_body_may_be_so_large_and_no_larger():
    def sized(size: int) -> str:
        return '{"a": "' + "x" * (size - 9) + '"}'

    assert post(sized(LARGEST_BODY)).status_code == 200
    refused(sized(LARGEST_BODY + 1), 413, "request_too_large")


@pytest.mark.parametrize("body", ["[]", '"text"', "1", "null", "[{}]"])
def test_a_body_is_an_object(body):
    assert "object" in refused(body)


@pytest.mark.parametrize("body", ["{", '{"a": 1,}', "{'a': 1}", "a=1", " ", "{} {}", "\ufeff{}"])
def test_what_is_not_json_is_refused_and_said_where(body):
    assert "line 1, column" in refused(body)


def test_what_is_not_json_is_not_repeated():
    assert "secret" not in refused('{"a": secret}')


def test_a_post_without_a_body_is_an_empty_object():
    assert json.loads(post(b"").content) == {}


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"],
)
def test_other_content_types_are_refused_in_json(content_type):
    response = post("amount=1000", content_type)

    assert response.status_code == 415
    assert json.loads(response.content)["error"]["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "*/*", "nonsense", "image/png;q=1"]
)
def test_the_answer_is_json_whatever_is_accepted(accept):
    response = Echo.as_view()(APIRequestFactory().get("/", headers={"Accept": accept})).render()

    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(
    "body, param",
    [
        ('{"description": "4242 4242 4242 4242"}', "description"),
        ('{"metadata": {"card": "4242424242424242"}}', "metadata"),
        ('{"metadata": {"4242424242424242": "x"}}', "metadata"),
        ('{"user_id": 4242424242424242}', "user_id"),
        ('{"user_id": 4242424242424242.0}', "user_id"),
        ('{"user_id": "\\u0034242424242424242"}', "user_id"),
        ('{"4242424242424242": 1}', None),
    ],
)
def test_a_card_number_in_a_body_is_refused_and_not_repeated(body, param):
    response = post(body)
    error = json.loads(response.content)["error"]

    assert (response.status_code, error["code"]) == (400, "card_number_not_allowed")
    assert error["param"] == param
    assert b"4242" not in response.content
