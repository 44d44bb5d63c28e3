"""The books in the back office: see ledger.back_office."""

from ledger.back_office import accounts, transactions

__all__ = ["accounts", "transactions"]  # Django looks for an app's pages here.
