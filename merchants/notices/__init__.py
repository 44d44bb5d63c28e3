"""Webhooks to merchants: what happened, told to their endpoints until they have heard it."""
