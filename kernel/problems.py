"""How a request is refused: one error object for everything, and strict fields that find every fault at once."""

from __future__ import annotations

import difflib
import logging
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, TypeAlias
from uuid import UUID

import orjson
from django.core import exceptions as django
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.currencies import EXPONENTS
from kernel.ids import InvalidId, decode

log = logging.getLogger(__name__)

Type: TypeAlias = Literal[
    "invalid_request_error",
    "authentication_error",
    "permission_error",
    "idempotency_error",
    "card_error",
    "rate_limit_error",
    "conflict_error",
    "api_error",
]

# ---------------------------------------------------------------------------------- the error object


class Problem(exceptions.APIException):
    """An error as the merchant sees it. Raise it anywhere below a view or a middleware of the API.

    `status` is HTTP's, `code` is for programs, `message` for people; `param` is the dotted name of the
    field at fault. `payment` is the id of the payment it speaks of, or the whole object. `retryable`
    promises that the very same request may succeed later.
    """

    def __init__(
        self,
        *,
        status: int,
        type: Type,
        code: str,
        message: str,
        param: str | None = None,
        decline_code: str | None = None,
        psp_code: str | None = None,
        retryable: bool = False,
        payment: Any = None,
        errors: list[dict[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail=message, code=code)
        self.status_code = status
        self.headers = dict(headers or {})
        self.error = {
            "type": type,
            "code": code,
            "message": message,
            "param": param,
            "decline_code": decline_code,
            "psp_code": psp_code,
            "retryable": retryable,
            "request_id": None,
            "payment": payment,
            "doc_url": f"/docs#{code}",
            "errors": errors or [],
        }

    def body(self, request: Request | HttpRequest | None) -> dict[str, Any]:
        """The reply's body; `request` lends its id, where it has one."""
        return {"error": self.error | {"request_id": getattr(request, "request_id", None)}}


def no_such(what: str, *, param: str | None = None) -> Problem:
    """There is no such object, or none that the asker may see: of the path (404), or named by `param` (400)."""
    return Problem(
        status=400 if param else 404,
        type="invalid_request_error",
        code="resource_missing",
        message=f"No such {what}.",
        param=param or "id",
    )


def bad(param: str | None, code: str, message: str) -> Problem:
    """A request that cannot be understood or carried out as it is, for what `param` says."""
    return Problem(
        status=400, type="invalid_request_error", code=code, message=message, param=param
    )


def problem_response(problem: Problem, request: HttpRequest) -> HttpResponse:
    """The reply of a middleware, where no view of DRF is there to make one."""
    return HttpResponse(
        orjson.dumps(problem.body(request)),
        status=problem.status_code,
        headers=problem.headers,
        content_type="application/json",
    )


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's EXCEPTION_HANDLER: whatever was raised leaves as the error object."""
    request = context.get("request")
    problem = _problem(error)
    if problem.status_code >= 500 and not isinstance(error, Problem):
        log.error(
            "api.unexpected",
            exc_info=error,
            extra={"request_id": getattr(request, "request_id", None)},
        )
    return Response(problem.body(request), status=problem.status_code, headers=problem.headers)


def _problem(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case exceptions.ValidationError():
            return _invalid(error)
        case django.ValidationError():
            return _invalid(exceptions.ValidationError(serializers.as_serializer_error(error)))
        case exceptions.NotAuthenticated():
            message = "Give your API key: Authorization: Bearer sk_test_…"
            return _refusal(401, "authentication_error", "api_key_required", message, error)
        case exceptions.AuthenticationFailed():
            code = str(error.get_codes())
            return _refusal(401, "authentication_error", code, str(error.detail), error)
        case exceptions.PermissionDenied() | django.PermissionDenied():
            message = "This API key may not do this."
            return _refusal(403, "permission_error", "permission_denied", message)
        case exceptions.NotFound() | Http404() | django.ObjectDoesNotExist():
            return _refusal(404, "invalid_request_error", "resource_missing", "No such object.")
        case exceptions.MethodNotAllowed():
            message = f"{error.detail}"
            return _refusal(405, "invalid_request_error", "method_not_allowed", message)
        case exceptions.UnsupportedMediaType():
            message = (
                "Send JSON, with Content-Type: application/json; files, where any are taken, as "
                "multipart/form-data."
            )
            return _refusal(415, "invalid_request_error", "unsupported_media_type", message)
        case django.RequestDataTooBig():
            message = "The request is too large."
            return _refusal(413, "invalid_request_error", "request_too_large", message)
        case exceptions.ParseError() | django.SuspiciousOperation() | django.BadRequest():
            message = "The request could not be read."
            return _refusal(400, "invalid_request_error", "invalid_request", message)
        case exceptions.Throttled():
            pause = str(max(1, math.ceil(getattr(error, "wait", None) or 1)))
            problem = _refusal(
                429, "rate_limit_error", "rate_limited", "Too many requests; wait a little."
            )
            problem.error["retryable"] = True
            problem.headers["Retry-After"] = pause
            return problem
        case exceptions.APIException() if error.status_code < 500:
            return _refusal(
                error.status_code, "invalid_request_error", error.default_code, str(error.detail)
            )
        case _:
            # Not a word of what happened: an exception's text may hold anything.
            return _refusal(500, "api_error", "internal_error", "An error on our side.")


def _refusal(
    status: int, type: Type, code: str, message: str, error: Exception | None = None
) -> Problem:
    header = getattr(error, "auth_header", None)
    headers = {"WWW-Authenticate": header} if header else {}
    return Problem(status=status, type=type, code=code, message=message, headers=headers)


CODES = {  # What DRF calls it, and what we do.
    "required": "missing_parameter",
    "null": "invalid_null",
    "blank": "invalid_empty",
    "invalid": "invalid_value",
    "max_length": "too_long",
    "min_length": "too_short",
}


def _invalid(error: exceptions.ValidationError) -> Problem:
    """All the faults at once; the first one speaks for them in `code`, `message` and `param`."""
    faults = [
        {"param": param, "code": CODES.get(detail.code or "", detail.code), "message": str(detail)}
        for param, detail in _faults(error.detail)
    ]
    first: dict[str, Any] = faults[0]
    return Problem(status=400, type="invalid_request_error", errors=faults, **first)


def _faults(
    detail: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[str | None, exceptions.ErrorDetail]]:
    match detail:
        case exceptions.ErrorDetail():
            yield ".".join(path) or None, detail
        case dict():
            for name, inner in detail.items():
                own = name == "non_field_errors"
                yield from _faults(inner, path if own else (*path, str(name)[:100]))
        case list():
            for place, inner in enumerate(detail):
                deeper = not isinstance(inner, exceptions.ErrorDetail)
                yield from _faults(inner, (*path, str(place)) if deeper else path)


# ------------------------------------------------------------------------------------- strict shapes


class StrictSerializer(serializers.Serializer[Any]):
    """A body in which every field is known. One that is not is a fault: a typo never moves money."""

    LISTED = 20  # Unknown names that are named; a body may hold thousands.

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """The validated body of the request. Raises ValidationError with all the faults."""
        return dict(_reader(cls).run_validation(request.data))

    def to_internal_value(self, data: Any) -> Any:
        faults: dict[str, Any] = {}
        if isinstance(data, Mapping):
            known = [str(field.field_name) for field in self._writable_fields]
            unknown = [name for name in data if name not in known]
            faults = {name: [_unknown(name, known)] for name in unknown[: self.LISTED]}
        try:
            value = super().to_internal_value(data)
        except exceptions.ValidationError as error:
            if not isinstance(error.detail, dict):
                raise
            faults |= error.detail
        if faults:
            raise exceptions.ValidationError(faults)
        return value


@cache
def _reader(shape: type[StrictSerializer]) -> StrictSerializer:
    """One for all requests and threads: it keeps nothing of a body, and copying its fields takes longest."""
    return shape()


def _unknown(name: str, known: list[str]) -> exceptions.ErrorDetail:
    message = f"Unknown parameter: {name[:40]}."
    close = difflib.get_close_matches(name[:40], known, n=1)
    if close:
        message += f" Did you mean {close[0]}?"
    return exceptions.ErrorDetail(message, code="unknown_parameter")


class ChoiceField(serializers.ChoiceField):
    """One of a few words; whoever sends another one is told which."""

    def __init__(self, choices: Any, **kwargs: Any) -> None:
        super().__init__(choices, **kwargs)
        words = ", ".join(str(word) for word in self.choices)
        self.error_messages["invalid_choice"] = f"One of {words} is wanted here."


class AmountField(serializers.IntegerField):
    """Minor units: a JSON integer from 1 to 10^12, and nothing that merely looks like one."""

    LARGEST = 10**12

    default_error_messages = {
        "amount_is_a_float": "An amount is an integer in minor units, not a number with a fraction.",
        "amount_is_a_string": "An amount is a JSON integer, not a string.",
        "amount_is_a_boolean": "An amount is a JSON integer, not true or false.",
        "amount_is_not_an_integer": "An amount is a JSON integer.",
        "amount_is_zero": "An amount is at least 1.",
        "amount_is_negative": "An amount is at least 1.",
        "amount_too_large": f"An amount is at most {LARGEST}.",
    }
    KINDS = {float: "amount_is_a_float", str: "amount_is_a_string", bool: "amount_is_a_boolean"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=self.LARGEST, **kwargs)
        self.validators = []  # The bounds above are for the document; each has its own code here.

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail(self.KINDS.get(type(data), "amount_is_not_an_integer"))
        if data <= 0:
            self.fail("amount_is_negative" if data else "amount_is_zero")
        if data > self.LARGEST:
            self.fail("amount_too_large")
        return data


class TextField(serializers.CharField):
    """A JSON string, kept to the letter, without control characters."""

    CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

    default_error_messages = {
        "not_a_string": "A JSON string is wanted here.",
        "control_characters": "Control characters are not allowed here.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str) and not data.strip() and not self.allow_blank:
            self.fail("blank")
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("not_a_string")
        if self.CONTROL.search(data):
            self.fail("control_characters")
        return data


class CurrencyField(TextField):
    """An ISO 4217 code in upper case."""

    default_error_messages = {
        "unknown_currency": "Not the upper-case code of an ISO 4217 currency.",
        "currency_in_lower_case": "Currency codes are upper case: {code}.",
    }

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text not in EXPONENTS:
            if text.upper() in EXPONENTS:
                self.fail("currency_in_lower_case", code=text.upper())
            self.fail("unknown_currency")
        return text


class IdField(TextField):
    """One of our ids, as its UUID: IdField("pay") reads "pay_01k9…"."""

    default_error_messages = {"invalid_id": "Not an id like {prefix}_…"}

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.prefix = prefix

    def to_internal_value(self, data: Any) -> UUID:  # type: ignore[override]
        try:
            return decode(self.prefix, super().to_internal_value(data))
        except InvalidId:
            self.fail("invalid_id", prefix=self.prefix)


class MetadataField(serializers.DictField):
    """The merchant's own labels: at most 50 keys of 40 characters, values of 500, strings only."""

    KEYS, KEY_LENGTH, VALUE_LENGTH = 50, 40, 500

    default_error_messages = {
        "not_a_dict": "Metadata is a JSON object.",
        "too_many_keys": f"Metadata holds at most {KEYS} keys.",
        "metadata_key_length": f"A key of metadata has 1 to {KEY_LENGTH} characters.",
    }

    def __init__(self, **kwargs: Any) -> None:
        value = _MetadataValue(max_length=self.VALUE_LENGTH, allow_blank=True)
        super().__init__(child=value, **kwargs)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if isinstance(data, dict) and len(data) > self.KEYS:
            self.fail("too_many_keys")
        if isinstance(data, dict) and not all(0 < len(key) <= self.KEY_LENGTH for key in data):
            self.fail("metadata_key_length")
        labels: dict[str, str] = super().to_internal_value(data)
        return labels


class _MetadataValue(TextField):
    CONTROL = re.compile(r"\x00")  # A label may well have two lines.

    default_error_messages = {"not_a_string": "Values of metadata are strings."}
