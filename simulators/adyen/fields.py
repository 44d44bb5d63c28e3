"""Which fields Adyen takes: its schemas allow no others. Source: CheckoutService-v72, OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulators.adyen.errors import AdyenError, required, unprocessable
from simulators.currencies import ISO, to_iso

Body = dict[str, Any]

#: Adyen's minor units differ from ISO 4217 for exactly these four.
EXPONENTS: Mapping[str, int] = {**ISO, "CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FIELDS = {
    "PaymentRequest": _names(
        "accountInfo additionalAmount additionalData amount applicationInfo authenticationData"
        " bankAccount billingAddress browserInfo captureDelayHours channel checkoutAttemptId"
        " company conversionId countryCode dateOfBirth dccQuote deliverAt deliveryAddress"
        " deliveryDate deviceFingerprint enableOneClick enablePayOut enableRecurring"
        " enhancedSchemeData entityType fraudOffset fundOrigin fundRecipient industryUsage"
        " installments lineItems localizedShopperStatement mandate mcc merchantAccount"
        " merchantOrderReference merchantRiskIndicator metadata mpiData order orderReference"
        " origin paymentMethod paymentValidations platformChargebackLogic recurringExpiry"
        " recurringFrequency recurringProcessingModel redirectFromIssuerMethod"
        " redirectToIssuerMethod reference returnUrl riskData sdkVersion sessionId"
        " sessionValidity shopperConversionId shopperEmail shopperIP shopperInteraction"
        " shopperLocale shopperName shopperReference shopperStatement shopperTaxInfo"
        " socialSecurityNumber splits store storePaymentMethod subMerchants surcharge"
        " telephoneNumber threeDS2RequestData threeDSAuthenticationOnly trustedShopper"
    ),
    "PaymentDetailsRequest": _names(
        "authenticationData details paymentData threeDSAuthenticationOnly"
    ),
    "PaymentCaptureRequest": _names(
        "amount applicationInfo enhancedSchemeData lineItems merchantAccount"
        " platformChargebackLogic reference splits subMerchants"
    ),
    "PaymentCancelRequest": _names("applicationInfo enhancedSchemeData merchantAccount reference"),
    "StandalonePaymentCancelRequest": _names(
        "applicationInfo enhancedSchemeData merchantAccount paymentReference reference"
    ),
    "PaymentReversalRequest": _names(
        "applicationInfo enhancedSchemeData merchantAccount reference"
    ),
    "PaymentRefundRequest": _names(
        "amount applicationInfo capturePspReference enhancedSchemeData lineItems merchantAccount"
        " merchantRefundReason reference splits store subMerchants"
    ),
    # DisputeService v30; it has a name of its own for the merchant account.
    "DefenseReasonsRequest": _names("disputePspReference merchantAccountCode"),
    "SupplyDefenseDocumentRequest": _names(
        "defenseDocuments disputePspReference merchantAccountCode"
    ),
    "DeleteDefenseDocumentRequest": _names(
        "defenseDocumentType disputePspReference merchantAccountCode"
    ),
    "DefendDisputeRequest": _names("defenseReasonCode disputePspReference merchantAccountCode"),
    "AcceptDisputeRequest": _names("disputePspReference merchantAccountCode"),
    "Amount": _names("currency value"),
    "CardDetails": _names(
        "billingSequenceNumber brand checkoutAttemptId cupsecureplus.smscode cvc encryptedCard"
        " encryptedCardNumber encryptedExpiryMonth encryptedExpiryYear encryptedPassword"
        " encryptedSecurityCode expiryMonth expiryYear fastlaneData fundingSource holderName"
        " networkPaymentReference number recurringDetailReference sdkData"
        " shopperNotificationReference srcCorrelationId srcDigitalCardId srcScheme"
        " srcTokenReference storedPaymentMethodId threeDS2SdkVersion type"
    ),
    "AuthenticationData": _names("attemptAuthentication authenticationOnly threeDSRequestData"),
}

_REQUIRED = {
    "PaymentRequest": ("merchantAccount", "amount", "reference", "returnUrl", "paymentMethod"),
    "PaymentDetailsRequest": ("details",),
    "PaymentCaptureRequest": ("merchantAccount", "amount"),
    "PaymentCancelRequest": ("merchantAccount",),
    "StandalonePaymentCancelRequest": ("merchantAccount", "paymentReference"),
    "PaymentReversalRequest": ("merchantAccount",),
    "PaymentRefundRequest": ("merchantAccount", "amount"),
    "DefenseReasonsRequest": ("merchantAccountCode", "disputePspReference"),
    "SupplyDefenseDocumentRequest": (
        "merchantAccountCode",
        "disputePspReference",
        "defenseDocuments",
    ),
    "DeleteDefenseDocumentRequest": (
        "merchantAccountCode",
        "disputePspReference",
        "defenseDocumentType",
    ),
    "DefendDisputeRequest": ("merchantAccountCode", "disputePspReference", "defenseReasonCode"),
    "AcceptDisputeRequest": ("merchantAccountCode", "disputePspReference"),
}

_REFUND_REASONS = ("FRAUD", "CUSTOMER REQUEST", "RETURN", "DUPLICATE", "OTHER")

_NESTED = {
    "amount": "Amount",
    "paymentMethod": "CardDetails",
    "authenticationData": "AuthenticationData",
}


def check(body: Body, schema: str) -> None:
    """Raises AdyenError for a field that is unknown, missing, or of another type."""
    _only_known(body, schema)
    for field in _REQUIRED[schema]:
        if body.get(field) in (None, "", {}):
            raise required(field)
    for field, inner in _NESTED.items():
        if field in body:
            if not isinstance(body[field], dict):
                raise AdyenError(400, "702", f"Unexpected input for {field}, expected an object")
            _only_known(body[field], inner)
    if len(str(body.get("reference", ""))) > 80:
        raise unprocessable("130", "Reference has at most 80 characters.")
    for name, value in body.get("additionalData", {}).items():
        if not isinstance(value, str):
            raise AdyenError(400, "702", f"additionalData.{name} is a string")
    if "amount" in body:
        _check_amount(body["amount"])
    if body.get("merchantRefundReason", "OTHER") not in _REFUND_REASONS:
        raise unprocessable("702", "merchantRefundReason is not one of the possible values")


def _only_known(given: Body, schema: str) -> None:
    if unknown := given.keys() - _FIELDS[schema]:
        names = ", ".join(sorted(unknown))
        message = f"Structure of {schema} contains the following unknown fields: [{names}]"
        raise unprocessable("702", message)


def _check_amount(amount: Body) -> None:
    value, currency = amount.get("value"), amount.get("currency", "")
    if type(value) is not int:
        raise AdyenError(400, "702", f"Unexpected input: {value}, expected LONG")
    if currency not in EXPONENTS:
        raise unprocessable("138", "Currency not supported")
    spare = max(EXPONENTS[currency] - ISO[currency], 0)  # Decimals that no króna or peso has.
    if value <= 0 or value % 10**spare:
        raise unprocessable("137", "Invalid amount specified")


def iso_minor(value: int, currency: str) -> int:
    """An amount of Adyen's, in ISO 4217 minor units."""
    return to_iso(value, currency, EXPONENTS)


def units(iso: int, currency: str) -> int:
    """An amount in ISO 4217 minor units, as Adyen counts it. Raises ValueError where it cannot."""
    shift = EXPONENTS[currency] - ISO[currency]
    factor: int = 10 ** abs(shift)
    if shift >= 0:
        return iso * factor
    value, rest = divmod(iso, factor)
    if rest:
        raise ValueError(f"Adyen cannot count {iso} {currency}")
    return value
