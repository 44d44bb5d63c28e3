"""The proof in the back office: what the last runs found, and a button that has it run now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action

from kernel.audit.record import audited
from kernel.back_office import ModelAdmin, ReadOnly, ReasonForm, asks, go_to
from kernel.money import Money
from paygate.proof.dispatch import have_it_run
from paygate.proof.models import Run
from paygate.proof.queues import failing


class Standing(admin.SimpleListFilter):
    """Those since the last run that holds: what the sidebar's queue counts."""

    title, parameter_name = "standing", "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("failing", "failing now")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset & failing() if self.value() else queryset


@admin.register(Run)
class RunAdmin(ReadOnly, ModelAdmin):
    list_display = ("at", "holds_", "discrepancies", "payments", "took", "who")
    list_filter = (Standing, "holds")
    ordering = ("-at",)
    show_full_result_count = False
    actions_list = ("prove_now",)

    @admin.display(description="Seconds", ordering="seconds")
    def took(self, run: Run) -> str:
        return f"{run.seconds:.1f}"

    @admin.display(description="By")
    def who(self, run: Run) -> str:
        return run.by or "the night"

    @admin.display(description="Result", ordering="holds")
    def holds_(self, run: Run) -> str:
        tone, words = ("good", "Holds") if run.holds else ("bad", "Does not hold")
        return format_html('<span class="console-badge console-{}">{}</span>', tone, words)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """What was proved over what, and each statement; what is not so comes first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            run: Run | None = Run.objects.filter(id=UUID(object_id)).first()
        except ValueError:  # An address that somebody typed.
            run = None
        if run is None:
            raise Http404
        if request.method == "POST":  # Kept in ink.
            raise PermissionDenied
        result = run.result
        return TemplateResponse(
            request,
            "proof/run.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": str(run),
                "run": run,
                "who": self.who(run),
                "result": result,
                "captured": [Money(minor, code) for code, minor in result["captured"].items()],
                "findings": sorted(result["findings"], key=lambda one: not one["contradictions"]),
            },
        )

    def has_run_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("proof.run"))

    @action(  # type: ignore[untyped-decorator]
        description="Prove now",
        url_path="prove-now",
        permissions=["run"],
        dialog=asks(
            "Prove now",
            "All of it is recomputed from the entries, payments and calls themselves. What for?",
        ),
    )
    def prove_now(self, request: HttpRequest, form: ReasonForm) -> HttpResponse:
        why = form.cleaned_data["reason"]
        with audited(request, "proof.run", because=why, kind="run", subject="new") as deed:
            runs = deed.details["runs"] = have_it_run(by=request.user.get_username())
        if runs:
            messages.success(request, "It runs; its result comes here when it has ended.")
        else:
            messages.error(
                request, "Nobody could be asked: the broker is gone. Run manage.py prove."
            )
        return go_to(request, reverse("admin:proof_run_changelist"))
