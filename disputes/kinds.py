"""The kinds of evidence: texts and files, by the names under which every adapter knows them; and which are wanted."""

from __future__ import annotations

from collections.abc import Mapping

from paygate.psp.cases import Reason

TEXTS = (
    "explanation",
    "product_description",
    "customer_name",
    "customer_email",
    "customer_purchase_ip",
    "billing_address",
    "refund_policy",
    "refund_refusal_explanation",
    "cancellation_policy",
    "cancellation_rebuttal",
    "access_activity_log",
    "service_date",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_tracking_number",
    "duplicate_charge_id",
    "duplicate_charge_explanation",
)

FILES = (
    "receipt",
    "customer_communication",
    "customer_signature",
    "refund_policy",
    "cancellation_policy",
    "service_documentation",
    "shipping_documentation",
    "duplicate_charge_documentation",
    "other",
)

#: What convinces a bank, by the reason of the dispute: the most telling first. A text or a file of the kind will do.
WANTED: Mapping[Reason, tuple[str, ...]] = {
    Reason.FRAUDULENT: (
        *("explanation", "receipt", "customer_name", "customer_email", "customer_purchase_ip"),
        *("billing_address", "access_activity_log", "shipping_documentation"),
        "customer_communication",
    ),
    Reason.NOT_RECEIVED: (
        *("explanation", "receipt", "shipping_carrier", "shipping_tracking_number"),
        *("shipping_date", "shipping_address", "shipping_documentation", "service_date"),
        "customer_communication",
    ),
    Reason.UNACCEPTABLE: (
        *("explanation", "product_description", "receipt", "refund_policy"),
        *("service_documentation", "customer_communication"),
    ),
    Reason.DUPLICATE: (
        *("explanation", "receipt", "duplicate_charge_id", "duplicate_charge_explanation"),
        "duplicate_charge_documentation",
    ),
    Reason.CREDIT_NOT_PROCESSED: (
        *("explanation", "receipt", "refund_policy", "refund_refusal_explanation"),
        "customer_communication",
    ),
    Reason.SUBSCRIPTION_CANCELED: (
        *("explanation", "receipt", "cancellation_policy", "cancellation_rebuttal"),
        *("access_activity_log", "service_date", "customer_communication"),
    ),
    Reason.UNRECOGNIZED: (
        *("explanation", "product_description", "receipt", "customer_name", "customer_email"),
        *("billing_address", "customer_communication"),
    ),
    Reason.GENERAL: (*("explanation", "product_description", "receipt", "customer_communication"),),
}


def wanted(reason: str) -> tuple[str, ...]:
    """What convinces a bank of a dispute with this reason."""
    return WANTED[Reason(reason)]
