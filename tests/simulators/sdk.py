"""A merchant who pays through the three official SDKs, unmodified: only the address is ours.

What the tests share is one question put to each PSP in its own words: hold an amount for a payment,
under this key. It answers with the PSP's id of the hold and the amount in the reply.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import Adyen
import stripe

from simulators.run import Simulator

with warnings.catch_warnings():  # Its modules use what they themselves deprecate.
    warnings.simplefilter("ignore", DeprecationWarning)
    import braintree

__all__ = [
    "MERCHANTS",
    "AdyenMerchant",
    "BraintreeMerchant",
    "Held",
    "Merchant",
    "StripeMerchant",
    "braintree",
]

PATIENCE = 20.0  # Seconds; a test that is about impatience says so.


@dataclass(frozen=True)
class Held:
    """A hold as the reply tells of it; the amount is in ISO 4217 minor units of dollars."""

    reference: str
    amount: int


class Merchant(ABC):
    """One PSP's client, and how to say "hold this" to it."""

    visa: str  # A card that always works.
    silent: str  # A card that is charged, and whose first reply never comes.

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    @abstractmethod
    def hold(self, payment: str, *, key: str, amount: int = 10_00, card: str = "") -> Held:
        """On a card that always works, or on `card`. Raises what the SDK raises."""

    @abstractmethod
    def find(self, held: Held) -> None:
        """Look it up; raises what the SDK raises. Adyen has no look-up and is not asked."""

    @abstractmethod
    def close(self) -> None:
        """End the connections that the SDK keeps."""

    def booked(self, payment: str) -> list[tuple[str, int]]:
        """What really happened to it."""
        entries = self.simulator.books()["entries"]
        return [(e["kind"], e["amount"]) for e in entries if e["payment"] == payment]


class StripeMerchant(Merchant):
    visa, silent = "pm_card_visa", "pm_card_timeout"

    def __init__(self, simulator: Simulator, *, patience: float = PATIENCE) -> None:
        super().__init__(simulator)
        kinds = ("api", "files", "connect", "meter_events")
        self.http = stripe.RequestsClient(timeout=patience)
        self.sdk = stripe.StripeClient(
            "sk_test_merchant",
            base_addresses=dict.fromkeys(kinds, simulator.url),  # type: ignore[arg-type]
            http_client=self.http,
        )
        self.intents = self.sdk.v1.payment_intents

    def create(self, *, key: str = "", **changes: Any) -> stripe.PaymentIntent:
        """A confirmed PaymentIntent over 10 dollars on a Visa, held, changed as the test says."""
        params = {
            "amount": 10_00,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "capture_method": "manual",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            **changes,
        }
        chosen = {name: value for name, value in params.items() if value is not None}
        options: Any = {"idempotency_key": key} if key else {}
        return self.intents.create(chosen, options)  # type: ignore[arg-type]

    def hold(self, payment: str, *, key: str, amount: int = 10_00, card: str = "") -> Held:
        made = self.create(
            key=key,
            amount=amount,
            payment_method=card or self.visa,
            metadata={"payment": payment},
        )
        return Held(made.id, made.amount)

    def find(self, held: Held) -> None:
        self.intents.retrieve(held.reference)

    def close(self) -> None:
        self.http.close()  # type: ignore[no-untyped-call]


class AdyenMerchant(Merchant):
    visa, silent = "visa_ok", "timeout"

    def __init__(self, simulator: Simulator, *, patience: float = PATIENCE) -> None:
        super().__init__(simulator)
        self.sdk = Adyen.Adyen(xapikey="AQE_merchant", platform="test")
        self.sdk.client.http_timeout = patience
        base = simulator.url
        self.sdk.client._determine_api_url = lambda platform, url: base + urlsplit(url).path
        self.payments = self.sdk.checkout.payments_api
        self.modifications = self.sdk.checkout.modifications_api

    def pay(self, *, key: str = "", **changes: Any) -> Any:
        """A payment of 10 dollars on a stored Visa, captured by hand, changed as the test says."""
        body = {
            "merchantAccount": "PaygateECOM",
            "amount": {"value": 10_00, "currency": "USD"},
            "reference": "pay_1",
            "returnUrl": "http://shop.example/back?order=1",
            "paymentMethod": {"type": "scheme", "storedPaymentMethodId": "visa_ok"},
            "shopperReference": "user-1",
            "shopperInteraction": "ContAuth",
            "recurringProcessingModel": "CardOnFile",
            "additionalData": {"manualCapture": "true"},
            **changes,
        }
        chosen = {name: value for name, value in body.items() if value is not None}
        return self.payments.payments(chosen, idempotency_key=key or None).message

    def hold(self, payment: str, *, key: str, amount: int = 10_00, card: str = "") -> Held:
        said = self.pay(
            key=key,
            reference=payment,
            amount={"value": amount, "currency": "USD"},
            paymentMethod={"type": "scheme", "storedPaymentMethodId": card or self.visa},
        )
        return Held(said["pspReference"], said["amount"]["value"])

    def find(self, held: Held) -> None:
        raise AssertionError("Adyen has no look-up")

    def close(self) -> None:
        """There are none: the SDK makes a new connection for each call."""


class BraintreeMerchant(Merchant):
    visa, silent = "visa_ok", "timeout"

    def __init__(self, simulator: Simulator, *, patience: float = PATIENCE) -> None:
        super().__init__(simulator)
        address = urlsplit(simulator.url)
        environment = braintree.Environment(
            "simulated", address.hostname, str(address.port), "http://auth", False, None
        )
        self.sdk = braintree.BraintreeGateway(
            braintree.Configuration(
                environment,
                merchant_id="paygate",
                public_key="bt_public",
                private_key="bt_private",
                timeout=patience,
                wrap_http_exceptions=True,
            )
        )
        self.transactions = self.sdk.transaction

    def sale(self, *, key: str = "", **changes: Any) -> Any:
        """A sale of 10 dollars on a Visa from the vault, only held, changed as the test says."""
        params = {
            "amount": "10.00",
            "payment_method_token": "visa_ok",
            "order_id": "pay_1",
            "merchant_account_id": "paygate_usd",
            **({"api_request_key": key} if key else {}),
            **changes,
        }
        return self.transactions.sale({k: v for k, v in params.items() if v is not None})

    def hold(self, payment: str, *, key: str, amount: int = 10_00, card: str = "") -> Held:
        text = f"{amount // 100}.{amount % 100:02}"
        result = self.sale(
            key=key, order_id=payment, amount=text, payment_method_token=card or self.visa
        )
        assert result.is_success, result.message
        return Held(result.transaction.id, int(result.transaction.amount * 100))

    def find(self, held: Held) -> None:
        self.transactions.find(held.reference)

    def close(self) -> None:
        self.sdk.config.close()


MERCHANTS: dict[str, Callable[..., Merchant]] = {
    "stripe": StripeMerchant,
    "adyen": AdyenMerchant,
    "braintree": BraintreeMerchant,
}
