"""Webhooks from the PSPs: stored before they are believed, answered at once, applied once."""
