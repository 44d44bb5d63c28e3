"""How pages carry a verb out and say what came of it, and how they name what they are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from kernel.audit.record import audited
from kernel.back_office import Kept, go_to
from paygate.staff.step_up import step_up


def carry_out(
    request: HttpRequest,
    row: Any,
    verb: Callable[[], Any],
    *,
    act: str,
    done: str,
    why: str,
    refusals: tuple[type[Exception], ...],
) -> HttpResponse:
    """Do it, with an entry in the audit log, and go back to the row; what is refused is said.

    Whoever's login is not fresh proves themselves first.
    """
    if answer := step_up(request):
        return answer
    try:
        with audited(request, act, row, because=why, refusals=refusals):
            verb()
    except refusals as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{done}.")
    return go_to(request, address_of(row))


def address_of(row: Any) -> str:
    """The page of a row."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def link(row: Any, text: str) -> str:
    """A link to the page of a row."""
    return format_html('<a href="{}">{}</a>', address_of(row), text)


def stands(model: Any, object_id: str | None, **wanted: Any) -> bool:
    """Does the row stand as wanted? (Of nothing in particular: maybe.)"""
    if object_id is None:
        return True
    try:
        return bool(model.objects.filter(id=UUID(object_id), **wanted).exists())
    except ValueError:  # An address that somebody typed.
        return False


class ByVerb(forms.ModelForm):  # type: ignore[type-arg]
    """A form whose row is written as it is checked: only the verb knows whether it can be."""

    by = ""  # Who fills it in.
    unfit: Any = ()  # What the verb raises of a field: `param`, `message`.

    def write(self, given: dict[str, Any]) -> Any:
        """The row, by the verb."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        try:
            self.instance = self.write(given)
        except self.unfit as fault:
            raise forms.ValidationError({fault.param: fault.message}) from None
        return given

    def _post_clean(self) -> None:
        """Nothing is left to be set."""

    def save(self, commit: bool = True) -> Any:
        return self.instance

    def save_m2m(self) -> None:
        """There are none."""


class AddedByVerb(Kept):
    """Pages of rows that are added by such a form, and as they are shown (`shown`) from then on."""

    form: type[ByVerb]
    shown: tuple[str, ...]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return tuple(self.form.declared_fields) if obj is None else self.shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.shown

    def get_form(
        self: Any, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)  # type: ignore[misc]
        form.by = request.user.get_username()
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The form has: see there."""
