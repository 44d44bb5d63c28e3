"""A PaymentIntent and its charge: what is held, what is taken, and how Stripe shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulators.stripe.cards import Card

HOLD_SECONDS = 7 * 24 * 3600  # How long an authorization lasts: `capture_before`.

CANCELABLE = frozenset(
    ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")
)
CONFIRMABLE = frozenset(("requires_payment_method", "requires_confirmation", "requires_action"))


@dataclass(slots=True)
class Charge:
    """One attempt on the card: succeeded or failed."""

    id: str
    created: int
    card: Card
    authenticated: bool
    error: dict[str, Any] | None = None


@dataclass(slots=True)
class PaymentIntent:
    """Amounts are in Stripe's minor units. `received` was taken; `capturable` is still held."""

    id: str
    client_secret: str
    created: int
    amount: int
    currency: str
    capture_method: str
    metadata: dict[str, str]
    livemode: bool
    shown: dict[str, Any]  # What was asked for and is only shown again.
    multicapture: bool = False
    return_url: str = ""
    card: Card | None = None
    status: str = "requires_payment_method"
    capturable: int = 0
    received: int = 0
    charge: Charge | None = None
    page: str = ""  # Where the customer authenticates, while that is required.
    canceled_at: int | None = None
    cancellation_reason: str | None = None
    error: dict[str, Any] | None = None
    attempt: str = ""  # The key of the request that confirmed it last.
    refunded: int = 0  # Of what was received; also what is on its way back.
    disputed: bool = False
    held_by_dispute: bool = False  # A chargeback stands between it and a refund.

    @property
    def capture_before(self) -> int:
        assert self.charge is not None
        return self.charge.created + HOLD_SECONDS


def shown(intent: PaymentIntent, expand: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The object as the API returns it."""
    whole = any(name.startswith("latest_charge") for name in expand)
    charge = intent.charge
    return {
        "id": intent.id,
        "object": "payment_intent",
        "allowed_payment_method_types": None,
        "amount": intent.amount,
        "amount_capturable": intent.capturable,
        "amount_details": {"tip": {}},
        "amount_received": intent.received,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": intent.shown["automatic_payment_methods"],
        "canceled_at": intent.canceled_at,
        "cancellation_reason": intent.cancellation_reason,
        "capture_method": intent.capture_method,
        "client_secret": intent.client_secret,
        "confirmation_method": intent.shown["confirmation_method"],
        "created": intent.created,
        "currency": intent.currency,
        "customer": intent.shown["customer"],
        "customer_account": None,
        "description": intent.shown["description"],
        "excluded_payment_method_types": None,
        "last_payment_error": intent.error,
        "latest_charge": None if charge is None else charge_shown(intent) if whole else charge.id,
        "livemode": intent.livemode,
        "metadata": intent.metadata,
        "next_action": _next_action(intent),
        "on_behalf_of": None,
        "payment_method": _payment_method(intent, "payment_method" in expand),
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_multicapture": "if_available" if intent.multicapture else None,
                "request_three_d_secure": intent.shown["request_three_d_secure"],
            }
        },
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": intent.shown["receipt_email"],
        "review": None,
        "setup_future_usage": intent.shown["setup_future_usage"],
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": intent.shown["statement_descriptor_suffix"],
        "status": intent.status,
        "transfer_data": None,
        "transfer_group": intent.shown["transfer_group"],
    }


def _next_action(intent: PaymentIntent) -> dict[str, Any] | None:
    if intent.status != "requires_action":
        return None
    if intent.return_url:
        redirect = {"url": intent.page, "return_url": intent.return_url}
        return {"type": "redirect_to_url", "redirect_to_url": redirect}
    # Without an address to come back to, only Stripe's own JavaScript can go there.
    script = {"type": "three_d_secure_redirect", "stripe_js": intent.page}
    return {"type": "use_stripe_sdk", "use_stripe_sdk": script}


def _payment_method(intent: PaymentIntent, whole: bool) -> str | dict[str, Any] | None:
    card = intent.card
    if card is None or intent.status == "requires_payment_method":
        return None
    return payment_method_shown(card, intent) if whole else _pm_id(card, intent)


def _pm_id(card: Card, intent: PaymentIntent) -> str:
    """Each use of a test token makes a payment method of its own."""
    return f"pm_{intent.id[3:]}"


def payment_method_shown(card: Card, intent: PaymentIntent) -> dict[str, Any]:
    return {
        "id": _pm_id(card, intent),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": _BILLING,
        "card": {
            "brand": card.brand,
            "checks": _CHECKS,
            "country": "US",
            "display_brand": card.brand,
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": f"Fp{card.last4}",
            "funding": "credit",
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": intent.created,
        "customer": None,
        "livemode": intent.livemode,
        "metadata": {},
        "type": "card",
    }


def charge_shown(intent: PaymentIntent) -> dict[str, Any]:
    """The charge; `capture_before` is there as long as something is held."""
    charge = intent.charge
    assert charge is not None
    card, error = charge.card, charge.error
    return {
        "id": charge.id,
        "object": "charge",
        "amount": intent.amount,
        "amount_captured": intent.received,
        "amount_refunded": intent.amount if intent.status == "canceled" else intent.refunded,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": _BILLING,
        "calculated_statement_descriptor": intent.shown["statement_descriptor_suffix"],
        "captured": intent.received > 0,
        "created": charge.created,
        "currency": intent.currency,
        "customer": None,
        "description": intent.shown["description"],
        "disputed": intent.disputed,
        "failure_balance_transaction": None,
        "failure_code": error["code"] if error else None,
        "failure_message": error["message"] if error else None,
        "fraud_details": {},
        "livemode": intent.livemode,
        "metadata": intent.metadata,
        "on_behalf_of": None,
        "outcome": _outcome(error),
        "paid": error is None,
        "payment_intent": intent.id,
        "payment_method": _pm_id(card, intent),
        "payment_method_details": {"card": _card_details(intent, charge), "type": "card"},
        "receipt_email": intent.shown["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": intent.status == "canceled" or 0 < intent.received == intent.refunded,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": intent.shown["statement_descriptor_suffix"],
        "status": "failed" if error else "succeeded",
        "transfer_data": None,
        "transfer_group": intent.shown["transfer_group"],
    }


def _card_details(intent: PaymentIntent, charge: Charge) -> dict[str, Any]:
    card = charge.card
    held = intent.status == "requires_capture"
    return {
        "amount_authorized": None if charge.error else intent.amount,
        "authorization_code": None if charge.error else "123456",
        "brand": card.brand,
        "capture_before": intent.capture_before if held else None,
        "checks": _CHECKS,
        "country": "US",
        "exp_month": 12,
        "exp_year": 2034,
        "extended_authorization": {"status": "disabled"},
        "fingerprint": f"Fp{card.last4}",
        "funding": "credit",
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card.last4,
        "mandate": None,
        "multicapture": {"status": "available" if intent.multicapture else "unavailable"},
        "network": card.brand,
        "network_token": {"used": False},
        "network_transaction_id": "104102978678771",
        "overcapture": {"maximum_amount_capturable": intent.amount, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": _AUTHENTICATED if charge.authenticated else None,
        "wallet": None,
    }


def _outcome(error: dict[str, Any] | None) -> dict[str, Any]:
    declined = error is not None
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if declined else "approved_by_network",
        "reason": (error.get("decline_code") or error["code"]) if error else None,
        "risk_level": "normal",
        "risk_score": 21,
        "seller_message": "The bank did not return any further details with this decline."
        if declined
        else "Payment complete.",
        "type": "issuer_declined" if declined else "authorized",
    }


_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
_BILLING = {"address": _ADDRESS, "email": None, "name": None, "phone": None, "tax_id": None}
_CHECKS = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}
_AUTHENTICATED = {
    "authentication_flow": "challenge",
    "electronic_commerce_indicator": "05",
    "exemption_indicator": None,
    "result": "authenticated",
    "result_reason": None,
    "transaction_id": "f879ea1c-aa2c-4441-806d-e30406466d79",
    "version": "2.2.0",
}
