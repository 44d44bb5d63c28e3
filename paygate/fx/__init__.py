"""Currencies: rates, quotes, conversions, and our position in each."""
