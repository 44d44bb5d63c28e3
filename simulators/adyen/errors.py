"""Adyen's transport errors. A refusal by the issuer is none of them: it comes with HTTP 200."""

from __future__ import annotations

from typing import Any


class AdyenError(Exception):
    """`transient` marks what may be sent again under the same key."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        kind: str = "validation",
        transient: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.transient = transient
        self.body: dict[str, Any] = {
            "status": status,
            "errorCode": code,
            "message": message,
            "errorType": kind,
        }


def unprocessable(code: str, message: str) -> AdyenError:
    return AdyenError(422, code, message)


def required(field: str) -> AdyenError:
    match field:
        case "merchantAccount":
            return AdyenError(403, "901", "Invalid Merchant Account", kind="security")
        case "returnUrl":
            return unprocessable("14_030", "Return URL is missing.")
        case "amount":
            return unprocessable("100", "No amount specified")
        case "reference":
            return unprocessable("130", "Required field 'reference' is not provided.")
    return unprocessable("158", f"Required field '{field}' is not provided.")


def interrupted() -> AdyenError:
    """The connection to the issuer broke while it was asked."""
    return AdyenError(500, "905_4", "IO exception received from the acquirer", kind="internal")


def unavailable() -> AdyenError:
    return AdyenError(503, "703", "Required resource unavailable", kind="internal", transient=True)
