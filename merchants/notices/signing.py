"""Secrets of endpoints, and the signatures made with them: Standard Webhooks, by its reference library.

A secret is shown when it is made and never again; at rest it is sealed. While it is rolled, both the new one and
the one before it sign, so that an endpoint can change over at its leisure.
"""

from __future__ import annotations

import base64
import secrets
from datetime import datetime
from uuid import UUID

from standardwebhooks import Webhook

from kernel.sealed import seal, unseal
from merchants.notices.models import WebhookEndpoint

SECRET_BYTES = 32
PREFIX = "whsec_"
_TABLE = "webhook_endpoint"


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def as_text(secret: bytes) -> str:
    """As its owner and the libraries write it: whsec_…"""
    return PREFIX + base64.b64encode(secret).decode()


def sealed(secret: bytes, endpoint_id: UUID) -> bytes:
    """The secret as it may lie in the endpoint's row."""
    return seal(secret, table=_TABLE, row=endpoint_id)


def unsealed(kept: bytes | memoryview, endpoint_id: UUID) -> bytes:
    """Raises UnableToUnseal."""
    return unseal(kept, table=_TABLE, row=endpoint_id)


def secrets_of(endpoint: WebhookEndpoint, *, at: datetime) -> list[bytes]:
    """The secrets that sign at that moment, the newest first; none of a deleted endpoint."""
    kept = [endpoint.secret]
    if endpoint.previous_secret_until is not None and at < endpoint.previous_secret_until:
        kept.append(endpoint.previous_secret)
    return [unsealed(one, endpoint.id) for one in kept if one is not None]


def signed_headers(event: str, body: str, signing: list[bytes], *, at: datetime) -> dict[str, str]:
    """The headers by which an endpoint knows that it was us, and when; `at` is in UTC."""
    signatures = (Webhook(secret).sign(event, at, body) for secret in signing)
    return {
        "webhook-id": event,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
