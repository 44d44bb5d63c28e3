"""A key of each kind, and a client that presents it; no PSP is needed here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from merchants.keys import make
from merchants.models import ApiKey
from merchants.onboard import Onboarded

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class As:
    """A client that presents one key: As(secret).get("account")."""

    def __init__(self, secret: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {secret}"}

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/v1/{path}", query, headers=self.headers)

    def post(self, path: str, body: Any) -> Any:
        return self.client.post(
            f"/v1/{path}", body, content_type="application/json", headers=self.headers
        )

    def delete(self, path: str) -> Any:
        return self.client.delete(f"/v1/{path}", headers=self.headers)


@pytest.fixture
def us(merchant: Onboarded) -> As:
    return As(merchant.secret_key)


@pytest.fixture
def them(another_merchant: Onboarded) -> As:
    return As(another_merchant.secret_key)


@pytest.fixture
def live(merchant: Onboarded) -> As:
    return As(make(merchant.merchant.id, livemode=True, at=NOON).secret)


@pytest.fixture
def restricted_to(merchant: Onboarded) -> Callable[..., As]:
    """restricted_to("account:read"): our client, with a key of these scopes."""

    def build(*scopes: str) -> As:
        made = make(
            merchant.merchant.id,
            livemode=False,
            at=NOON,
            kind=ApiKey.Kind.RESTRICTED,
            scopes=scopes,
        )
        return As(made.secret)

    return build
