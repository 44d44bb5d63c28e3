"""The middleware of the back office, and its pages that say no; nothing of it for the API, which has no use for it."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string
from django.views import defaults

from paygate.api import requests
from paygate.staff import refusals

BACK_OFFICE = (
    "django.middleware.security.SecurityMiddleware",
    "paygate.staff.headers.PageHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "paygate.staff.gate.Gate",
)
DOCS = ("django.middleware.security.SecurityMiddleware", "paygate.staff.headers.DocsHeaders")

Handler = Callable[[HttpRequest], HttpResponseBase]


class BackOfficeMiddleware:
    """The middleware of the admin, run for /admin/ alone: it costs more than an API call does."""

    def __init__(self, get_response: Handler) -> None:
        self.plain = get_response
        self.full = _wrapped(get_response, BACK_OFFICE)
        self.docs = _wrapped(get_response, DOCS)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _for_people(request):
            request.META["REMOTE_ADDR"] = _address(request)
            return self.full(request)
        return self.docs(request) if request.path.startswith("/docs") else self.plain(request)


def _wrapped(handler: Handler, names: tuple[str, ...]) -> Handler:
    for name in reversed(names):
        handler = import_string(name)(handler)
    return handler


def _address(request: HttpRequest) -> str:
    """Whence the request came to the outermost of our own proxies; whatever else is said, anybody can have written."""
    proxies: int = settings.PROXIES
    passed_on = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    if 0 < proxies <= len(passed_on) and (last := passed_on[-proxies].strip()):
        return last
    return str(request.META.get("REMOTE_ADDR", ""))


def _for_people(request: HttpRequest) -> bool:
    return request.path.startswith("/admin")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404: a page for people, an error object for programs."""
    if _for_people(request):
        return refusals.not_found(request)
    return requests.not_found(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    if _for_people(request):
        return refusals.forbidden(request)
    return defaults.permission_denied(request, exception)


def malformed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: also for whoever's session ended while the request was under way."""
    if _for_people(request):
        return refusals.malformed(request)
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500."""
    return refusals.mistake(request) if _for_people(request) else requests.server_error(request)
