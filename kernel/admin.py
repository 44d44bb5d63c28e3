"""Django looks for an app's pages here."""

from kernel.audit import pages

__all__ = ["pages"]
