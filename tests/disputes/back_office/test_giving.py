"""Evidence collected at the desk: saved as a draft, replaced, taken back, refused with a word for each field."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from disputes.change import Busy
from disputes.models import Act, Dispute, Evidence
from kernel.audit.models import Entry
from paygate.psp.registry import PspNotConfigured
from tests.disputes.back_office.conftest import WHY, said, words
from tests.disputes.conftest import DUE, PDF

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
CARD = "4242 4242 4242 4242"


def file(name="Receipt.pdf", content=PDF):
    return SimpleUploadedFile(name, content)


def fresh(dispute):
    return Dispute.objects.get(id=dispute.id)


def given():
    """What is there now: by kind, a text or a file's name."""
    return {
        (one.kind, "file" if one.is_file else "text"): one.file_name or one.text
        for one in Evidence.objects.filter(replaced_at=None)
    }


def test_texts_and_files_are_saved_and_nothing_is_sent(sam, dispute, puppet):
    reply = sam.save(
        dispute,
        {
            "text_explanation": "Delivered.\r\nSigned for.\r\n",
            "file_receipt": file(),
            "file_shipping_documentation": file("Note.png", PNG),
        },
    )

    assert said(reply) == "Saved as a draft. Nothing has been sent yet."
    assert given() == {
        ("explanation", "text"): "Delivered.\nSigned for.",
        ("receipt", "file"): "Receipt.pdf",
        ("shipping_documentation", "file"): "Note.png",
    }
    assert puppet.asked == []
    assert not Act.objects.exists()


def test_saving_is_in_the_audit_log_with_the_reason_and_without_the_texts(sam, dispute):
    sam.save(dispute, {"text_customer_name": "Ada Lovelace", "file_receipt": file()})

    asked, done = Entry.objects.filter(act="dispute.give").order_by("position")
    assert (asked.outcome, done.outcome, done.answers) == ("asked", "done", asked.position)
    assert (asked.by, asked.because) == (sam.user.username, WHY)
    assert (asked.kind, asked.subject) == ("dispute", dispute.public_id)
    assert asked.details == {"texts": ["customer_name"], "files": ["receipt"], "taken_back": []}
    assert done.after["sequence"] == fresh(dispute).sequence
    assert "Ada" not in str(asked.details) + str(done.details)


def test_a_reason_is_wanted(sam, dispute):
    reply = sam.save(dispute, {"text_explanation": "Delivered."}, because=" ")

    assert "This field is required." in words(reply)
    assert "Delivered." in words(reply)
    assert given() == {}


def test_what_is_given_again_replaces_what_was_there_and_that_is_kept(sam, dispute):
    sam.save(dispute, {"text_explanation": "First.", "file_receipt": file("First.pdf")})
    sam.save(
        fresh(dispute), {"text_explanation": "Second.", "file_receipt": file("Second.pdf", PDF * 2)}
    )

    assert given() == {
        ("explanation", "text"): "Second.",
        ("receipt", "file"): "Second.pdf",
    }
    assert Evidence.objects.exclude(replaced_at=None).count() == 2


def test_a_field_that_is_left_as_it_is_changes_nothing(sam, dispute, api):
    api.post(
        f"disputes/{dispute.public_id}/evidence",
        {"explanation": "  As the merchant wrote it.\r\n"},
        key=None,
    )
    dispute = fresh(dispute)

    reply = sam.save(dispute, {"text_explanation": "  As the merchant wrote it.\r\n"})

    assert said(reply) == "There was nothing new to save."
    assert Evidence.objects.count() == 1
    assert fresh(dispute).sequence == dispute.sequence
    assert not Entry.objects.filter(act="dispute.give").exists()


def test_of_a_kind_that_has_both_the_text_can_go_and_the_file_stay_and_the_other_way_round(
    sam, dispute
):
    both = {"text_refund_policy": "No refunds.", "file_refund_policy": file("Policy.pdf")}
    sam.save(dispute, both)
    sam.save(fresh(dispute), {"text_refund_policy": ""})
    assert given() == {("refund_policy", "file"): "Policy.pdf"}

    sam.save(fresh(dispute), {"text_refund_policy": "No refunds."})
    sam.save(fresh(dispute), {"text_refund_policy": "No refunds.", "back_refund_policy": "on"})
    assert given() == {("refund_policy", "text"): "No refunds."}
    assert Evidence.objects.filter(file_name="Policy.pdf").exclude(replaced_at=None).exists()


def test_a_double_click_saves_once_and_says_no_harm(sam, dispute):
    form = {"text_explanation": "Delivered.", "file_receipt": file()}
    sam.save(dispute, form)
    reply = sam.save(dispute, form | {"file_receipt": file()})

    assert said(reply) == "There was nothing new to save."
    assert Evidence.objects.count() == 2


# ------------------------------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    "upload, told",
    [
        (file("Big.pdf", PDF + b"\0" * 1_000_000), "Big.pdf: This PSP takes files of at most"),
        (file("Page.html", b"<html>"), "Page.html: A file's name ends in one of"),
        (file("Photo.pdf", b"GIF89a......"), "Photo.pdf: This PSP takes application/pdf"),
        (file("Photo.pdf", PNG), "Photo.pdf: The file is image/png; its name says otherwise."),
        (file("invoice.exe.pdf"), "invoice.exe.pdf: A file's name has one ending."),
        (file("Empty.pdf", b""), "Empty.pdf: The file is empty."),
        (file(f"Card {CARD}.pdf"), "This looks like a card number."),
    ],
)
def test_an_unfit_file_is_refused_by_its_name_and_nothing_is_saved(sam, dispute, upload, told):
    reply = sam.save(dispute, {"text_explanation": "Delivered.", "file_receipt": upload})

    assert reply.status_code == 200
    assert told in words(reply)
    assert "Nothing was saved." in words(reply)
    assert "Delivered." in words(reply)  # What was typed is not lost.
    assert CARD not in reply.content.decode()
    assert given() == {}


def test_each_of_several_unfit_files_is_named(sam, dispute, evidence_folder):
    reply = sam.save(
        dispute,
        {
            "file_receipt": file("Receipt.exe"),
            "file_other": file("Empty.pdf", b""),
            "file_customer_signature": file("Fine.pdf"),
        },
    )

    assert "Receipt.exe: A file's name ends" in words(reply)
    assert "Empty.pdf: The file is empty." in words(reply)
    assert "Fine.pdf:" not in words(reply)
    assert given() == {}
    assert not [one for one in evidence_folder.rglob("*") if one.is_file()]


def test_a_refused_file_is_in_the_audit_log(sam, dispute):
    sam.save(dispute, {"file_receipt": file("Receipt.exe")})

    asked, refused = Entry.objects.filter(act="dispute.give").order_by("position")
    assert (refused.outcome, refused.answers) == ("refused", asked.position)


@pytest.mark.parametrize(
    "text, told",
    [
        (f"His card is {CARD}.", "This looks like a card number."),
        ("x" * 20_001, "no more than 20000 characters"),
        ("bell \x07", "Control characters are not allowed here."),
    ],
)
def test_an_unfit_text_is_refused_at_its_field(sam, dispute, text, told):
    reply = sam.save(dispute, {"text_explanation": text})

    assert reply.status_code == 200
    assert told in words(reply)
    assert given() == {}


def test_nul_and_nonsense_are_refused_and_are_no_fault_of_ours(sam, dispute):
    for form in (
        {"text_explanation": "a\0b"},
        {"seen": "nonsense", "text_explanation": "x"},
        {"seen": "99999999999999999999", "text_explanation": "x"},
        {"because": "\0", "text_explanation": "x"},
    ):
        assert sam.save(dispute, form).status_code == 200, form
    assert given() == {}


def test_too_much_at_once_is_refused_before_it_is_looked_at(sam, dispute, monkeypatch):
    monkeypatch.setattr("disputes.back_office.case.LARGEST_BODY", 1_000_000)

    reply = sam.save(dispute, {"file_receipt": file(content=PDF + b"\0" * 1_000_000)})

    assert said(reply) == "All files together have at most 20 MB."
    assert given() == {}


def test_what_is_busy_or_not_configured_is_said(sam, dispute, monkeypatch):
    def busy(*_, **__):
        raise Busy

    monkeypatch.setattr("disputes.back_office.case.give", busy)
    reply = sam.save(dispute, {"text_explanation": "Delivered."})
    assert said(reply) == "The dispute was busy, so nothing was saved. Try again."

    def missing(*_, **__):
        raise PspNotConfigured("stripe", False)

    monkeypatch.setattr("disputes.back_office.case.give", missing)
    reply = sam.save(dispute, {"file_receipt": file()})
    assert said(reply) == "Nothing was saved: stripe is not configured for test mode."


def test_who_saves_over_what_another_saved_meanwhile_is_shown_both(sam, dispute, api):
    api.post(f"disputes/{dispute.public_id}/evidence", {"explanation": "The merchant's."}, key=None)

    reply = sam.save(dispute, {"text_explanation": "The desk's."}, seen=str(dispute.sequence))

    assert "The dispute has changed since you opened this page" in said(reply)
    assert "Saved now: The merchant's." in words(reply)
    assert "The desk's." in words(reply)
    assert given() == {("explanation", "text"): "The merchant's."}

    sam.save(fresh(dispute), {"text_explanation": "The desk's."})
    assert given() == {("explanation", "text"): "The desk's."}


def test_after_the_deadline_nothing_is_saved_and_the_page_says_why(sam, dispute, monkeypatch):
    page = sam.page(dispute)
    assert "Save draft" in words(page)
    monkeypatch.setattr("disputes.back_office.case.now", lambda: DUE + timedelta(minutes=1))

    reply = sam.save(dispute, {"text_explanation": "Too late."})

    assert said(reply) == "The time to answer is over, so nothing was done."
    assert given() == {}
    shown = words(sam.page(dispute))
    assert "The time to answer is over: nothing can be sent." in shown
    for button in ("Save draft", "Submit", "Accept the dispute"):
        assert button not in shown


def test_what_was_decided_while_the_page_was_open_takes_nothing_more(sam, case, puppet, noon):
    one = case()
    seen = one.heard("needs_response")
    one.heard("lost", hours=1)

    reply = sam.save(seen, {"text_explanation": "Too late."})

    assert said(reply) == "Nothing can be answered now: it is not our turn any more."
    assert given() == {}


def test_saving_can_go_on_to_what_will_be_sent(sam, dispute):
    reply = sam.save(dispute, {"text_explanation": "Delivered."}, then_submit="1")

    assert reply["Location"].endswith(f"{dispute.id}/submit")


def test_saved_files_are_there_to_be_saved_by_staff(sam, dispute):
    sam.save(dispute, {"file_receipt": file()})
    kept = Evidence.objects.get()

    reply = sam.page(dispute, f"evidence/{kept.id}")

    assert b"".join(reply.streaming_content) == PDF
