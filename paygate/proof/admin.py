"""The proof in the back office: what the last runs found, and a button that has it run now."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import action

from kernel.audit.record import audited
from kernel.back_office import ModelAdmin, ReadOnly, ReasonForm, asks, go_to
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
    list_display = ("at", "holds", "discrepancies", "payments", "took", "who")
    list_filter = (Standing, "holds")
    ordering = ("-at",)
    show_full_result_count = False
    fields = readonly_fields = ("summary", "who", "statements")
    actions_list = ("prove_now",)

    @admin.display(description="Seconds", ordering="seconds")
    def took(self, run: Run) -> str:
        return f"{run.seconds:.1f}"

    @admin.display(description="By")
    def who(self, run: Run) -> str:
        return run.by or "the night"

    @admin.display(description="Result")
    def summary(self, run: Run) -> str:
        return str(run.result["summary"])

    @admin.display(description="Statements")
    def statements(self, run: Run) -> SafeString:
        """What is not so comes first."""
        findings = sorted(run.result["findings"], key=lambda found: not found["contradictions"])
        return render_to_string("proof/statements.html", {"findings": findings})

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
