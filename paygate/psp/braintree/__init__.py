"""Braintree, through its official SDK."""
