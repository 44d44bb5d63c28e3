"""Requests and limits in the back office. Django looks for an app's pages here; each has a module of its own."""

from paygate.approvals.back_office import limits, requests

__all__ = ["limits", "requests"]
