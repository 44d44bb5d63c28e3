"""Payments, refunds and attempts in the back office: to read. What changes a payment is a verb, never a form."""

from paygate.payments.back_office import attempts, payments, refunds, unresolved

__all__ = ["attempts", "payments", "refunds", "unresolved"]
