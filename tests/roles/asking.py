"""What a page answers to somebody, without the time that it takes to draw it."""

from __future__ import annotations

from typing import Any

from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.test import RequestFactory
from django.urls import resolve


def answer_of(user: Any, method: str, path: str, given: Any = None) -> int:
    """The status that a browser would be told."""
    request: Any = getattr(RequestFactory(), method)(path, given)
    request.user, request.session, request.request_id = user, {}, ""
    request._messages = FallbackStorage(request)
    request._dont_enforce_csrf_checks = True
    view, args, kwargs = resolve(path)
    try:
        return int(view(request, *args, **kwargs).status_code)
    except PermissionDenied:
        return 403
    except Http404:
        return 404
    except SuspiciousOperation:
        return 400
