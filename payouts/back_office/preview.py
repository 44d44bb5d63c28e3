"""The page on which a batch is looked at and decided on: totals, what stands in the way, what is odd, what has changed.

What is decided names the digest of what was shown, so that nobody stands for anything else.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextareaWidget

from kernel.audit.record import audited
from kernel.clock import now
from paygate.staff.step_up import step_up
from payouts.acts import who_had_a_say
from payouts.approve import approve, submit
from payouts.back_office.asking import address_of
from payouts.back_office.batch_words import STEPS, TONES, Named, progress, sentence, told
from payouts.batch import Refused, cancel, change_date, fill, remove, take_back
from payouts.models import Batch
from payouts.preview import Preview, changes, preview

#: What may be done to a batch in a state: its name, what the button says, the right it takes.
DEEDS: dict[str, list[tuple[str, str, str]]] = {
    Batch.State.DRAFT: [
        ("submit", "Submit for approval", "payouts.build_batch"),
        ("remove", "Take out what stands in the way", "payouts.build_batch"),
        ("fill", "Take in what is loose", "payouts.build_batch"),
        ("change_date", "Change the date", "payouts.build_batch"),
        ("cancel", "Cancel", "payouts.build_batch"),
    ],
    Batch.State.PENDING_APPROVAL: [
        ("approve", "Approve", "payouts.approve_batch"),
        ("take_back", "Back to draft", "payouts.build_batch"),
        ("remove", "Take out what stands in the way", "payouts.build_batch"),
        ("cancel", "Cancel", "payouts.build_batch"),
    ],
    Batch.State.APPROVED: [("cancel", "Cancel", "payouts.build_batch")],
}


class DecideForm(forms.Form):
    digest = forms.CharField(widget=forms.HiddenInput)
    seen_at = forms.DateTimeField(widget=forms.HiddenInput)
    reason = forms.CharField(
        required=False,
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept with the batch, beside your name. Whatever is not simply submitted or filled needs one.",
    )
    value_date = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))


class PreviewPage:
    """One request for the page of one batch."""

    def __init__(self, page: Any, request: HttpRequest, batch_id: UUID) -> None:
        if not page.has_view_permission(request):
            raise PermissionDenied
        found: Batch | None = Batch.objects.filter(id=batch_id).first()
        if found is None:
            raise Http404
        self._page, self._request, self._batch = page, request, found
        self._by = request.user.get_username()

    def answer(self) -> HttpResponse:
        """Show it, or do what was asked for and show what came of it."""
        if self._request.method != "POST":
            return self._shown(preview(self._batch, at=now()))
        deed = self._request.POST.get("deed", "")
        if deed not in dict(self._deeds()):
            raise PermissionDenied
        form = DecideForm(self._request.POST)
        if not form.is_valid():
            return self._shown(preview(self._batch, at=now()), form)
        if answer := step_up(self._request):
            return answer
        why = form.cleaned_data["reason"]
        try:
            with audited(
                self._request, f"batch.{deed}", self._batch, because=why, refusals=(Refused,)
            ) as entry:
                done = entry.details["said"] = self._do(deed, form.cleaned_data)
        except Refused as refusal:
            messages.error(self._request, str(refusal))
        else:
            messages.success(self._request, f"{done}.")
        return redirect(reverse("admin:payouts_batch_preview", args=[self._batch.id]))

    def _deeds(self) -> list[tuple[str, str]]:
        """What this person may do now."""
        may = [
            (name, title)
            for name, title, right in DEEDS.get(self._batch.state, [])
            if self._request.user.has_perm(right)
        ]
        if self._by in who_had_a_say(self._batch):
            may = [one for one in may if one[0] != "approve"]
        return may

    def _do(self, deed: str, given: dict[str, Any]) -> str:
        batch, at = self._batch, now()
        named: dict[str, Any] = {"by": self._by, "because": given["reason"], "at": at}
        seen: dict[str, Any] = {"digest": given["digest"], "seen_at": given["seen_at"]}
        match deed:
            case "submit":
                submit(batch, by=self._by, **seen, at=at)
                return "Submitted"
            case "approve":
                large = self._request.user.has_perm("payouts.approve_large_batch")
                approve(batch, **named, **seen, may_approve_large=large)
                return "Approved"
            case "remove":
                count = remove(batch, preview(batch, at=at).blocked, **named)
                return f"{count} payouts taken out"
            case "fill":
                return f"{fill(batch, by=self._by, at=at)} payouts taken in"
            case "change_date":
                day = given["value_date"] or batch.value_date
                change_date(batch, day, **named)
                return f"Dated {day}"
            case "take_back":
                take_back(batch, **named)
                return "Back to draft"
        cancel(batch, **named)
        return "Canceled"

    def _shown(self, shown: Preview, form: DecideForm | None = None) -> HttpResponse:
        batch, deeds = shown.batch, dict(self._deeds())
        changed = changes(shown) if batch.state == Batch.State.PENDING_APPROVAL else None
        return TemplateResponse(
            self._request,
            "payouts/preview.html",
            {
                **self._page.admin_site.each_context(self._request),
                "opts": self._page.opts,
                "title": batch.public_id,
                "batch": batch,
                "batch_url": address_of(batch),
                "preview": shown,
                "sentence": sentence(batch, may_approve="approve" in deeds),
                "steps": STEPS,
                "tone": TONES.get(batch.state, ""),
                "progress": progress(batch),
                "blocking": [Named(f.words, f.payouts) for f in shown.blocking],
                "warnings": [Named(f.words, f.payouts) for f in shown.warnings],
                "changes": changed and told(changed),
                "since": changed and changed.since,
                "large": shown.large if batch.state == Batch.State.PENDING_APPROVAL else (),
                "files": batch.files.defer("content").order_by("id"),
                "acts": batch.acts.order_by("id"),
                "deeds": deeds,
                "form": form
                or DecideForm(
                    initial={
                        "digest": shown.digest,
                        "seen_at": shown.at.isoformat(),
                        "value_date": batch.value_date,
                    }
                ),
            },
        )
