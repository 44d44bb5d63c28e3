"""Logging in and out: the password first, at /admin/login/; the second factor next, before anybody is logged in.

Whoever gave the right password is on the way (`on_the_way`) and reaches the pages of prove.py and enrol.py alone, as
nobody. An unknown login, a wrong password and somebody who is no staff get the same words after the same work.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from unfold.forms import AuthenticationForm

from kernel.audit.models import Entry
from kernel.audit.record import write_down
from kernel.clock import wall
from paygate.staff import guessing
from paygate.staff.sessions import BEFORE_LOGIN, begin

_ON_THE_WAY = "staff_on_the_way"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is at the page: logged in, or on the way to it."""

    user: User
    logged_in: bool
    next: str  # Where they wanted to go.


class LogIn(LoginView):
    """The password."""

    template_name = "admin/login.html"
    authentication_form = AuthenticationForm

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if admin.site.has_permission(request):
            return redirect(self.get_success_url())
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Count the try before it is looked at."""
        name = request.POST.get("username", "")
        try:
            begins = guessing.count(guessing.PASSWORD, name, address_of(request), at=wall())
        except guessing.TooManyGuesses as refusal:
            messages.error(request, str(refusal))
            form = AuthenticationForm(request)
            return self.render_to_response(self.get_context_data(form=form), status=429)
        form = self.get_form()
        if form.is_valid():
            guessing.forgive(guessing.PASSWORD, name, address_of(request))
            return self.form_valid(form)
        _failed(request, name, locked=begins)
        return self.form_invalid(form)

    def form_valid(self, form: AuthenticationForm) -> HttpResponseRedirect:
        user = form.get_user()
        if settings.STAFF_SECOND_FACTOR:
            return _set_out(self.request, user, self.get_success_url())
        enter(self.request, user, by="password", proved=False)
        return HttpResponseRedirect(self.get_success_url())

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            **admin.site.each_context(self.request),
            "title": "Log in",
            "app_path": self.request.get_full_path(),
        }


log_in = never_cache(sensitive_post_parameters("password")(LogIn.as_view()))


@require_POST
@never_cache
def log_out(request: HttpRequest) -> HttpResponse:
    """End this session, or the way to one."""
    if request.user.is_authenticated:
        write_down_of(request, request.user, "log_out", Entry.Outcome.DONE)
    logout(request)
    return redirect("admin:login")


def enter(request: HttpRequest, user: User, *, by: str, proved: bool) -> None:
    """All that is asked for was shown: log in. `by` says what was shown last."""
    begin(request, user, proved=proved)
    write_down_of(request, user, "log_in", Entry.Outcome.DONE, by=by)


def person(request: HttpRequest) -> Person | None:
    """Who is at the page: logged in as staff, or on the way; None for nobody, and for one who took too long."""
    if admin.site.has_permission(request):
        return Person(cast("User", request.user), logged_in=True, next="")
    way = request.session.get(_ON_THE_WAY)
    if way is None or wall().timestamp() > way["until"]:
        return None
    user = User.objects.filter(pk=way["user"], is_active=True, is_staff=True).first()
    # Whose password has changed since begins anew.
    if user is None or not constant_time_compare(way["hash"], user.get_session_auth_hash()):
        return None
    return Person(user, logged_in=False, next=way["next"])


def where_to(request: HttpRequest, someone: Person) -> str:
    """Where they go on: a page of ours, whatever the address says."""
    wanted = request.POST.get("next") or request.GET.get("next") or someone.next
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else reverse("admin:index")


def _set_out(request: HttpRequest, user: User, wanted: str) -> HttpResponseRedirect:
    """The password was right: under a new key, on the way to the second factor."""
    request.session.flush()
    request.session[_ON_THE_WAY] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "until": (wall() + BEFORE_LOGIN).timestamp(),
        "next": wanted,
    }
    return HttpResponseRedirect(reverse("staff:prove"))


def _failed(request: HttpRequest, name: str, *, locked: bool) -> None:
    """A login that nobody has is not written down: it may well be a password, typed one field too high."""
    user = User.objects.filter(username=_as_read(name)).first()
    details = {"pause begins": True} if locked else {}
    write_down(
        request,
        "log_in",
        Entry.Outcome.REFUSED,
        kind="user",
        subject=str(user.pk) if user else "",
        details={"login": user.get_username() if user else "(of nobody)", **details},
    )


def _as_read(name: str) -> str:
    """A login as the form reads it: without blanks around it."""
    return unicodedata.normalize("NFKC", name.replace("\0", "").strip())


def write_down_of(
    request: HttpRequest, user: User, act: str, outcome: Entry.Outcome, **details: Any
) -> None:
    """An entry about a person's login, by that person."""
    write_down(
        request,
        act,
        outcome,
        kind="user",
        subject=str(user.pk),
        by=user.get_username(),
        details=details,
    )


def address_of(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))
