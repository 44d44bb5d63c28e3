"""The page of one request: who asks for what and why, and the buttons of whoever may decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from kernel.audit.record import audited
from kernel.clock import now
from kernel.reasons import reason_field
from paygate.approvals.back_office.showing import age, badge, link, merchant, stamp
from paygate.approvals.decide import (
    MAY,
    UnableToDecide,
    approve,
    may_not_approve,
    reject,
    withdraw,
)
from paygate.approvals.models import Request, State, document_of
from paygate.staff.step_up import step_up

VERBS = {"approve": approve, "reject": reject, "withdraw": withdraw}


class DecideForm(forms.Form):
    because = reason_field()


class RequestPage:
    """One request for the page of one."""

    def __init__(self, page: Any, request: HttpRequest, row: Request) -> None:
        self._page, self._request, self._row = page, request, row
        self._by = request.user.get_username()

    def answer(self) -> HttpResponse:
        """Show it, or decide and show what came of it."""
        if self._request.method != "POST":
            return self._shown(DecideForm())
        deed = self._request.POST.get("deed", "")
        if deed not in VERBS or not self._may(deed):
            raise PermissionDenied
        if first := step_up(self._request):
            return first
        form = DecideForm(self._request.POST)
        if not form.is_valid():
            return self._shown(form)
        self._do(deed, form.cleaned_data["because"])
        return redirect(reverse("admin:approvals_request_change", args=[self._row.id]))

    def _may(self, deed: str) -> bool:
        """Has this person the right to it? Whether it can be done, the verb says, under the row's lock."""
        own = self._row.asked_by == self._by
        return own if deed == "withdraw" else not own and self._request.user.has_perm(MAY)

    def _do(self, deed: str, because: str) -> None:
        try:
            with audited(
                self._request,
                f"request.{deed}",
                self._row,
                because=because,
                refusals=(UnableToDecide,),
                asked_by=self._row.asked_by,
                subject_of_request=self._row.subject,
            ) as log:
                row = VERBS[deed](self._row, by=self._by, because=because, at=now())
                log.details |= {"state": row.state, "result": row.result, "failure": row.failure}
        except UnableToDecide as refusal:
            messages.error(self._request, str(refusal))
            return
        match row.state:
            case State.FAILED:
                messages.error(self._request, f"Approved, and it could not be done: {row.failure}")
            case State.APPROVED:
                messages.warning(self._request, "Approved. It is being carried out.")
            case State.DONE:
                messages.success(self._request, f"Approved and done: {row.result}.")
            case _:
                messages.success(self._request, f"{State(row.state).label}.")

    def _deeds(self) -> tuple[list[tuple[str, str, str]], str]:
        """(name, what the button says, how it looks) of what this person may do; and why not the rest."""
        if self._row.state != State.PENDING:
            return [], ""
        if self._may("withdraw"):
            return [("withdraw", "Withdraw", "")], "You asked for it: somebody else has to approve."
        if not self._may("approve"):
            return [], "You may look at it; somebody who may decide has to."
        why_not = may_not_approve(self._row, self._by)
        deeds = [("reject", "Reject", "console-danger")]
        return ([] if why_not else [("approve", "Approve", "console-primary")]) + deeds, why_not

    def _shown(self, form: DecideForm) -> HttpResponse:
        row = self._row
        deeds, why_not = self._deeds()
        return TemplateResponse(
            self._request,
            "approvals/request.html",
            {
                **self._page.admin_site.each_context(self._request),
                "opts": self._page.opts,
                "title": row.public_id,
                "row": row,
                "badge": badge(row.state),
                "facts": _facts(row),
                "history": _history(row),
                "waits": age(row.asked_at, row.decided_at or now()),
                "document": document_of(row),
                "deeds": deeds,
                "why_not": why_not,
                "form": form,
            },
        )


def _facts(row: Request) -> list[tuple[str, Any]]:
    payment, reason = row.payload.get("payment", ""), row.payload.get("reason", "")
    return [
        ("Request", row.public_id),
        ("About", link(row.subject)),
        *([("Payment", link(payment))] if payment and payment != row.subject else []),
        ("Merchant", merchant(row.merchant_id)),
        ("Amount", row.money),
        *([("Reason for the PSP", reason.replace("_", " "))] if reason else []),
        *(
            [("PSP's reference", row.payload["psp_reference"])]
            if row.payload.get("psp_reference")
            else []
        ),
        ("Mode", "live" if row.livemode else "test"),
    ]


def _history(row: Request) -> list[tuple[str, str, str, Any]]:
    """(when, who, what, why or what came of it), in the order in which it happened."""
    told: list[tuple[str, str, str, Any]] = [
        (stamp(row.asked_at), row.asked_by, "asked", row.asked_because)
    ]
    if row.decided_at:
        word = {State.REJECTED: "rejected", State.WITHDRAWN: "withdrew"}.get(
            State(row.state), "approved"
        )
        told.append((stamp(row.decided_at), row.decided_by, word, row.decided_because))
    if row.ended_at and row.state == State.DONE:
        told.append((stamp(row.ended_at), "", "done", link(row.result)))
    elif row.ended_at:
        told.append((stamp(row.ended_at), "", "could not be done", row.failure))
    return told
