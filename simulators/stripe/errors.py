"""Stripe's error object: who is to blame is in the type, what to do is in the code."""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """`status` and `error` are what is sent, as {"error": …}."""

    def __init__(self, status: int, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {
            "type": kind,
            "message": message,
            **{name: value for name, value in more.items() if value is not None},
        }
        if code := more.get("code"):
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"


class InvalidRequest(StripeError):
    """400: the request itself is wrong, or comes in the wrong state."""

    def __init__(self, message: str, *, status: int = 400, **more: Any) -> None:
        super().__init__(status, "invalid_request_error", message, **more)


class CardError(StripeError):
    """402: the issuer said no. A PaymentIntent exists all the same, and is part of the error."""

    def __init__(self, message: str, **more: Any) -> None:
        super().__init__(402, "card_error", message, **more)


def missing(param: str) -> InvalidRequest:
    return InvalidRequest(
        f"Missing required param: {param}.", code="parameter_missing", param=param
    )


def no_such(what: str, id_: str, *, param: str, status: int = 404) -> InvalidRequest:
    return InvalidRequest(
        f"No such {what}: '{id_}'", status=status, code="resource_missing", param=param
    )
