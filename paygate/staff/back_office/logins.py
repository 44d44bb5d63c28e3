"""Other people's logins: what they show at the door, and where they are logged in. Administrators look after both.

Nobody looks after their own here: what one does to oneself is on the page of one's login (account.py), where the last
authenticator stays.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action

from kernel.audit.record import audited
from kernel.back_office import ModelAdmin, ReadOnly, ReasonForm, asks, go_to
from kernel.db import atomic
from paygate.staff import factors
from paygate.staff.models import Authenticator, Session
from paygate.staff.sessions import end
from paygate.staff.step_up import step_up


class NotOneself(Exception):
    """The words are for the person."""


class AboveThem(Exception):
    """It is a superuser's; the words are for the person."""


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnly, ModelAdmin):
    list_display = ("user", "kind", "name", "created_at", "used_at")
    list_filter = ("kind",)
    list_select_related = ("user",)
    search_fields = ("user__username",)
    search_help_text = "The login"
    fields = ("user", "kind", "name", "created_at", "used_at")
    ordering = ("user__username", "id")
    actions_detail = ("reset",)

    def has_reset_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("staff.reset_authenticator")

    @action(  # type: ignore[untyped-decorator]
        description="Reset all of this person's",
        permissions=["reset"],
        dialog=asks(
            "Reset",
            "All second factors and recovery codes of this person are taken away, and all sessions end. With the"
            " password alone a new one can then be added: be sure whom you talk to. How did you make sure?",
        ),
    )
    def reset(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Take everything away that its owner lost. Not one's own."""
        there = reverse("admin:staff_authenticator_changelist")
        if answer := step_up(request):
            return answer
        one = self.get_object(request, object_id)
        if one is None:  # Somebody else was quicker.
            return go_to(request, there)
        because = form.cleaned_data["reason"]
        try:
            reset(request, one.user, because=because)
        except (NotOneself, AboveThem) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"{one.user} adds a new second factor at the next login.")
        return go_to(request, there)


@admin.register(Session)
class SessionAdmin(ReadOnly, ModelAdmin):
    list_display = ("user", "browser", "address", "begun_at", "seen_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "address")
    search_help_text = "The login, or an address"
    fields = ("user", "browser", "agent", "address", "begun_at", "seen_at", "expire_date")
    ordering = ("-seen_at",)
    actions_detail = ("end",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Those of people; who is on the way in has none."""
        return super().get_queryset(request).filter(user__isnull=False)

    def has_end_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("staff.end_session")

    @action(  # type: ignore[untyped-decorator]
        description="End",
        permissions=["end"],
        dialog=asks("End", "Whoever uses it is logged out at once. Why?"),
    )
    def end(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """End it, at once; a second time nothing is there to end."""
        if answer := step_up(request):
            return answer
        ended = end(
            request,
            self.get_queryset(request).filter(pk=object_id),
            because=form.cleaned_data["reason"],
        )
        messages.success(request, "The session ended." if ended else "It had ended already.")
        return go_to(request, reverse("admin:staff_session_changelist"))


def reset(request: HttpRequest, user: User, *, because: str) -> None:
    """Take all second factors of somebody else away, and end their sessions. Raises NotOneself and AboveThem."""
    with audited(
        request,
        "second_factor.reset",
        kind="user",
        subject=str(user.pk),
        because=because,
        refusals=(NotOneself, AboveThem),
    ) as deed:
        if user == request.user:
            raise NotOneself("Nobody resets their own: ask another administrator.")
        if user.is_superuser and not request.user.is_superuser:
            raise AboveThem("A superuser's are reset by another superuser.")
        with atomic():
            deed.details["taken away"] = [str(one) for one in factors.of(user)]
            factors.take_all_away(user)
            end(request, user.sessions.all(), because=because)
