"""Braintree, as its XML gateway (X-ApiVersion 6) answers on the wire."""
