"""Which fields of Adyen's requests and answers may be shown: none that is a token, or about a shopper."""

_NAMES = """
merchantAccount amount value currency reference paymentReference shopperInteraction recurringProcessingModel
captureDelayHours additionalData manualCapture metadata attempt merchant channel merchantRefundReason
pspReference paymentPspReference resultCode refusalReason refusalReasonCode refusalReasonRaw status errorCode
errorType message action type method paymentMethodType authResult avsResult cvcResult
merchantAdviceCode networkTxReference acquirerResponseCode acquirerCode originalPspReference
"""

FIELDS = frozenset(_NAMES.split())
