"""The kinds of evidence: texts and files, by the names under which every PSP's adapter knows them."""

from __future__ import annotations

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
