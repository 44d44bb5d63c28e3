"""Pages of the back office that say no: not found, not allowed, a form that is too old, and a mistake of ours."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from paygate.staff.gate import is_in


def not_found(request: HttpRequest) -> HttpResponse:
    return _page(request, 404, "There is no such page", "Perhaps the address was cut short.")


def forbidden(request: HttpRequest) -> HttpResponse:
    return _page(
        *(request, 403, "This is not for your role"),
        "What your role may do is on the page of your login. An administrator can give you another role.",
    )


def malformed(request: HttpRequest) -> HttpResponse:
    return _page(
        *(request, 400, "This could not be read"),
        "Or your session ended while it was under way. Look at what you were at, and try again.",
    )


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW: the form was not ours, or is older than the login."""
    return _page(
        *(request, 403, "This form is too old"),
        "You have logged in or out since it was shown. Nothing was done. Go back, reload the page, and try again.",
    )


def mistake(request: HttpRequest) -> HttpResponse:
    """Made of nothing that could fail a second time."""
    return HttpResponse(
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>paygate</title>"
        "<body style='font: 16px/1.5 sans-serif; max-width: 34rem; margin: 20vh auto; padding: 0 1rem'>"
        "<h1 style='font-size: 1.25rem'>This went wrong on our side</h1><p>It is in our log as "
        f"<code>{getattr(request, 'request_id', '')}</code>. Look at the page of what you were at before you"
        " try again: it says what was done.</p><p><a href='/admin/'>To the start</a></p>",
        status=500,
    )


def _page(request: HttpRequest, status: int, title: str, says: str) -> HttpResponse:
    inside = hasattr(request, "user") and is_in(request)
    page = {
        **admin.site.each_context(request),
        "title": title,
        "says": says,
        "layout": "admin/base.html" if inside else "unfold/layouts/unauthenticated.html",
    }
    return render(request, "staff/refusal.html", page, status=status)
