"""What Stripe tells by webhook: events, each a snapshot of one object, signed as they leave.

Told are those to which a platform's endpoint there would be subscribed, and charge.captured and
charge.refunded, which say nothing that is not said elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from simulators.stripe.payment_intent import PaymentIntent, charge_shown, shown
from simulators.webhooks import Webhooks

API_VERSION = "2026-10-28.endive"
SECRET = "whsec_paygate_test"  # noqa: S105 - as public as everything here.

Show = Callable[[], dict[str, Any]]


class Events:
    """Builds an event when something happened; nothing is built while nobody listens."""

    def __init__(self, webhooks: Webhooks, new_id: Callable[[], str]) -> None:
        self._webhooks = webhooks
        self._new_id = new_id

    def intent(self, kind: str, intent: PaymentIntent, *, key: str = "") -> None:
        """`kind` without its "payment_intent."; `key` is that of the request that caused it."""
        if self._webhooks.url:
            self._tell(f"payment_intent.{kind}", shown(intent), intent.livemode, key, None)

    def charge(self, kind: str, intent: PaymentIntent, *, key: str = "", **before: Any) -> None:
        """The intent's charge; `before` is what it said until now."""
        if self._webhooks.url:
            self._tell(f"charge.{kind}", charge_shown(intent), intent.livemode, key, before)

    def tell(
        self, kind: str, intent: PaymentIntent, show: Show, *, key: str = "", **before: Any
    ) -> None:
        """Of anything else that belongs to the intent."""
        if self._webhooks.url:
            self._tell(kind, show(), intent.livemode, key, before)

    def of_account(
        self, kind: str, show: Show, *, live: bool, account: str = "", key: str = "", **before: Any
    ) -> None:
        """Of something that belongs to no intent: our account's, or the connected `account`'s."""
        if self._webhooks.url:
            self._tell(kind, show(), live, key, before, account)

    def _tell(
        self,
        kind: str,
        object_: dict[str, Any],
        live: bool,
        key: str,
        before: dict[str, Any] | None,
        account: str = "",
    ) -> None:
        data: dict[str, Any] = {"object": object_}
        if before:
            data["previous_attributes"] = before
        event = {
            "id": f"evt_{self._new_id()}",
            "object": "event",
            "api_version": API_VERSION,
            "created": int(time.time()),  # Real time, as all that is told (simulators/webhooks.py).
            "data": data,
            "livemode": live,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": key or None},
            "type": kind,
            **({"account": account} if account else {}),
        }
        # At once, because the object goes on living; and once, because retries are of the same bytes.
        self._webhooks.tell(json.dumps(event).encode())


def enveloped(body: bytes, *, at: float, secret: str) -> tuple[dict[str, str], bytes]:
    """The headers and body of one delivery. Source: docs.stripe.com/webhooks#verify-manually."""
    stamp = int(at)
    signed = hmac.new((secret or SECRET).encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": f"t={stamp},v1={signed.hexdigest()}",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
    return headers, body
