"""People and roles: who works here and as what. What a role may is shown, and changed by a migration alone.

Nobody changes their own roles, makes anybody a superuser, or touches a superuser's login but another superuser. People
are not deleted and keep the name of their login: the audit log and what waits for a second person know them by it.
Whoever leaves is made inactive, and every session of theirs ends.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from kernel.audit.record import snapshot
from kernel.back_office import ModelAdmin, ReadOnly
from kernel.reasons import BECAUSE, reason_field
from paygate.staff.step_up import step_up

admin.site.unregister(User)
admin.site.unregister(Group)


class NewPasswordForm(AdminPasswordChangeForm):  # type: ignore[misc]
    because = reason_field()


@admin.register(User)
class PersonAdmin(UserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = NewPasswordForm
    change_user_password_template = "staff/password.html"  # noqa: S105
    list_display = ("username", "name", "email", "in_roles", "is_active", "last_login")
    list_filter = ("groups", "is_active", "is_superuser")
    search_fields = ("username", "first_name", "last_name", "email")
    search_help_text = "Login, name or e-mail"
    readonly_fields = ("new_password", "is_superuser", "last_login", "date_joined", "audit")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "new_password", "first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "groups", "is_superuser")}),
        ("Lately", {"fields": ("last_login", "date_joined", "audit")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email")}),
        ("Access", {"fields": ("password1", "password2", "groups")}),
        (None, {"fields": (BECAUSE,)}),
    )

    @admin.display(description="name")
    def name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description="roles")
    def in_roles(self, user: User) -> str:
        return ", ".join(sorted(group.name for group in user.groups.all()))

    @admin.display(description="password")
    def new_password(self, user: User) -> str:
        page = reverse("admin:auth_user_password_change", args=[user.pk])
        return format_html(
            '<a class="text-primary-600 dark:text-primary-400 underline" href="{}">{}</a>',
            *(page, "Set a new one"),
        )

    @admin.display(description="what they did")
    def audit(self, user: User) -> str:
        page = reverse("admin:kernel_entry_changelist")
        return format_html(
            '<a class="text-primary-600 dark:text-primary-400 underline" href="{}?by={}">{}</a>',
            *(page, user.get_username(), "Everything in the audit log"),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        found: QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        return found

    # -------------------------------------------------------------------------------- who may what

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """One's own roles are others' to change. Nobody is renamed: by their login the log and requests know them."""
        if obj is None:
            return self.readonly_fields
        own = obj.pk == request.user.pk
        return (*self.readonly_fields, "username", *(("groups", "is_active") if own else ()))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the way to a new password for whoever may not set it here."""
        found = super().get_fieldsets(request, obj)
        if obj is None or (self.has_change_permission(request, obj) and obj.pk != request.user.pk):
            return found
        return [
            (title, {**of, "fields": [one for one in of["fields"] if one != "new_password"]})
            for title, of in found
        ]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups" and field is not None:
            field.label, field.help_text = "Roles", ""
            choices: Any = field.choices
            field.widget = CheckboxSelectMultiple(choices=choices)
        return field

    # ----------------------------------------------------------------------------------- the forms

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method == "POST" and (answer := step_up(request)):
            return answer
        return super().changeform_view(request, *args, **kwargs)

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """For somebody who lost theirs. One's own is changed by whoever knows the old one."""
        # By the row: one number is written in many ways in an address.
        if self.get_object(request, unquote(id)) == request.user:
            raise PermissionDenied
        if request.method == "POST" and (answer := step_up(request)):
            return answer
        return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)

    def as_logged(self, row: User) -> dict[str, Any]:
        """With the roles, which are in no column of theirs."""
        return {**snapshot(row), "roles": sorted(row.groups.values_list("name", flat=True))}


@admin.register(Group)
class RoleAdmin(ReadOnly, ModelAdmin):
    list_display = ("name", "people")
    ordering = ("name",)
    fields = readonly_fields = ("name", "members", "may")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        counted: QuerySet[Group] = super().get_queryset(request).annotate(count=Count("user"))
        return counted

    @admin.display(description="people")
    def people(self, role: Any) -> int:
        return int(role.count)

    @admin.display(description="people")
    def members(self, role: Group) -> str:
        return format_html_join(
            ", ",
            '<a class="text-primary-600 dark:text-primary-400 underline" href="{}">{}</a>',
            (
                (reverse("admin:auth_user_change", args=[user.pk]), user.get_username())
                for user in User.objects.filter(groups=role).order_by("username")
            ),
        )

    @admin.display(description="may")
    def may(self, role: Group) -> str:
        names = role.permissions.order_by("name").values_list("name", flat=True)
        return format_html(
            "<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((n,) for n in names))
        )
