"""How a migration gives rights to roles: the groups and permissions are made where they are missing.

Django makes permissions only when all migrations are through, and leaves alone those that it finds. What is granted is
written in the migration itself, never read from roles.py, which goes on changing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import migrations

#: What Django itself calls rights: the model's name follows.
_USUAL = ("add", "change", "delete", "view")


def grants(
    roles: Mapping[str, Iterable[str]],
    *,
    of: Mapping[str, tuple[str, str]] | None = None,
    called: Mapping[str, str] | None = None,
) -> Any:
    """An operation that gives each role these rights ("payments.view_payment"), besides those it has.

    `of` tells of a right that is no add, change, delete or view to which model it belongs, and what it says:
    {"payments.refund": ("payment", "Can refund payments")}. `called` gives the verbose names of models whose names
    are not the words themselves: {"merchants.feeplan": "fee plan"}.
    """
    return migrations.RunPython(_granting(roles, of or {}, called or {}), migrations.RunPython.noop)


def _granting(
    roles: Mapping[str, Iterable[str]],
    of: Mapping[str, tuple[str, str]],
    called: Mapping[str, str],
) -> Callable[[Any, Any], None]:
    def give(apps: Any, schema_editor: Any) -> None:
        groups = apps.get_model("auth", "Group").objects
        types = apps.get_model("contenttypes", "ContentType").objects
        permissions = apps.get_model("auth", "Permission").objects
        for role, rights in roles.items():
            group, _ = groups.get_or_create(name=role)
            given = []
            for right in rights:
                app, model, codename, says = _read(right, of, called)
                content_type, _ = types.get_or_create(app_label=app, model=model)
                permission, _ = permissions.get_or_create(
                    content_type=content_type, codename=codename, defaults={"name": says}
                )
                given.append(permission)
            group.permissions.add(*given)

    return give


def _read(
    right: str, of: Mapping[str, tuple[str, str]], called: Mapping[str, str]
) -> tuple[str, str, str, str]:
    """The app, model, codename and words of a right. Raises ValueError for one that nothing is known of."""
    app, _, codename = right.partition(".")
    if right in of:
        return (app, of[right][0], codename, of[right][1])
    verb, _, model = codename.partition("_")
    if verb not in _USUAL or not model:
        raise ValueError(f"{right}: of which model?")
    return app, model, codename, f"Can {verb} {called.get(f'{app}.{model}', model)}"
