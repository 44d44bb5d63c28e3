"""Braintree's validation errors: a code for the program, a message for people. Sent with 422."""

from __future__ import annotations


class Invalid(Exception):
    """The request is refused, and nothing was done. `on` is the object that the error is about."""

    def __init__(
        self, code: str, message: str, attribute: str = "base", *, on: str = "transaction"
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.attribute = attribute
        self.on = on


class NotFound(Exception):
    """There is no transaction, dispute or document of that id."""


def key_reused() -> Invalid:
    return Invalid(
        "915232", "API request key can be reused only with the same request.", "api_request_key"
    )


def key_in_flight() -> Invalid:
    return Invalid("915233", "A request with this API request key is in flight.", "api_request_key")


def key_failed() -> Invalid:
    return Invalid("915234", "The request with this API request key has failed.", "api_request_key")
