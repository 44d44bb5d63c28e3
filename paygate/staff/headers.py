"""What browsers are told about pages for people: whose scripts run, where forms go, and that nobody frames them.

A dozen lines of our own: the policy is the same for every page, and no script needs a nonce, for there is none inline.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

_EVERYWHERE = {
    "default-src": "'none'",
    "style-src": "'self' 'unsafe-inline'",  # The theme writes its colours into the page.
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
}
#: The theme's Alpine makes functions of what attributes say: hence eval. Scripts within the page do not run.
BACK_OFFICE = {**_EVERYWHERE, "script-src": "'self' 'unsafe-eval'"}
#: Swagger, which is served from here.
DOCS = {**_EVERYWHERE, "script-src": "'self'"}

HEADERS = {
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(),"
        " microphone=(), midi=(), payment=(), usb=(), publickey-credentials-get=(self),"
        " publickey-credentials-create=(self)"
    ),
}


class PageHeaders:
    """Middleware: what a view says itself (a file that is only to be saved, say) stays."""

    policy = BACK_OFFICE
    cached = "private, no-store"

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.headers = {
            **HEADERS,
            "Content-Security-Policy": "; ".join(
                f"{name} {of}" for name, of in self.policy.items()
            ),
            "Cache-Control": self.cached,
        }

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        return response


class DocsHeaders(PageHeaders):
    policy = DOCS
    cached = "no-cache"
