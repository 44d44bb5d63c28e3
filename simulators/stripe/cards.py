"""Stripe's published test payment methods, and one of our own. Source: docs.stripe.com/testing."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Card:
    """What is behind a token, and what its issuer will do."""

    id: str
    brand: str = "visa"
    last4: str = "4242"
    code: str = ""  # The error code of a decline; "" approves.
    decline_code: str = ""
    authentication: bool = False  # Asks for 3-D Secure first.
    silent: bool = False  # Executed, and never answered the first time.
    refund: str = ""  # "pending": it succeeds later; "fails": later than it succeeded.
    dispute: str = ""  # The reason for which the payer disputes what is taken.
    inquiry: bool = False  # The bank only asks, at first.

    @property
    def message(self) -> str:
        return _MESSAGES.get(self.decline_code or self.code, "Your card was declined.")


_MESSAGES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "card_velocity_exceeded": "Your card was declined for making repeated attempts too frequently"
    " or exceeding its amount limit.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
}

_DECLINED = Card("pm_card_chargeDeclined", last4="0002", code="card_declined")
_AUTHENTICATES = Card("pm_card_authenticationRequired", last4="3184", authentication=True)

_DISPUTES = Card("pm_card_createDispute", last4="0259", dispute="fraudulent")

_CARDS = {
    card.id: card
    for card in (
        Card("pm_card_visa"),
        Card("pm_card_visa_debit", last4="5556"),
        Card("pm_card_mastercard", "mastercard", "4444"),
        Card("pm_card_mastercard_debit", "mastercard", "3222"),
        Card("pm_card_amex", "amex", "0005"),
        Card("pm_card_discover", "discover", "1117"),
        Card("pm_card_diners", "diners", "0004"),
        Card("pm_card_jcb", "jcb", "0505"),
        Card("pm_card_unionpay", "unionpay", "0005"),
        Card("pm_card_bypassPending", last4="0077"),
        _DISPUTES,
        replace(
            _DISPUTES,
            id="pm_card_createDisputeProductNotReceived",
            last4="2685",
            dispute="product_not_received",
        ),
        replace(_DISPUTES, id="pm_card_createDisputeInquiry", last4="1976", inquiry=True),
        Card("pm_card_createIssuerFraudRecord", last4="5423"),
        Card("pm_card_pendingRefund", last4="7726", refund="pending"),
        Card("pm_card_refundFail", last4="5126", refund="fails"),
        Card("pm_card_timeout", last4="0408", silent=True),  # The simulator's own.
        replace(_DECLINED, decline_code="generic_decline"),
        *(
            replace(_DECLINED, id=f"pm_card_chargeDeclined{name}", last4=last4, decline_code=why)
            for name, last4, why in (
                ("InsufficientFunds", "9995", "insufficient_funds"),
                ("LostCard", "9987", "lost_card"),
                ("StolenCard", "9979", "stolen_card"),
                ("VelocityLimitExceeded", "6975", "card_velocity_exceeded"),
                ("Fraudulent", "0019", "fraudulent"),
            )
        ),
        *(
            Card(f"pm_card_chargeDeclined{name}", last4=last4, code=code)
            for name, last4, code in (
                ("ExpiredCard", "0069", "expired_card"),
                ("IncorrectCvc", "0127", "incorrect_cvc"),
                ("ProcessingError", "0119", "processing_error"),
            )
        ),
        _AUTHENTICATES,
        replace(_AUTHENTICATES, id="pm_card_threeDSecure2Required", last4="3220"),
        replace(_AUTHENTICATES, id="pm_card_threeDSecureRequired", last4="3063"),
        replace(
            _AUTHENTICATES,
            id="pm_card_threeDSecureRequiredChargeDeclined",
            last4="1629",
            code="card_declined",
            decline_code="generic_decline",
        ),
    )
}


def card_behind(token: str) -> Card | None:
    """None for a token that nobody knows."""
    return _CARDS.get(token.replace("pm_card_visa_chargeDeclined", "pm_card_chargeDeclined"))
