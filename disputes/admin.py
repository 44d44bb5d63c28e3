"""Disputes in the back office. Django looks for an app's pages here; the desk has a room of its own."""

from disputes.back_office import queue

__all__ = ["queue"]
