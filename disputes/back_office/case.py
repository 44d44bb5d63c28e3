"""One dispute at the desk: its page, on which evidence is collected, and those that ask before it is sent or given up.

Each deed is one call of the verb that the API calls, on the dispute as it was seen.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from disputes.back_office.asking import REFUSALS_OF_GIVING, Refused, ask, in_words, refuse_past_due
from disputes.back_office.files import may_see_evidence
from disputes.back_office.form import ActForm, EvidenceForm, Place
from disputes.back_office.known import PRIVATE_KINDS, Known
from disputes.back_office.lines import Prospect, prospect
from disputes.back_office.showing import facts, limits, shown, standing, to_be_sent, wanted_kinds
from disputes.back_office.words import KINDS, bytes_
from disputes.change import Busy
from disputes.claim import UnableToAct
from disputes.estimate import chance, history
from disputes.files import LARGEST_IN_ALL
from disputes.find import parts_of
from disputes.form import LARGEST_BODY
from disputes.give import UnfitFiles, give
from disputes.models import Action, Dispute, Evidence
from kernel.audit.record import audited, saw
from kernel.clock import now
from paygate.psp.registry import PspNotConfigured
from paygate.staff.step_up import step_up

ANSWER, ACCEPT, PII = "disputes.answer", "disputes.accept", "merchants.see_pii"


class CasePage:
    """One request for the pages of one dispute. Raises PermissionDenied, and Http404 for what nobody has."""

    def __init__(self, page: Any, request: HttpRequest, object_id: str | UUID) -> None:
        if not page.has_view_permission(request):
            raise PermissionDenied
        try:
            found = Dispute.objects.filter(id=UUID(str(object_id))).first()
        except ValueError:  # An address that somebody typed.
            found = None
        if found is None:
            raise Http404
        self._page, self._request = page, request
        self._dispute: Dispute = found
        self._at: datetime = now()
        self._parts = parts_of(found)
        self._sees = may_see_evidence(request)

    # ------------------------------------------------------------------------------------- the evidence

    def evidence(self) -> HttpResponse:
        """The page of the case; a POST saves evidence."""
        if self._request.method != "POST":
            return self._case(None)
        if not self._may(ANSWER):
            raise PermissionDenied
        if answer := step_up(self._request):
            return answer
        if _length(self._request) > LARGEST_BODY:
            return self._back(f"All files together have at most {bytes_(LARGEST_IN_ALL)}.")
        form = self._form(self._request.POST, self._request.FILES)
        if not form.is_valid():
            return self._case(form)
        given = form.given()
        if given is None:
            messages.info(self._request, "There was nothing new to save.")
            return self._back()
        dispute = self._dispute
        try:
            with audited(
                self._request,
                "dispute.give",
                dispute,
                because=form.cleaned_data["because"],
                refusals=REFUSALS_OF_GIVING,
                texts=sorted(given.texts),
                files=sorted(given.files),
                taken_back=sorted(given.texts_taken_back | given.files_taken_back),
            ):
                refuse_past_due(dispute, self._at)
                give(
                    dispute.merchant_id,
                    dispute.id,
                    given,
                    livemode=dispute.livemode,
                    now=self._at,
                    seen=form.cleaned_data["seen"],
                )
        except UnfitFiles as unfit:
            form.refuse(unfit)
            return self._case(form)
        except UnableToAct as refusal:
            return self._went_on(form, refusal)
        except Busy:
            return self._back("The dispute was busy, so nothing was saved. Try again.")
        except PspNotConfigured as missing:
            return self._back(f"Nothing was saved: {missing}.")
        messages.success(self._request, "Saved as a draft. Nothing has been sent yet.")
        if "then_submit" in self._request.POST:
            return redirect(self._address("submit"))
        return self._back()

    def _went_on(self, form: EvidenceForm, refusal: UnableToAct) -> HttpResponse:
        """What was typed is not lost, where it can still be given."""
        if refusal.code != "dispute_changed":
            return self._back(in_words(refusal))
        self._dispute = Dispute.objects.get(
            merchant_id=self._dispute.merchant_id, id=self._dispute.id
        )
        self._parts = parts_of(self._dispute)
        typed = self._request.POST.copy()
        typed["seen"] = str(self._dispute.sequence)
        again = self._form(typed, None)
        again.is_valid()
        messages.error(
            self._request,
            "The dispute has changed since you opened this page, so nothing was saved. Below is what you typed, "
            "and beside it what is saved now; choose files anew.",
        )
        return self._case(again)

    def _form(self, data: Any = None, files: Any = None) -> EvidenceForm:
        dispute = self._dispute
        ever_given = Evidence.objects.filter(
            merchant_id=dispute.merchant_id, dispute_id=dispute.id
        ).exists()
        return EvidenceForm(
            data,
            files,
            initial={"seen": dispute.sequence},
            parts=self._parts,
            offers=self._known().offers(),
            fill_in=not ever_given,
        )

    # ----------------------------------------------------------------------------- submitting, giving in

    def submit(self) -> HttpResponse:
        """What exactly will be sent; a POST sends it."""
        return self._act(Action.SUBMIT, ANSWER)

    def accept(self) -> HttpResponse:
        """What giving in costs; a POST gives in."""
        return self._act(Action.ACCEPT, ACCEPT)

    def _act(self, action: Action, right: str) -> HttpResponse:
        if not self._may(right):
            raise PermissionDenied
        form = ActForm.fresh(self._dispute.sequence)
        if self._request.method == "POST":
            if answer := step_up(self._request):
                return answer
            form = ActForm(self._request.POST)
            if form.is_valid():
                return self._asked(action, form.cleaned_data)
        if why := standing(self._dispute, self._parts, self._at).closed_because:
            return self._back(why)
        if action == Action.SUBMIT and not self._parts.evidence:
            return self._back("There is no evidence yet: save some first.")
        return self._confirm(action, form)

    def _asked(self, action: Action, given: dict[str, Any]) -> HttpResponse:
        try:
            told = ask(
                self._request,
                self._dispute,
                action,
                key=given["key"],
                because=given["because"],
                seen=given["seen"],
                at=self._at,
            )
        except Refused as refusal:
            return self._back(str(refusal))
        messages.add_message(self._request, told.level, told.words)
        return self._back()

    # -------------------------------------------------------------------------------------------- shown

    def _case(self, form: EvidenceForm | None) -> HttpResponse:
        now_ = standing(self._dispute, self._parts, self._at)
        answers = self._may(ANSWER) and not now_.closed_because
        if answers and form is None:
            form = self._form()
        known = self._known()
        self._note_what_is_seen(known, filled_in=answers)
        first: list[Place] = []
        others: list[Place] = []
        if answers and form is not None:
            on_top = form.first(wanted_kinds(self._dispute))
            first = list(form.places(on_top))
            others = list(form.places(kind for kind in KINDS if kind not in on_top))
        return self._shown(
            "disputes/case.html",
            **shown(
                self._dispute,
                self._parts,
                known,
                at=self._at,
                evidence=self._sees,
                payments=self._request.user.has_perm("payments.view_payment"),
                offered=known.offers() if answers else (),
            ),
            prospect=self._prospect(),
            standing=now_,
            form=form if answers else None,
            first_places=first,
            other_places=others,
            errors_below=any(place.faulty for place in others),
            limits=limits(self._dispute) if answers else "",
            may_submit=answers and bool(self._parts.evidence),
            may_accept=self._request.user.has_perm(ACCEPT) and not now_.closed_because,
            submit_url=self._address("submit"),
            accept_url=self._address("accept"),
            sees_evidence=self._sees,
            may_answer=self._may(ANSWER),
        )

    def _confirm(self, action: Action, form: ActForm) -> HttpResponse:
        if action == Action.SUBMIT:
            saw(self._request, self._dispute, *sorted(self._parts.kinds))
        return self._shown(
            f"disputes/{action.value}.html",
            **facts(self._dispute, self._parts, self._at),
            form=form,
            prospect=None if self._dispute.decided else self._prospect(),
            evidence=to_be_sent(self._parts),
            missing=[
                KINDS[kind][0]
                for kind in wanted_kinds(self._dispute)
                if kind not in self._parts.kinds
            ],
            merchant=self._known().merchant_name,
            back=self._address("change"),
        )

    def _shown(self, template: str, **context: Any) -> HttpResponse:
        return TemplateResponse(
            self._request,
            template,
            {
                **self._page.admin_site.each_context(self._request),
                "opts": self._page.opts,
                "title": f"Dispute {self._dispute.public_id}",
                "dispute": self._dispute,
                **context,
            },
            headers={"Cache-Control": "private, no-store"},
        )

    def _note_what_is_seen(self, known: Known, *, filled_in: bool) -> None:
        """Who the customer is was shown: that is in the audit log."""
        private = self._parts.kinds & PRIVATE_KINDS if self._sees else frozenset()
        if filled_in:
            private |= PRIVATE_KINDS & known.offers().keys()
        if self._request.user.has_perm("payments.view_payment"):
            private |= known.private_in_metadata
        if private:
            saw(self._request, self._dispute, *sorted(private))

    def _known(self) -> Known:
        if not hasattr(self, "_found"):
            self._found = Known.of(self._dispute, names=self._request.user.has_perm(PII))
        return self._found

    def _prospect(self) -> Prospect | None:
        dispute = self._dispute
        if dispute.decided:
            return None
        past = history(dispute.merchant_id, livemode=dispute.livemode)
        return prospect(dispute, chance(dispute, self._parts.kinds, past))

    def _may(self, right: str) -> bool:
        """Whoever answers sees what is answered with."""
        return bool(self._request.user.has_perm(right)) and (self._sees or right != ANSWER)

    def _address(self, name: str) -> str:
        named = {"change": "admin:disputes_dispute_change"}.get(name, f"admin:disputes_{name}")
        return reverse(named, args=[self._dispute.id])

    def _back(self, refusal: str = "") -> HttpResponse:
        if refusal:
            messages.error(self._request, refusal)
        return redirect(self._address("change"))


def _length(request: HttpRequest) -> int:
    """Of the body, in bytes, as it was announced."""
    told = request.META.get("CONTENT_LENGTH") or ""
    return int(told) if told.isascii() and told.isdigit() else 0
