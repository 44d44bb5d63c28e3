"""Adyen, through its official SDK."""
