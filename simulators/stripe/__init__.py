"""Stripe, as its API of 2026-10-28.endive answers on the wire."""
