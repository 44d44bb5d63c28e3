"""Submitting and accepting at the desk: shown before, asked of the PSP once, and said what came of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.shortcuts import redirect
from django.test import Client

from disputes.models import Act, Dispute
from disputes.resolve import resolve
from kernel.audit.models import Entry
from kernel.clock import now
from kernel.idempotency.models import IdempotencyKey
from paygate.psp.cases import AcceptCase, Done, Standing, SubmitEvidence
from paygate.psp.gateway import DeclineCode, Declined, NotSent, Unknown
from tests.disputes.back_office.conftest import ACCEPT, ANSWER, LOOK, WHY, Desk, said, words
from tests.disputes.conftest import DUE, PDF, withdrawn
from tests.proof.holds import holds

pytestmark = pytest.mark.django_db


@pytest.fixture
def proved(sam, dispute):
    """With an explanation and a receipt."""
    sam.save(
        dispute,
        {
            "text_explanation": "It was delivered.",
            "file_receipt": SimpleUploadedFile("Receipt.pdf", PDF),
        },
    )
    return fresh(dispute)


def fresh(dispute):
    return Dispute.objects.get(id=dispute.id)


# ----------------------------------------------------------------------------------------- it is shown


def test_what_will_be_sent_is_shown_in_full_and_that_it_is_for_good(sam, proved):
    shown = words(sam.page(proved, "submit"))

    assert "It was delivered." in shown
    assert "Receipt.pdf" in shown
    assert "SHA-256" in shown
    assert "2 pieces of evidence. It cannot be taken back" in shown
    assert "not given:" in shown
    seen = Entry.objects.filter(act="see").latest("position")
    assert seen.details["fields"] == ["explanation", "receipt"]


def test_what_accepting_costs_is_shown(sam, proved):
    shown = words(sam.page(proved, "accept"))

    assert "10.00 USD stays with the cardholder, and Kiosk bears it." in shown
    assert "Our fee of 15.00 USD stays charged. This cannot be taken back." in shown
    assert "too few to tell" in shown


def test_without_evidence_there_is_nothing_to_submit(sam, dispute):
    reply = sam.page(dispute, "submit")

    assert said(reply) == "There is no evidence yet: save some first."


# ------------------------------------------------------------------------------------------ it is done


def test_submitting_sends_exactly_what_is_saved(sam, proved, puppet):
    reply = sam.ask(proved, "submit")

    assert said(reply) == "The evidence was submitted: Stripe has taken it."
    assert fresh(proved).status == "under_review"
    [request] = puppet.asked
    assert isinstance(request, SubmitEvidence)
    assert dict(request.texts) == {"explanation": "It was delivered."}
    assert [(one.kind, one.content) for one in request.files] == [("receipt", PDF)]
    assert "The evidence reached Stripe on" in words(sam.page(proved))
    assert holds()


def test_accepting_loses_it(sam, proved, puppet):
    reply = sam.ask(proved, "accept")

    assert said(reply) == "It was accepted: Stripe has taken it."
    assert fresh(proved).status == "lost"
    [request] = puppet.asked
    assert isinstance(request, AcceptCase)
    assert "Given up on" in words(sam.page(proved))
    assert holds()


@pytest.mark.parametrize("action", ["submit", "accept"])
def test_each_act_is_in_the_audit_log_with_who_why_before_and_after(sam, proved, action):
    sam.ask(proved, action)

    asked, done = Entry.objects.filter(act=f"dispute.{action}").order_by("position")
    assert (asked.outcome, done.outcome, done.answers) == ("asked", "done", asked.position)
    assert (asked.by, asked.because, asked.subject) == (
        sam.user.username,
        WHY,
        proved.public_id,
    )
    assert done.details == {"act": Act.objects.get().public_id}
    assert done.before == {**done.before, "sequence": proved.sequence}
    assert done.after["sequence"] > proved.sequence


@pytest.mark.parametrize("action", ["submit", "accept"])
def test_a_form_that_comes_twice_acts_once(sam, proved, puppet, action):
    form = sam.hidden(proved, action)

    first = sam.press(proved, action, form)
    second = sam.press(proved, action, form)

    assert "Stripe has taken it" in said(first)
    assert said(second) == "This was asked for before; it is done once."
    assert len(puppet.asked) == Act.objects.count() == 1
    again = Entry.objects.filter(act=f"dispute.{action}").latest("position")
    assert (again.outcome, again.details["said"]) == ("refused", said(second))
    key = IdempotencyKey.objects.get(key=form["key"])
    assert (key.subject, key.key.startswith("back-office-")) == (Act.objects.get().id, True)


def test_two_pages_that_were_open_at_once_act_once(sam, proved, puppet):
    first, second = sam.hidden(proved, "submit"), sam.hidden(proved, "accept")
    assert first["key"] != second["key"]

    sam.press(proved, "submit", first)
    reply = sam.press(proved, "accept", second)

    assert said(reply) == "Nothing can be answered now: it is not our turn any more."
    assert len(puppet.asked) == 1


@pytest.mark.parametrize("action", ["submit", "accept"])
def test_what_changed_since_it_was_seen_is_not_sent(sam, proved, puppet, api, action):
    form = sam.hidden(proved, action)
    api.post(f"disputes/{proved.public_id}/evidence", {"explanation": "Something else."}, key=None)

    reply = sam.press(proved, action, form)

    assert said(reply).startswith("The dispute has changed since you looked at it")
    assert puppet.asked == []
    refused = Entry.objects.filter(act=f"dispute.{action}").latest("position")
    assert refused.outcome == "refused"


@pytest.mark.parametrize("action", ["submit", "accept"])
def test_a_deadline_that_passes_between_the_page_and_the_click_is_said(
    sam, proved, puppet, monkeypatch, action
):
    form = sam.hidden(proved, action)
    monkeypatch.setattr("disputes.back_office.case.now", lambda: DUE)

    reply = sam.press(proved, action, form)

    assert said(reply) == "The time to answer is over, so nothing was done."
    assert puppet.asked == []
    assert not Act.objects.exists()


@pytest.mark.parametrize("action", ["submit", "accept"])
@pytest.mark.parametrize(
    "changed, told",
    [
        ({"because": ""}, "This field is required."),
        ({"key": "mine"}, "This form was not complete."),
        ({"key": ""}, "This form was not complete."),
        ({"seen": ""}, "This form was not complete."),
        ({"seen": "many"}, "This form was not complete."),
    ],
)
def test_a_form_that_is_not_complete_does_nothing(sam, proved, puppet, action, changed, told):
    reply = sam.ask(proved, action, **changed)

    assert reply.status_code == 200
    assert told in words(reply)
    assert puppet.asked == []


# -------------------------------------------------------------------------------- what comes of it later


def declined(message="Too late.", code="closed"):
    return Declined(DeclineCode.INVALID_STATE, psp_code=code, psp_message=message)


def test_what_the_psp_refuses_is_told_in_its_own_words(sam, proved, puppet):
    puppet.answers = [declined()]

    reply = sam.ask(proved, "submit")

    assert said(reply) == "The PSP would not take it. Stripe: Too late."
    shown = words(sam.page(proved))
    assert "The PSP would not take it. Stripe said: “Too late.” (closed)" in shown
    assert "Submit what is saved" in shown  # It is still our turn.


def test_what_was_certainly_not_executed_can_be_asked_again(sam, proved, puppet):
    puppet.answers = [NotSent("no connection")]

    reply = sam.ask(proved, "submit")
    assert "certainly did not execute" in said(reply)

    assert "has taken it" in said(sam.ask(fresh(proved), "submit"))
    assert len(puppet.asked) == 2


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("disputes.back_office.asking.PATIENCE", 0.1)


def test_what_is_not_known_is_said_and_nothing_else_can_be_done(sam, proved, puppet, impatient):
    puppet.answers = [Unknown("time-out")]

    reply = sam.ask(proved, "submit")

    assert "It is not known yet whether it arrived." in said(reply)
    page = sam.page(proved)
    assert "it is not known whether it arrived (time-out)" in words(page)
    assert "data-look-again" in page.content.decode()
    for button in ("Save draft", "Submit what is saved", "Accept the dispute"):
        assert button not in words(page)
    assert said(sam.page(proved, "accept")).startswith("Something is being sent")
    again = sam.save(fresh(proved), {"text_explanation": "Another."})
    assert said(again).startswith("Something is being sent")

    puppet.answers = [Done(Standing.UNDER_REVIEW)]
    puppet.case = Unknown("not read")
    puppet.knows_cases = False
    resolve("stripe", at=now() + timedelta(minutes=5))
    assert "The evidence reached Stripe" in words(sam.page(proved))


def test_while_it_is_being_sent_the_page_says_so_and_looks_again(
    sam, proved, monkeypatch, impatient
):
    monkeypatch.setattr("disputes.dispatch.carry_out_task.apply_async", lambda **_: None)

    reply = sam.ask(proved, "submit")

    assert "It is being sent" in said(reply)
    page = sam.page(proved)
    assert "The evidence is being sent to Stripe" in words(page)
    assert "data-look-again" in page.content.decode()
    assert "being sent" in words(sam.client.get("/admin/disputes/dispute/"))


def test_in_a_further_stage_it_can_be_answered_again(sam, case, puppet, noon):
    one = case()
    sam.save(one.heard("needs_response", withdrawn("txn_1")), {"text_explanation": "Delivered."})
    sam.ask(one.dispute, "submit")
    one.heard("won", at=now() + timedelta(minutes=1))
    dispute = one.heard(
        "needs_response",
        withdrawn("txn_2"),
        stage="pre_arbitration",
        at=now() + timedelta(minutes=2),
        evidence_due_by=DUE,
    )

    assert "Submit what is saved" in words(sam.page(dispute))
    assert "has taken it" in said(sam.ask(dispute, "submit"))
    assert len(puppet.asked) == 2


# ------------------------------------------------------------------------------------- a fresh login


@pytest.mark.parametrize("where", ["submit", "accept", "change/"])
def test_each_deed_wants_a_fresh_login_and_does_nothing_without(
    sam, proved, puppet, monkeypatch, where
):
    form = sam.hidden(proved, where)
    before = proved.sequence
    monkeypatch.setattr(
        "disputes.back_office.case.step_up", lambda request: redirect("/admin/prove")
    )

    reply = sam.client.post(
        f"/admin/disputes/dispute/{proved.id}/{where}",
        {**form, "because": WHY, "text_explanation": "Another."},
    )

    assert reply["Location"] == "/admin/prove"
    assert puppet.asked == []
    assert fresh(proved).sequence == before


def test_a_form_without_its_token_is_refused(proved, sam):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(sam.user)

    for where in ("submit", "accept", "change/"):
        address = f"/admin/disputes/dispute/{proved.id}/{where}"
        assert strict.post(address, {"because": WHY}).status_code == 403


def test_who_lost_the_right_while_the_page_was_open_is_refused(proved, puppet):
    lena = Desk(*LOOK, ANSWER, ACCEPT)
    form = lena.hidden(proved, "accept")
    lena.user.user_permissions.clear()

    assert lena.press(proved, "accept", form).status_code == 403
    assert puppet.asked == []
