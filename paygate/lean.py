"""Sessions, CSRF and messages for the back office; nothing of it for the API, which has no use for it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

BACK_OFFICE = (
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)

Handler = Callable[[HttpRequest], HttpResponseBase]


class BackOfficeMiddleware:
    """The middleware of the admin, run for /admin/ alone: it costs more than an API call does."""

    def __init__(self, get_response: Handler) -> None:
        self.plain = get_response
        self.full = get_response
        for name in reversed(BACK_OFFICE):
            self.full = import_string(name)(self.full)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.full(request) if request.path.startswith("/admin") else self.plain(request)
