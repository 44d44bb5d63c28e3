"""What a payment method of the test platform does, by its stored id, its number or its holder.

Source: docs.adyen.com, testing and result codes. The stored ids are the simulator's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from simulators.adyen.errors import unprocessable

REFUSALS = {
    0: "Unknown",
    2: "Refused",
    3: "Referral",
    4: "Acquirer Error",
    5: "Blocked Card",
    6: "Expired Card",
    7: "Invalid Amount",
    8: "Invalid Card Number",
    9: "Issuer Unavailable",
    10: "Not supported",
    11: "3D Not Authenticated",
    12: "Not enough balance",
    14: "Acquirer Fraud",
    15: "Cancelled",
    16: "Shopper Cancelled",
    20: "FRAUD",
    23: "Transaction Not Permitted",
    24: "CVC Declined",
    25: "Restricted Card",
    31: "Issuer Suspected Fraud",
    38: "Authentication required",
}
NOT_AUTHENTICATED = 11
_ERRORS = (0, 4)  # These end as resultCode Error, all others as Refused.

_HOLDERS = {
    "UNKNOWN": 0,
    "DECLINED": 2,
    "REFERRAL": 3,
    "ERROR": 4,
    "BLOCK_CARD": 5,
    "CARD_EXPIRED": 6,
    "INVALID_AMOUNT": 7,
    "INVALID_CARD": 8,
    "ISSUER_UNAVAILABLE": 9,
    "NOT_SUPPORTED": 10,
    "NOT_3D_AUTHENTICATED": 11,
    "NOT_ENOUGH_BALANCE": 12,
    "FRAUD": 20,
    "CVC_DECLINED": 24,
}
_ASKING_NUMBERS = frozenset(("4917610000000000", "5454545454545454"))


@dataclass(frozen=True, slots=True)
class Card:
    """`refusal` is a refusal reason code; None approves."""

    brand: str = "visa"
    last4: str = "1111"
    refusal: int | None = None
    authentication: bool = False  # Redirects to 3-D Secure first.
    silent: bool = False  # Executed, and never answered the first time.
    disputed: bool = False  # Its holder disputes what is taken from it, a moment later.


_STORED = {
    "visa_ok": Card(),
    "mastercard_ok": Card("mc", "4444"),
    "declined": Card(refusal=2),
    "insufficient_funds": Card(refusal=12),
    "expired": Card(refusal=6),
    "3ds": Card(authentication=True),
    "3ds_declined": Card(refusal=2, authentication=True),
    "timeout": Card(silent=True),
    "disputed": Card(disputed=True),
}


def card_behind(method: dict[str, Any], additional: dict[str, str]) -> Card:
    """Raises AdyenError for a stored payment method or a card that is not known."""
    if stored := method.get("storedPaymentMethodId"):
        if stored not in _STORED:
            raise unprocessable("803", "PaymentDetail not found")
        card = _STORED[stored]
    else:
        number = method.get("encryptedCardNumber") or method.get("number") or ""
        digits = number.removeprefix("test_").replace(" ", "")
        if not digits.isdigit():
            raise unprocessable("101", "Invalid card number")
        brand = {"4": "visa", "5": "mc", "2": "mc", "3": "amex", "6": "discover"}.get(digits[0])
        card = Card(brand or "visa", digits[-4:], authentication=digits in _ASKING_NUMBERS)
    holder = method.get("holderName", "")
    if holder == "3DS":
        card = replace(card, authentication=True)
    asked = _asked(additional.get("RequestedTestAcquirerResponseCode", "")) or _asked(holder)
    return card if asked is None else replace(card, refusal=asked)


def _asked(text: str) -> int | None:
    """The refusal that "12", "NOT_ENOUGH_BALANCE" or "DECLINED : 12" asks for."""
    name, _, number = text.partition(":")
    code = number.strip() or name.strip()
    if code.isdigit():
        return int(code) if int(code) in REFUSALS else None
    return _HOLDERS.get(code)


def result_code(refusal: int) -> str:
    return "Error" if refusal in _ERRORS else "Refused"
