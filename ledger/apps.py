"""Django knows the books as the app "ledger"."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"
