"""The second factor: at the login, and again where money moves and the last time was too long ago (step_up.py).

A code of an app, a code on paper or a passkey. Codes are guessed at, and counted; a passkey cannot be guessed.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from unfold.widgets import INPUT_CLASSES

from kernel.audit.models import Entry
from kernel.clock import wall
from paygate.staff import factors, guessing, passkeys
from paygate.staff.log_in import Person, address_of, enter, person, where_to, write_down_of
from paygate.staff.models import Authenticator
from paygate.staff.step_up import PROVED_AT

WRONG = "That code is not right, or was used before."


class NotProved(Exception):
    """The words are for the person."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest) -> HttpResponse:
    """The page that asks for it, and goes on to where its person wanted to go."""
    someone = person(request)
    if someone is None:
        return redirect("admin:login")
    if not factors.of(someone.user).exists():
        return _nothing_to_show(request, someone)
    status = 200
    if request.method == "POST":
        try:
            by = _shown(request, someone)
        except guessing.TooManyGuesses as refusal:
            messages.error(request, str(refusal))
            status = 429
        except (NotProved, passkeys.NotAPasskey) as refusal:
            messages.error(request, str(refusal))
            write_down_of(
                *(request, someone.user, "second_factor.show", Entry.Outcome.REFUSED),
                said=str(refusal),
            )
            status = 403
        else:
            return _go_on(request, someone, by)
    return render(request, "staff/prove.html", _page(request, someone), status=status)


def _shown(request: HttpRequest, someone: Person) -> str:
    """What was shown, in words. Raises NotProved, NotAPasskey and TooManyGuesses."""
    at = wall()
    if answer := request.POST.get("passkey", ""):
        return str(passkeys.shown(request, someone.user, answer, at=at))
    name, address = someone.user.get_username(), address_of(request)
    guessing.count(guessing.CODE, name, address, at=at)
    by = _code(request, someone)
    guessing.forgive(guessing.CODE, name, address)
    return by


def _code(request: HttpRequest, someone: Person) -> str:
    """Raises NotProved."""
    code, at = "".join(request.POST.get("code", "").split()), wall()
    if code.isascii() and code.isdigit() and len(code) == factors.DIGITS:
        if app := factors.shows_code(someone.user, code, at=at):
            return str(app)
    elif factors.shows_recovery_code(someone.user, code, at=at):
        left = factors.codes_left(someone.user)
        messages.warning(
            request,
            f"You used a recovery code: {left} {'is' if left == 1 else 'are'} left."
            " If your authenticator is lost, add another and remove it.",
        )
        return "recovery code"
    raise NotProved(WRONG)


def _go_on(request: HttpRequest, someone: Person, by: str) -> HttpResponse:
    going = where_to(request, someone)
    if someone.logged_in:
        request.session[PROVED_AT] = wall().timestamp()
        request.session.cycle_key()
        write_down_of(request, someone.user, "second_factor.show", Entry.Outcome.DONE, by=by)
    else:
        enter(request, someone.user, by=by, proved=True)
    return redirect(going)


def _nothing_to_show(request: HttpRequest, someone: Person) -> HttpResponse:
    if someone.logged_in and not settings.STAFF_SECOND_FACTOR:
        return redirect(where_to(request, someone))
    return redirect("staff:enrol")


def _page(request: HttpRequest, someone: Person) -> dict[str, Any]:
    kinds = set(factors.of(someone.user).values_list("kind", flat=True))
    on_paper = "on_paper" in request.GET
    return {
        **admin.site.each_context(request),
        "title": "Confirm it is you" if someone.logged_in else "Second step",
        "someone": someone,
        "next": where_to(request, someone),
        "passkey": "" if on_paper else passkeys.ask_to_show(request, someone.user),
        "has_app": Authenticator.Kind.APP in kinds,
        "on_paper": on_paper,
        "here": reverse("staff:prove"),
        "input_classes": " ".join(INPUT_CLASSES),
    }
