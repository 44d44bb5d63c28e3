"""The page of one attempt of which nobody knows what became: ask the PSP now, or say with a document what it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget

from kernel.audit.record import audited
from kernel.clock import now
from kernel.ids import encode, uuid7
from kernel.reasons import reason_field
from merchants.models import Merchant
from paygate.approvals.ask import UnableToAsk
from paygate.approvals.documents import UnfitDocument
from paygate.approvals.models import Request, State
from paygate.payments.back_office.typed import NotAnAmount, in_minor
from paygate.payments.back_office.words import OPERATIONS, OUTCOMES, called
from paygate.payments.begin import UnableToProceed
from paygate.payments.look_up import look_up_now
from paygate.payments.models import Attempt, Payment, Result
from paygate.payments.verdict import EXECUTED, LETS_GO, NOT_EXECUTED, ask_for_verdict
from paygate.staff.step_up import step_up

#: What may be done here, and the right that it takes.
DEEDS = {"look_up": "payments.look_up", "verdict": "payments.decide_unknown"}
REFUSALS = (UnableToProceed, UnableToAsk, UnfitDocument)


class LookUpForm(forms.Form):
    because = reason_field()

    def __init__(self, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, auto_id="look_up_%s")


class VerdictForm(forms.Form):
    """What a document says. Its key is the same when the same form comes twice."""

    key = forms.CharField(max_length=36, widget=forms.HiddenInput)
    verdict = forms.ChoiceField(
        label="What the document says",
        choices=[(EXECUTED, "It was executed"), (NOT_EXECUTED, "It certainly was not executed")],
        widget=forms.RadioSelect,
    )
    psp_reference = forms.CharField(
        label="PSP's reference",
        required=False,
        max_length=100,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="As the document has it; where it was executed.",
    )
    amount = forms.CharField(
        label="Amount",
        required=False,
        max_length=20,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text="As the document has it; where it was executed.",
    )
    document = forms.FileField(
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".pdf,.jpg,.jpeg,.png"}),
        help_text="What the PSP wrote, or a page of its dashboard: PDF, JPEG or PNG, at most 10 MB.",
    )
    because = reason_field()

    def __init__(
        self, data: Any = None, files: Any = None, *, payment: Payment, attempt: Attempt
    ) -> None:
        # Two forms are on the page: their fields' ids must differ, their names need not.
        super().__init__(data, files, initial={"key": str(uuid7())}, auto_id="verdict_%s")
        self._payment, self._attempt = payment, attempt
        self.fields["amount"].label = f"Amount in {payment.currency}"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("verdict") != EXECUTED:
            return given
        if not given.get("psp_reference", "").strip() and self._attempt.operation not in LETS_GO:
            self.add_error("psp_reference", "Give the reference that the document names.")
        if not given.get("amount") and self._attempt.operation not in LETS_GO:
            self.add_error("amount", "Give the amount that the document names.")
        elif given.get("amount"):
            try:
                given["minor"] = in_minor(given["amount"], self._payment.currency)
            except NotAnAmount as why:
                self.add_error("amount", str(why))
        return given


class UnresolvedPage:
    """One request for it. Raises Http404, and PermissionDenied for whoever may not look."""

    def __init__(self, page: Any, request: HttpRequest, object_id: str) -> None:
        if not page.has_view_permission(request):
            raise PermissionDenied
        self._page, self._request = page, request
        self._attempt = _attempt(object_id)
        self._payment: Payment = Payment.objects.get(
            merchant_id=self._attempt.merchant_id, id=self._attempt.payment_id
        )

    def answer(self) -> HttpResponse:
        """Show it, or do what was asked for and show what came of it."""
        if self._request.method != "POST":
            return self._shown()
        deed = self._request.POST.get("deed", "")
        if deed not in DEEDS or not self._request.user.has_perm(DEEDS[deed]):
            raise PermissionDenied
        if first := step_up(self._request):
            return first
        form = self._form(deed, self._request.POST, self._request.FILES)
        if not form.is_valid():
            return self._shown(**{deed: form})
        try:
            with audited(
                self._request,
                "look_up" if deed == "look_up" else "verdict.ask",
                self._payment,
                because=form.cleaned_data["because"],
                refusals=REFUSALS,
                attempt=self._attempt.public_id,
            ) as log:
                said = self._do(deed, form.cleaned_data)
                log.details |= {"attempt": self._attempt.public_id, "came": said}
        except REFUSALS as refusal:
            messages.error(self._request, str(refusal))
            return self._shown(**{deed: form})
        return redirect(reverse("admin:payments_unresolved_change", args=[self._attempt.id]))

    def _do(self, deed: str, given: dict[str, Any]) -> str:
        if deed == "look_up":
            looked = look_up_now(self._attempt, at=now())
            tell = messages.success if looked.settled else messages.warning
            tell(self._request, looked.said)
            return looked.said
        asked = ask_for_verdict(
            self._attempt,
            executed=given["verdict"] == EXECUTED,
            psp_reference=given["psp_reference"],
            amount=given.get("minor"),
            document=given["document"],
            by=self._request.user.get_username(),
            because=given["because"],
            key=given["key"],
            at=now(),
        )
        messages.success(self._request, f"{asked.public_id} waits for a second person.")
        return asked.public_id

    def _form(self, deed: str, *data: Any) -> forms.Form:
        if deed == "look_up":
            return LookUpForm(*data)
        return VerdictForm(*data, payment=self._payment, attempt=self._attempt)

    def _shown(self, **forms_: forms.Form) -> HttpResponse:
        attempt, payment, user = self._attempt, self._payment, self._request.user
        unknown = attempt.open and attempt.outcome == Result.UNKNOWN
        requests = list(
            Request.objects.filter(
                merchant_id=attempt.merchant_id, subject=attempt.public_id
            ).order_by("-id")
        )
        waiting = any(one.state in {State.PENDING, State.APPROVED} for one in requests)
        may = {deed: user.has_perm(right) for deed, right in DEEDS.items()}
        outcome, tone = OUTCOMES[attempt.outcome]
        return TemplateResponse(
            self._request,
            "payments/unresolved.html",
            {
                **self._page.admin_site.each_context(self._request),
                "opts": self._page.opts,
                "title": attempt.public_id,
                "attempt": attempt,
                "money": payment.money(attempt.amount),
                "operation": OPERATIONS[attempt.operation],
                "psp": called(attempt.psp),
                "outcome": outcome,
                "tone": tone,
                "unknown": unknown,
                "age": span(now() - attempt.started_at),
                "facts": self._facts(),
                "payment": payment,
                "whole": payment.money(payment.amount),
                "requests": requests,
                "waiting": waiting,
                "look_up": forms_.get("look_up", self._form("look_up"))
                if attempt.open and may["look_up"]
                else None,
                "verdict": forms_.get("verdict", self._form("verdict"))
                if unknown and may["verdict"] and not waiting
                else None,
                "lets_go": attempt.operation in LETS_GO,
            },
        )

    def _facts(self) -> list[tuple[str, Any]]:
        attempt = self._attempt
        merchant = Merchant.objects.filter(id=attempt.merchant_id).first()
        due = attempt.next_look_at
        return [
            ("Attempt", attempt.public_id),
            ("Merchant", merchant.name if merchant else encode("mer", attempt.merchant_id)),
            ("Mode", "live" if self._payment.livemode else "test"),
            ("Asked", f"{attempt.started_at:%Y-%m-%d %H:%M:%S} UTC"),
            ("Looked up", f"{attempt.looks} times" if attempt.looks else "not yet"),
            *([("Next automatic look", f"{due:%Y-%m-%d %H:%M:%S} UTC")] if due else []),
            *([("Last heard", attempt.psp_message)] if attempt.psp_message else []),
            *([("PSP's reference", attempt.psp_reference)] if attempt.psp_reference else []),
        ]


def _attempt(object_id: str) -> Attempt:
    try:
        found: Attempt | None = Attempt.objects.filter(id=UUID(object_id)).first()
    except ValueError:  # An address that somebody typed.
        found = None
    if found is None:
        raise Http404
    return found


def span(length: timedelta) -> str:
    """ "40 s", "3 min", "5 h", "2 days"."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds >= 48 * 3600:
        return f"{seconds // 86400} days"
    for size, name in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"
