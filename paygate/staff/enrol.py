"""Adding a second factor: the first one on the way to the first login, others from the page of one's own login.

Whoever adds another has shown one just now (step_up.py). With the first come ten recovery codes, shown once.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from unfold.widgets import INPUT_CLASSES

from kernel.audit.models import Entry
from kernel.clock import wall
from kernel.ids import uuid7
from kernel.sealed import UnableToUnseal
from paygate.staff import factors, guessing, passkeys
from paygate.staff.log_in import Person, address_of, enter, person, where_to, write_down_of
from paygate.staff.models import Authenticator
from paygate.staff.step_up import PROVED_AT, step_up

_SECRET = "staff_app_to_come"  # noqa: S105 - the session's name for it.
_LONGEST_NAME = 60


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Choose which; a POST is a passkey that the browser made."""
    someone = person(request)
    if answer := _not_here(request, someone):
        return answer
    assert someone is not None
    if request.method == "POST":
        name = _name(request, "Passkey")
        try:
            passkey = passkeys.made(
                request, someone.user, request.POST.get("passkey", ""), name=name, at=wall()
            )
        except passkeys.NotAPasskey as refusal:
            messages.error(request, str(refusal))
        else:
            return _added(request, someone, passkey)
    page = {
        **_page(request, someone, "Protect your login"),
        "passkey": passkeys.ask_to_make(request, someone.user),
    }
    return render(request, "staff/enrol.html", page)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def enrol_app(request: HttpRequest) -> HttpResponse:
    """The QR code, and the first code that the app makes of it."""
    someone = person(request)
    if answer := _not_here(request, someone):
        return answer
    assert someone is not None
    row, sealed = _app_to_come(request)
    if request.method == "POST":
        try:
            return _added(request, someone, _app(request, someone, row, sealed))
        except (_WrongCode, guessing.TooManyGuesses) as refusal:
            messages.error(request, str(refusal))
    page = {
        **_page(request, someone, "Authenticator app"),
        "picture": mark_safe(factors.picture(factors.address(sealed, row, someone.user))),  # noqa: S308 - drawn here.
        "key": factors.key(sealed, row),
    }
    return render(request, "staff/enrol_app.html", page)


class _WrongCode(Exception):
    """The words are for the person."""


def _app(request: HttpRequest, someone: Person, row: UUID, sealed: bytes) -> Authenticator:
    """Keep the app whose code was typed. Raises _WrongCode and TooManyGuesses."""
    at, name, address = wall(), someone.user.get_username(), address_of(request)
    guessing.count(guessing.CODE, name, address, at=at)
    step = factors.step_of("".join(request.POST.get("code", "").split()), sealed, row, at=at)
    if step is None:
        raise _WrongCode("That is not the code of now. Look at the app again: codes change.")
    guessing.forgive(guessing.CODE, name, address)
    request.session.pop(_SECRET, None)
    return Authenticator.objects.create(
        id=row,
        user=someone.user,
        kind=Authenticator.Kind.APP,
        name=_name(request, "Authenticator app"),
        secret=sealed,
        count=step,
        created_at=at,
    )


def _app_to_come(request: HttpRequest) -> tuple[UUID, bytes]:
    """The row and the sealed secret of the app that is being added: the same until it is there."""
    try:
        kept = request.session[_SECRET]
        row, sealed = UUID(kept["row"]), base64.b64decode(kept["sealed"])
        factors.key(sealed, row)
    except (KeyError, ValueError, binascii.Error, UnableToUnseal):
        row = uuid7()
        sealed = factors.new_secret(row)
        request.session[_SECRET] = {"row": str(row), "sealed": base64.b64encode(sealed).decode()}
    return row, sealed


def _added(request: HttpRequest, someone: Person, added: Authenticator) -> HttpResponse:
    """Say so in the log; with the first one the login is done, and the recovery codes are shown."""
    write_down_of(
        *(request, someone.user, "second_factor.add", Entry.Outcome.DONE),
        kind=added.kind,
        name=added.name,
    )
    first = factors.of(someone.user).count() == 1
    if someone.logged_in:
        request.session[PROVED_AT] = wall().timestamp()
    else:
        enter(request, someone.user, by=str(added), proved=True)
    if first:
        return show_codes(request, someone)
    messages.success(request, f"{added} was added.")
    return redirect("staff:account")


def show_codes(request: HttpRequest, someone: Person) -> HttpResponse:
    """Make new recovery codes, and show them this once."""
    codes = factors.make_recovery_codes(someone.user, at=wall())
    write_down_of(request, someone.user, "recovery_codes.make", Entry.Outcome.DONE)
    page = {
        **_page(request, someone, "Recovery codes"),
        "codes": codes,
        "next": where_to(request, someone),
    }
    return render(request, "staff/codes.html", page)


def _not_here(request: HttpRequest, someone: Person | None) -> HttpResponse | None:
    """Who must not add anything now, and where they go instead."""
    if someone is None:
        return redirect("admin:login")
    if not factors.of(someone.user).exists():
        return None  # Their first.
    if not someone.logged_in:
        return redirect("staff:prove")
    return step_up(request)


def _name(request: HttpRequest, otherwise: str) -> str:
    name = " ".join(request.POST.get("name", "").replace("\0", "").split())
    return name[:_LONGEST_NAME] or otherwise


def _page(request: HttpRequest, someone: Person, title: str) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "title": title,
        "someone": someone,
        "first": not factors.of(someone.user).exists(),
        "app_url": reverse("staff:enrol_app"),
        "input_classes": " ".join(INPUT_CLASSES),
    }
