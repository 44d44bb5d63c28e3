"""The page of one break: what happened, what they say and what we have, what would close it, and who did what.

What is decided here names the digest of what was shown, so that nobody stands for anything else.
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
from unfold.widgets import UnfoldAdminTextareaWidget

from kernel.audit.record import audited
from kernel.clock import now
from kernel.money import Money
from ledger.transaction import Unbalanced
from paygate.reconciliation.alike import Alike, alike, approve_all, propose_all
from paygate.reconciliation.back_office.showing import (
    address_of,
    age,
    payment,
    row_of,
    table,
    whose,
)
from paygate.reconciliation.breaks import Refused, propose, reject, take
from paygate.reconciliation.close import approve
from paygate.reconciliation.drafted import as_written, digest
from paygate.reconciliation.faults import AMOUNTS
from paygate.reconciliation.models import Break, BreakState
from paygate.reconciliation.words import called, grouped, happened
from paygate.staff.step_up import step_up

#: The tone of a state's badge; what is closed is good.
TONES = {
    BreakState.OPEN: "bad",
    BreakState.INVESTIGATING: "waiting",
    BreakState.PROPOSED: "waiting",
}
DRAFT, WRITE_OFF = Break.Proposal.DRAFT, Break.Proposal.WRITE_OFF
#: What a line says, in the order in which it is shown.
_ORDER = (
    *("row", "kind", "description", "reference", "object", "payment", "ours", "account"),
    *("currency", "gross", "rate", "settled_currency", "settled_gross", "fee", "net", "billed"),
    *("batch", "booked_at"),
)
PROPOSE, APPROVE = "reconciliation.propose", "reconciliation.approve"


class DecideForm(forms.Form):
    draft = forms.CharField(widget=forms.HiddenInput, required=False)
    write_off = forms.CharField(widget=forms.HiddenInput, required=False)
    alike = forms.CharField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        required=False,
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept with the break, beside your name. Whatever is not simply taken needs one.",
    )


class BreakPage:
    """One request for the page of one break."""

    def __init__(self, page: Any, request: HttpRequest, which: UUID) -> None:
        if not page.has_view_permission(request):
            raise PermissionDenied
        found: Break | None = Break.objects.filter(id=which).first()
        if found is None:
            raise Http404
        self._page, self._request, self._break = page, request, found
        self._by = request.user.get_username()

    def answer(self) -> HttpResponse:
        """Show it, or do what was asked for and show what came of it."""
        if self._request.method != "POST":
            return self._shown()
        form = DecideForm(self._request.POST)
        if not form.is_valid():
            return self._shown(form)
        deed = self._request.POST.get("deed", "")
        if not self._allowed(deed):
            raise PermissionDenied
        if answer := step_up(self._request):
            return answer
        try:
            with audited(
                self._request,
                f"break.{deed}",
                self._break,
                because=form.cleaned_data["reason"],
                refusals=(Refused,),
            ) as entry:
                done = entry.details["said"] = self._do(deed, form.cleaned_data)
        except Refused as refusal:
            messages.error(self._request, str(refusal))
        else:
            messages.success(self._request, done)
        return redirect(address_of(self._break))

    # --------------------------------------------------------------------------------- the deeds

    def _allowed(self, deed: str) -> bool:
        """Has this person the right to it? Whether it can be done, the verb says, under the break's lock."""
        user = self._request.user
        match deed:
            case "take" | "propose_draft" | "propose_write_off":
                return user.has_perm(PROPOSE)
            case "propose_all_draft" | "propose_all_write_off":
                return user.has_perm(PROPOSE)
            case "approve" | "approve_all":
                return user.has_perm(APPROVE)
            case "reject":
                own = self._break.proposed_by == self._by
                return user.has_perm(PROPOSE if own else APPROVE)
        return False

    def _deeds(self, alike: Alike | None) -> list[tuple[str, str]]:
        """What this person may do now, and what the buttons say."""
        if self._break.closed_at is not None:
            return []
        many = "" if alike is None else f"all {alike.count} like this, {grouped(alike.total)}"
        if self._break.state == BreakState.PROPOSED:
            own = self._break.proposed_by == self._by
            deeds = [("reject", "Withdraw" if own else "Reject")]
            if not own:
                deeds.insert(0, ("approve", "Approve"))
                deeds += [("approve_all", f"Approve {many}")] if many else []
        else:
            deeds = []
            if self._posts(DRAFT):
                deeds.append(("propose_draft", "Propose the draft"))
            if self._posts(WRITE_OFF):
                deeds.append(("propose_write_off", "Propose to write it off"))
            if many and deeds:
                deeds += [
                    (f"propose_all_{name[8:]}", f"{title} for {many}") for name, title in deeds
                ]
        if self._break.owner != self._by:
            deeds.append(("take", "Take it"))
        return [(deed, title) for deed, title in deeds if self._allowed(deed)]

    def _do(self, deed: str, given: dict[str, Any]) -> str:
        break_, at = self._break, now()
        named: dict[str, Any] = {"by": self._by, "because": given["reason"], "at": at}
        how = WRITE_OFF if deed.endswith("write_off") else DRAFT
        match deed:
            case "take":
                take(break_, **named)
                return "It is yours."
            case "propose_draft" | "propose_write_off":
                propose(break_, how, **named, digest=given[how.value])
                return "Proposed: somebody else has to approve it."
            case "propose_all_draft" | "propose_all_write_off":
                return f"Proposed: {propose_all(break_, how, **named, digest=given['alike'])}"
            case "reject":
                reject(break_, **named)
                return "Not as it was proposed."
        if break_.state != BreakState.PROPOSED:
            raise Refused("Nothing is proposed.")
        how = Break.Proposal(break_.proposed_as)
        if deed == "approve_all":
            return f"Approved: {approve_all(break_, how, **named, digest=given['alike'])}"
        approve(break_, **named, digest=given[how.value])
        return "Closed."

    # ------------------------------------------------------------------------------ what is shown

    def _posts(self, how: Break.Proposal) -> str:
        """What closing it so would post, as a bookkeeper writes it."""
        try:
            return as_written(self._break, how)
        except Unbalanced as fault:
            return f"No transaction: {fault}"

    def _digest(self, how: Break.Proposal) -> str:
        try:
            return digest(self._break, how)
        except Unbalanced:
            return ""

    def _alike(self) -> Alike | None:
        """The others that the same may be done to, where there are any."""
        break_ = self._break
        if break_.closed_at is not None:
            return None
        proposed = break_.state == BreakState.PROPOSED
        how = Break.Proposal(break_.proposed_as) if proposed else DRAFT
        found = alike(break_, how, proposed=proposed)
        return found if found.count > 1 else None

    def _shown(self, form: DecideForm | None = None) -> HttpResponse:
        break_, alike_ = self._break, self._alike()
        return TemplateResponse(
            self._request,
            "reconciliation/break.html",
            {
                **self._page.admin_site.each_context(self._request),
                "opts": self._page.opts,
                "title": f"{break_.get_cause_display().capitalize()}: {grouped(break_.money)}",
                "break": break_,
                "at_risk": grouped(break_.money),
                "tone": TONES.get(break_.state, "good"),
                "proposal": break_.state == BreakState.PROPOSED,
                "happened": happened(break_),
                "about": table((), _about(break_)),
                "evidence": table(("", called(break_.psp), "Our books"), _evidence(break_)),
                "draft": self._posts(DRAFT),
                "write_off": self._posts(WRITE_OFF),
                "news": table((), (break_.news or {}).items()),
                "notes": table(
                    ("When (UTC)", "What", "Who", "Why"),
                    (
                        (
                            f"{note.at:%Y-%m-%d %H:%M:%S}",
                            note.act,
                            note.by or "by itself",
                            note.because,
                        )
                        for note in break_.notes.order_by("id")
                    ),
                ),
                "deeds": self._deeds(alike_),
                "form": form
                or DecideForm(
                    initial={
                        "draft": self._digest(DRAFT),
                        "write_off": self._digest(WRITE_OFF),
                        "alike": "" if alike_ is None else alike_.digest,
                    }
                ),
            },
        )


def _about(break_: Break) -> list[tuple[str, Any]]:
    told = row_of(break_.statement_id, break_.row)
    paid = payment(break_.payment_id)
    return [
        ("State", break_.get_state_display()),
        ("Mode", "live" if break_.livemode else "test"),
        ("Open for", age(break_.opened_at, break_.closed_at or now())),
        ("Owner", break_.owner or "nobody"),
        ("In the book of", whose(break_.merchant_id)),
        *([("Payment", paid)] if paid else []),
        *([("Found in", told)] if told else []),
        *([("Proposed", _proposal(break_))] if break_.proposed_by else []),
        *([("Closed", _closing(break_))] if break_.closed_at else []),
    ]


def _proposal(break_: Break) -> str:
    how = break_.get_proposed_as_display().lower()
    return f"{how}, by {break_.proposed_by}: {break_.proposed_because}"


def _closing(break_: Break) -> str:
    how = f"{break_.closed_at:%Y-%m-%d %H:%M:%S} by {break_.get_closed_by_display().lower()}"
    if not break_.approved_by:
        return how
    return f"{how}, approved by {break_.approved_by}: {break_.approved_because}"


def _evidence(break_: Break) -> list[tuple[str, Any, Any]]:
    """What they say beside what we have; what is neither stands below."""
    theirs, ours = (_in_order(break_.evidence.get(side) or {}) for side in ("theirs", "ours"))
    names = [*theirs, *(name for name in ours if name not in theirs)]
    rows = [(_named(name), theirs.get(name, ""), ours.get(name, "")) for name in names]
    others = [
        (_named(name), value, "")
        for name, value in break_.evidence.items()
        if name not in ("theirs", "ours")
    ]
    return [row for row in (*rows, *others) if row[1:] != ("", "")]


def _in_order(said: dict[str, Any]) -> dict[str, Any]:
    """As people read a row, for PostgreSQL keeps the shortest names first; a line's amounts are money."""
    names = sorted(said, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    return {name: _amount(name, said) for name in names if said[name] != ""}


def _amount(name: str, said: dict[str, Any]) -> Any:
    currency, value = said.get(AMOUNTS.get(name, "")), said[name]
    return grouped(Money(value, currency)) if currency and isinstance(value, int) else value


def _named(name: str) -> str:
    return name.replace("_", " ").capitalize()
