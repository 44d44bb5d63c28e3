"""Reconciliation in the back office. Django looks for an app's pages here; each has a module of its own."""

from paygate.reconciliation.back_office import batches, breaks, statements

__all__ = ["batches", "breaks", "statements"]
