"""The one gate of the back office: nobody passes below /admin/ who is not staff and has not shown a second factor.

It stands before every view, so that one which forgets to ask is behind it, too. What is open is named here.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from kernel.back_office import go_to
from paygate.staff.step_up import PROVED_AT

#: Pages for whoever is not in yet. Each says itself whom it lets do what.
OPEN = ("admin:login", "admin:logout", "staff:prove", "staff:enrol", "staff:enrol_app")


class Gate:
    """Middleware, after Django's own of sessions and logins."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path in {reverse(name) for name in OPEN}:
            return self.get_response(request)
        if not admin.site.has_permission(request):
            return _away(request, "admin:login")
        if not is_in(request):
            return _away(request, "staff:prove")
        request.session.touch()  # type: ignore[attr-defined]
        return self.get_response(request)


def is_in(request: HttpRequest) -> bool:
    """Is it somebody of the staff, who has shown whatever is asked for?"""
    proved = not settings.STAFF_SECOND_FACTOR or PROVED_AT in request.session
    return proved and admin.site.has_permission(request)


def _away(request: HttpRequest, where: str) -> HttpResponse:
    """A page is led on; a script that asked for something else than a page is told no."""
    dialog = "HX-Request" in request.headers
    if not dialog and not request.accepts("text/html"):
        return HttpResponse("Log in first.", status=403, content_type="text/plain")
    back = request.get_full_path() if request.method in ("GET", "HEAD") and not dialog else ""
    query = f"?{urlencode({'next': back})}" if back else ""
    return go_to(request, f"{reverse(where)}{query}")
