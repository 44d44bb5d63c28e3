"""Forms of the back office ask why: whoever adds, changes or deletes a row says so, and the audit log keeps it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict
from unfold.widgets import UnfoldAdminTextareaWidget

#: The name under which a form's reason comes.
BECAUSE = "because"


def reason_field() -> forms.CharField:
    """What every form of the back office asks with."""
    return forms.CharField(
        label="Reason",
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept in the audit log, beside your name.",
    )


class ReasonOnly(forms.Form):
    because = reason_field()


class AsksWhy:
    """For pages: a field for the reason at the end of every form that changes something, and when one is deleted.

    A form that has a field of that name already, because its verb wants to know as well, is left as it is.
    """

    delete_confirmation_template = "back_office/delete.html"

    def get_form(
        self: Any, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        base = kwargs.pop("form", self.form)
        if self._asks_why(request, obj) and BECAUSE not in base.base_fields:
            made = {"__module__": base.__module__, BECAUSE: reason_field()}
            base = type(base)(base.__name__, (base,), made)
        return super().get_form(request, obj, change, form=base, **kwargs)  # type: ignore[misc]

    def get_fieldsets(self: Any, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)  # type: ignore[misc]
        if not self._asks_why(request, obj) or BECAUSE in self.form.base_fields:
            return fieldsets
        return [*fieldsets, (None, {"fields": (BECAUSE,)})]

    def get_actions(self: Any, request: HttpRequest) -> Any:
        """Rows are deleted one by one: nobody gives a reason for what is ticked and gone."""
        actions = super().get_actions(request)  # type: ignore[misc]
        actions.pop("delete_selected", None)
        return actions

    def delete_view(
        self: Any, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> Any:
        """Asks again where no reason is given."""
        form = ReasonOnly(request.POST if request.method == "POST" else None)
        if request.method == "POST" and not form.is_valid():
            request.POST = QueryDict()
        context = {**(extra_context or {}), "form": form}
        return super().delete_view(request, object_id, context)  # type: ignore[misc]

    def _asks_why(self: Any, request: HttpRequest, obj: Any) -> bool:
        may = self.has_add_permission(request) if obj is None else None
        return bool(self.has_change_permission(request, obj) if may is None else may)
