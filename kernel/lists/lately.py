"""A filter by a column's values, offered as they came lately: to ask a whole table for them takes longer each day."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AllValuesFieldListFilter
from django.db.models import CharField, Field, TextField
from django.http import HttpRequest

NEWEST = 2_000  # Rows that are looked at.


class Lately(AllValuesFieldListFilter):
    """Others are filtered by as well, where the address names them."""

    def __init__(
        self,
        field: Field[Any, Any],
        request: HttpRequest,
        params: dict[str, Any],
        model: Any,
        model_admin: Any,
        field_path: str,
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        # In the order of the list itself, which an index has.
        order = model_admin.get_ordering(request) or ("-pk",)
        newest = (
            model_admin.get_queryset(request).order_by(*order).values_list(field_path, flat=True)
        )
        self.lookup_choices: Any = sorted(
            {str(value) for value in newest[:NEWEST] if value is not None}
        )


def offering(model: Any, filters: Any) -> tuple[Any, ...]:
    """A page's filters, those by a column of any text offering what came lately."""
    return tuple((one, Lately) if _of_any_text(model, one) else one for one in filters)


def _of_any_text(model: Any, one: Any) -> bool:
    if not isinstance(one, str) or "__" in one:
        return False
    field = model._meta.get_field(one)
    return isinstance(field, CharField | TextField) and not field.choices
