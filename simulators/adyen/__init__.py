"""Adyen, as its Checkout API v72 answers on the wire."""
