"""Payments, refunds and attempts as support reads them; what is done about them is a verb (paygate.payments)."""
