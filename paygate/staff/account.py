"""The page of one's own login: authenticators, recovery codes, sessions and the password."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe
from unfold.forms import AdminOwnPasswordChangeForm

from kernel.audit.models import Entry
from paygate.staff import factors
from paygate.staff.enrol import show_codes
from paygate.staff.log_in import Person, write_down_of
from paygate.staff.models import Authenticator, Session
from paygate.staff.sessions import end, named
from paygate.staff.step_up import step_up


@admin.site.admin_view
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """What belongs to the one who looks."""
    user = _user(request)
    page = {
        **admin.site.each_context(request),
        "title": "Your login",
        "authenticators": factors.of(user),
        "codes_left": factors.codes_left(user),
        "sessions": user.sessions.order_by("-seen_at"),
        "this_one": named(request.session.session_key or ""),
    }
    return render(request, "staff/account.html", page)


@admin.site.admin_view
@require_POST
def remove(request: HttpRequest, authenticator: UUID) -> HttpResponse:
    """Take one of one's own away; not the last."""
    user = _user(request)
    gone = get_object_or_404(Authenticator, pk=authenticator, user=user)
    if answer := step_up(request):
        return answer
    try:
        factors.take_away(gone)
    except factors.TheLastOne as refusal:
        _write_down(request, "second_factor.remove", Entry.Outcome.REFUSED, gone, str(refusal))
        messages.error(request, str(refusal))
    else:
        _write_down(request, "second_factor.remove", Entry.Outcome.DONE, gone, "")
        messages.success(request, f"{gone} was removed.")
    return redirect("staff:account")


@admin.site.admin_view
@never_cache
@require_POST
def new_codes(request: HttpRequest) -> HttpResponse:
    """Ten new recovery codes for whoever has an authenticator."""
    user = _user(request)
    if answer := step_up(request):
        return answer
    if not factors.of(user).exists():
        messages.error(request, "Add an authenticator first: the codes stand in for it.")
        return redirect("staff:account")
    return show_codes(
        request, Person(user, logged_in=True, next=str(reverse_lazy("staff:account")))
    )


@admin.site.admin_view
@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End one of one's own sessions, or all but this one."""
    user = _user(request)
    others = user.sessions.exclude(pk=named(request.session.session_key or ""))
    if which := request.POST.get("session", ""):
        get_object_or_404(Session, pk=which, user=user)
        others = others.filter(pk=which)
    ended = end(request, others, because="By its owner.")
    messages.success(request, f"{ended} session{'' if ended == 1 else 's'} ended.")
    return redirect("staff:account")


@method_decorator([sensitive_post_parameters(), never_cache, admin.site.admin_view], "dispatch")
class ChangePassword(PasswordChangeView):
    """One's own password: all other sessions end (a trigger sees to that), and the log says so."""

    template_name = "registration/password_change_form.html"
    form_class = AdminOwnPasswordChangeForm
    success_url = reverse_lazy("staff:account")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return step_up(request) or super().post(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        write_down_of(self.request, form.user, "password.change", Entry.Outcome.DONE)
        messages.success(self.request, "Your password was changed; your other sessions ended.")
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            **admin.site.each_context(self.request),
            "title": "Change password",
        }


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _write_down(
    request: HttpRequest, act: str, outcome: Entry.Outcome, gone: Authenticator, said: str
) -> None:
    details = {"kind": gone.kind, "name": gone.name}
    write_down_of(request, gone.user, act, outcome, **details, **({"said": said} if said else {}))
