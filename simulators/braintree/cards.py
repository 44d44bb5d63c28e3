"""What Braintree's sandbox does with a nonce, a vaulted token or a magic amount.

Source: developer.paypal.com/braintree/docs/reference/general/testing. The tokens of the vault are
the simulator's own; its nonces may be used again and again, as the sandbox's.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulators.braintree.errors import Invalid

_TEXTS = {
    "1000": "Approved",
    "2000": "Do Not Honor",
    "2001": "Insufficient Funds",
    "2002": "Limit Exceeded",
    "2003": "Cardholder's Activity Limit Exceeded",
    "2004": "Expired Card",
    "2005": "Invalid Credit Card Number",
    "2010": "Card Issuer Declined CVV",
    "2012": "Processor Declined - Possible Lost Card",
    "2013": "Processor Declined - Possible Stolen Card",
    "2014": "Processor Declined - Fraud Suspected",
    "2038": "Processor Declined",
    "2057": "Issuer or Cardholder has put a restriction on the card",
    "3000": "Processor Network Unavailable - Try Again",
}
_SOFT = frozenset(("2000", "2001", "2002", "2003", "2016", "2021", "2038", "2046", "3000"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an authorization ends: a status, and the processor's or the gateway's reason."""

    status: str = "authorized"
    code: str = "1000"  # The processor's response; "" when the gateway never asked it.
    rejection: str | None = None

    @property
    def text(self) -> str:
        return _TEXTS.get(self.code, "Processor Declined") if self.code else ""

    @property
    def kind(self) -> str:
        if self.code == "1000":
            return "approved"
        return "soft_declined" if self.code in _SOFT else "hard_declined"


@dataclass(frozen=True, slots=True)
class Card:
    """A payment method and its issuer's mood."""

    brand: str = "Visa"
    last4: str = "1111"
    verdict: Verdict = Verdict()
    authenticated: bool = False  # Carries a 3-D Secure authentication.
    silent: bool = False  # Executed, and never answered the first time.
    disputed: bool = False  # Its holder disputes what is taken from it.


def _declined(code: str, brand: str = "Visa") -> Card:
    return Card(brand, "0000", Verdict("processor_declined", code))


def _rejected(reason: str) -> Card:
    return Card(verdict=Verdict("gateway_rejected", "", reason))


_VAULT = {
    "visa_ok": Card(),
    "mastercard_ok": Card("MasterCard", "4444"),
    "declined": _declined("2000"),
    "insufficient_funds": _declined("2001"),
    "expired": _declined("2004"),
    "3ds": Card(authenticated=True),
    "timeout": Card(silent=True),
    "disputed": Card(last4="8028", disputed=True),
}
_NUMBERS = {
    "4111111111111111": "visa_ok",
    "5555555555554444": "mastercard_ok",
    "4023898493988028": "disputed",
}
_BRANDS = {
    "mastercard": "MasterCard",
    "amex": "American Express",
    "discover": "Discover",
    "jcb": "JCB",
    "dinersclub": "Diners Club",
    "maestro": "Maestro",
}
_UNAUTHENTICATED = ("failed-", "unavailable", "error", "timeout", "not-enrolled", "bypassed")


def vaulted(token: str) -> Card:
    """Raises Invalid for a token that is not in the vault."""
    if token not in _VAULT:
        raise Invalid("91518", "Payment method token is invalid.", "payment_method_token")
    return _VAULT[token]


def numbered(number: str) -> Card:
    """One of the documented test cards. Raises Invalid for any other."""
    if number not in _NUMBERS:
        raise Invalid("81715", "Credit card number is invalid.", "number")
    return _VAULT[_NUMBERS[number]]


def behind(nonce: str) -> Card:
    """Raises Invalid for a nonce that is unknown, consumed or of an impossible card."""
    match nonce:
        case "fake-consumed-nonce":
            message = "Cannot use a payment_method_nonce more than once."
            raise Invalid("91564", message, "payment_method_nonce")
        case "fake-luhn-invalid-nonce":
            raise Invalid("81715", "Credit card number is invalid.", "number")
        case "fake-processor-failure-jcb-nonce":
            return Card("JCB", "0000", Verdict("failed", "3000"))
        case "fake-gateway-rejected-fraud-nonce":
            return _rejected("fraud")
        case "fake-gateway-rejected-risk-thresholds-nonce":
            return _rejected("risk_threshold")
    name = nonce.removeprefix("fake-").removesuffix("-nonce")
    brand = next((shown for part, shown in _BRANDS.items() if part in name), "Visa")
    if name.startswith("processor-declined-"):
        return _declined("2000", brand)
    if name.startswith("three-d-secure-"):
        return Card(authenticated=not any(part in name for part in _UNAUTHENTICATED))
    if name.startswith(("valid", "apple-pay-", "android-pay-", "pinless-debit-")):
        return Card(brand)
    message = "Unknown or expired payment_method_nonce."
    raise Invalid("91565", message, "payment_method_nonce")


def magic(major: str) -> Verdict | None:
    """What the sandbox makes of an amount, whatever the card: 2001.00 is declined with 2001."""
    whole, _, cents = major.partition(".")
    amount = int(whole)
    if 2000 <= amount < 3000:
        return Verdict("processor_declined", str(amount))
    if amount == 3000:
        return Verdict("failed", "3000")
    if amount == 5001 and cents in ("", "00"):
        return Verdict("gateway_rejected", "", "application_incomplete")
    return None


def settles(major: str, currency: str) -> bool:
    """Does the bank pay in the end? The sandbox's table of amounts that it does not is in dollars."""
    amount = int(major.partition(".")[0])
    return currency != "USD" or not (amount == 4001 or 4003 <= amount <= 5000)
