"""What moves money wants a login that is fresh: whoever proved themselves too long ago does it again, and comes back.

    if answer := step_up(request):
        return answer

stands before whatever a POST does that moves money, approves, or changes a limit, a role or a payee's account.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from kernel.back_office import go_to
from kernel.clock import wall

#: Under which the session keeps when its owner last proved themselves by a second factor: seconds since 1970.
PROVED_AT = "staff_proved_at"


def step_up(request: HttpRequest) -> HttpResponse | None:
    """None where the login is fresh (or no second factor is asked for); else the way to the page that asks for it.

    From there the person comes back to the page on which they were. Dialogs are told by HX-Redirect.
    """
    if not settings.STAFF_SECOND_FACTOR or is_fresh(request, at=wall()):
        return None
    query = urlencode({"next": _page(request)})
    return go_to(request, f"{reverse('staff:prove')}?{query}")


def is_fresh(request: HttpRequest, *, at: datetime) -> bool:
    """Was the second factor shown within the last STAFF_FRESH_MINUTES?"""
    proved_at = request.session.get(PROVED_AT)
    if proved_at is None:
        return False
    return bool(0 <= at.timestamp() - proved_at < settings.STAFF_FRESH_MINUTES * 60)


def _page(request: HttpRequest) -> str:
    """The page on which the person is: a dialog's is the one below it; a form's, the one that shows it."""
    for named in (request.headers.get("HX-Current-URL"), request.headers.get("Referer")):
        if named and url_has_allowed_host_and_scheme(
            named, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        ):
            there = urlsplit(named)
            return f"{there.path}?{there.query}" if there.query else there.path
    return request.get_full_path()
