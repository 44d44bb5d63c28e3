"""What may be evidence: texts and files by kind, known by their bytes, harmlessly named, kept outside the database."""

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from disputes.files import LARGEST_IN_ALL, LONGEST_NAME, UnfitFile, check_name, media_type_of
from disputes.kinds import FILES, TEXTS
from disputes.models import Evidence
from tests.disputes.conftest import PDF
from tests.proof.holds import holds

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 20
CARD = "4242 4242 4242 4242"


class Given:
    """Gives evidence for one dispute, as a form or as JSON."""

    def __init__(self, api, dispute):
        self.api, self.path = api, f"disputes/{dispute.public_id}/evidence"

    def form(self, **parts):
        return self.api.client.post(
            f"/v1/{self.path}", parts, headers={"Authorization": f"Bearer {self.api.secret}"}
        )

    def json(self, **texts):
        return self.api.post(self.path, texts, key=None)

    def raw(self, body, boundary="b", **headers):
        """A form byte for byte: test clients mend the names of files."""
        return self.api.client.post(
            f"/v1/{self.path}",
            body,
            content_type=f"multipart/form-data; boundary={boundary}",
            headers={"Authorization": f"Bearer {self.api.secret}", **headers},
        )

    def named(self, name, content=PDF, kind="receipt"):
        disposition = f'form-data; name="{kind}"; filename="{name}"'.encode()
        return self.raw(
            b"--b\r\nContent-Disposition: "
            + disposition
            + b"\r\nContent-Type: application/pdf\r\n\r\n"
            + content
            + b"\r\n--b--\r\n"
        )

    @property
    def shown(self):
        return self.api.get(self.path.removesuffix("/evidence")).json()["evidence"]


@pytest.fixture
def given(case, api, puppet):
    return Given(api, case().heard("needs_response"))


def file(name="receipt.pdf", content=PDF, claimed="application/pdf"):
    return SimpleUploadedFile(name, content, claimed)


def code(reply, status=400):
    assert reply.status_code == status, reply.content
    error = reply.json()["error"]
    return error["code"]


# ---------------------------------------------------------------------------------------- what fits


def test_texts_and_files_are_kept_by_kind(given, evidence_folder):
    reply = given.form(
        explanation="Delivered.\nSigned for.", receipt=file(), other=file("a.png", PNG)
    )

    assert reply.status_code == 200, reply.json()
    evidence = reply.json()["evidence"]
    assert evidence["texts"] == {"explanation": "Delivered.\nSigned for."}
    assert [(f["kind"], f["name"], f["media_type"], f["size"]) for f in evidence["files"]] == [
        ("receipt", "receipt.pdf", "application/pdf", len(PDF)),
        ("other", "a.png", "image/png", len(PNG)),
    ]
    assert evidence["files"][0]["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert evidence == given.shown
    assert holds()


def test_files_are_in_a_private_folder_under_names_that_tell_nothing(given, evidence_folder):
    given.form(receipt=file())

    [stored] = [one for one in evidence_folder.rglob("*") if one.is_file()]
    assert stored.read_bytes() == PDF
    assert stored.stat().st_mode & 0o777 == 0o600
    assert stored.parent.stat().st_mode & 0o777 == 0o700
    assert "receipt" not in str(stored.relative_to(evidence_folder))
    assert "." not in stored.name


def test_the_content_of_a_file_is_never_shown(given):
    reply = given.form(receipt=file())

    assert b"%PDF" not in reply.content
    assert "stored_as" not in reply.content.decode()


@pytest.mark.parametrize("kind", TEXTS)
def test_every_kind_of_text_is_taken(given, kind):
    assert given.json(**{kind: "Something to say."}).status_code == 200


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_file_is_taken(given, kind):
    assert given.form(**{kind: file()}).status_code == 200


def test_a_kind_may_be_a_text_and_a_file(given):
    given.json(refund_policy="Within 14 days.")
    given.form(refund_policy=file("policy.pdf"))

    assert given.shown["texts"] == {"refund_policy": "Within 14 days."}
    assert [one["kind"] for one in given.shown["files"]] == ["refund_policy"]


def test_what_is_given_again_replaces_what_was_given_of_its_kind(given):
    given.form(explanation="First.", receipt=file())
    given.json(explanation="Second.")
    given.form(receipt=file("newer.pdf"))

    assert given.shown["texts"] == {"explanation": "Second."}
    assert [one["name"] for one in given.shown["files"]] == ["newer.pdf"]
    assert Evidence.objects.filter(replaced_at__isnull=False).count() == 2


def test_null_takes_back_what_was_given_of_a_kind(given):
    given.form(explanation="First.", refund_policy=file("policy.pdf"))
    given.json(refund_policy="Text.", explanation=None)
    given.json(refund_policy=None)

    assert given.shown == {"texts": {}, "files": []}


def test_no_idempotency_key_is_needed(given):
    assert given.json(explanation="x").status_code == 200


def test_what_changes_nothing_is_not_told(given, api):
    before = given.json(explanation="x").json()["sequence"]

    assert given.json(receipt=None).json()["sequence"] == before


# ------------------------------------------------------------------------------------ what does not


def test_an_unknown_kind_is_refused_with_all_that_is_wrong(given):
    reply = given.form(explanatoin="x", receit=file())

    assert code(reply) == "unknown_parameter"
    assert {fault["param"] for fault in reply.json()["error"]["errors"]} == {
        "explanatoin",
        "receit",
    }


def test_a_file_as_a_text_kind_and_a_text_as_a_file_kind_are_refused(given):
    assert code(given.form(explanation=file())) == "unknown_parameter"
    assert code(given.form(receipt="a text")) == "file_wanted"
    assert code(given.json(receipt="base64")) == "file_wanted"


@pytest.mark.parametrize("body", [{}, {"explanation": ""}, {"explanation": "   "}])
def test_nothing_is_no_evidence(given, body):
    assert code(given.json(**body)) in {"evidence_missing", "invalid_empty"}


def test_an_empty_form_is_no_evidence(given):
    assert code(given.raw(b"--b--\r\n")) == "evidence_missing"


@pytest.mark.parametrize("text", ["a\x00b", "a\x07b", "\x1b[31m"])
def test_control_characters_are_refused(given, text):
    assert given.json(explanation=text).status_code == 400
    assert code(given.form(explanation=text)) == "control_characters"


def test_a_text_that_is_too_long_is_refused(given):
    assert code(given.form(explanation="x" * 20_001)) == "too_long"


@pytest.mark.parametrize(
    "parts",
    [
        {"explanation": f"I paid with {CARD}"},
        {CARD: "x"},
        {"receipt": file(f"{CARD}.pdf")},
        {CARD: file()},
    ],
)
def test_card_numbers_are_refused_wherever_they_stand_and_kept_nowhere(
    given, parts, evidence_folder, caplog
):
    reply = given.form(**parts)

    assert code(reply) == "card_number_not_allowed"
    assert "4242" not in reply.content.decode().replace(reply.json()["error"]["doc_url"], "")
    assert "4242 4242" not in caplog.text
    assert not Evidence.objects.exists()
    assert not [one for one in evidence_folder.rglob("*") if one.is_file()]


def test_card_numbers_in_json_are_refused(given):
    assert code(given.json(explanation=CARD)) == "card_number_not_allowed"


@pytest.mark.parametrize(
    "content, unfit",
    [
        (b"", "file_empty"),
        (b"MZ\x90\x00 a program", "unsupported_file_type"),
        (b"\x7fELF", "unsupported_file_type"),
        (b"<html><script>alert(1)</script>", "unsupported_file_type"),
        (b"PK\x03\x04 a zip", "unsupported_file_type"),
        (b"GIF89a", "unsupported_file_type"),
        (b"#!/bin/sh\n", "unsupported_file_type"),
        (b" %PDF-1.7", "unsupported_file_type"),
        (PNG, "file_type_mismatch"),
        (JPEG, "file_type_mismatch"),
    ],
)
def test_a_file_is_what_its_bytes_say_whatever_it_claims(given, content, unfit, evidence_folder):
    reply = given.form(receipt=file("receipt.pdf", content))

    assert code(reply) == unfit
    assert reply.json()["error"]["param"] == "receipt"
    assert not [one for one in evidence_folder.rglob("*") if one.is_file()]


def test_what_this_psp_does_not_take_is_refused(given, puppet):
    puppet.evidence_types = frozenset({"application/pdf"})

    reply = given.form(receipt=file("a.png", PNG))

    assert code(reply) == "unsupported_file_type"
    assert "application/pdf" in reply.json()["error"]["message"]


def test_a_file_larger_than_the_psp_takes_is_refused(given, puppet):
    puppet.evidence_largest = len(PDF)
    assert given.form(receipt=file()).status_code == 200

    assert code(given.form(receipt=file("a.pdf", PDF + b"\n"))) == "file_too_large"


def test_all_files_together_have_a_limit(given, puppet):
    puppet.evidence_largest = LARGEST_IN_ALL
    half = b"%PDF-" + b"\0" * (LARGEST_IN_ALL // 2)
    assert given.form(receipt=file("a.pdf", half)).status_code == 200

    assert code(given.form(other=file("b.pdf", half))) == "files_too_large"
    assert given.form(receipt=file("c.pdf", half)).status_code == 200  # It replaces the first.


def test_a_body_that_is_too_large_is_not_read(given):
    reply = given.raw(b"--b--\r\n", **{"Content-Length": str(LARGEST_IN_ALL * 2)})

    assert code(reply, 413) == "request_too_large"


@pytest.mark.parametrize(
    "body, boundary",
    [(b"no form at all", "b"), (b"--b\r\nContent-Disp", "b"), (b"--b--", ""), (b"\xff\xfe", "b")],
)
def test_a_form_that_is_none_is_refused(given, body, boundary):
    assert given.raw(body, boundary).status_code == 400


def test_a_name_given_twice_is_refused(given):
    part = b'--b\r\nContent-Disposition: form-data; name="explanation"\r\n\r\nx\r\n'
    assert code(given.raw(part * 2 + b"--b--\r\n")) == "given_twice"


def test_bytes_that_are_no_text_are_refused(given):
    part = b'--b\r\nContent-Disposition: form-data; name="explanation"\r\n\r\n\xff\xfe\r\n--b--\r\n'
    assert code(given.raw(part)) == "control_characters"


def test_another_type_of_body_is_refused(given, api):
    reply = api.client.post(
        f"/v1/{given.path}",
        "explanation=x",
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": f"Bearer {api.secret}"},
    )
    assert code(reply, 415) == "unsupported_media_type"


# -------------------------------------------------------------------------------------------- names

UNSAFE = [
    "../../etc/passwd.pdf",
    "/etc/passwd.pdf",
    "a/b.pdf",
    "a%5c..%5cb/c.pdf",
    "..pdf",
    ".pdf",
    " .pdf",
    ".hidden.pdf",
    "invoice.exe",
    "invoice.pdf.exe",
    "invoice.exe.pdf",
    "invoice.php.png",
    "invoice.js.pdf",
    "invoice.tar.pdf",
    "invoice.pdf ",
    "invoice.pdf.",
    "invoice",
    "pdf",
    "invoice.svg",
    "invoice.html",
    "con.pdf",
    "NUL.pdf",
    "com1.pdf",
    "lpt9.png",
    "a:b.pdf",
    "a*b.pdf",
    "a?b.pdf",
    "a|b.pdf",
    "a<b>.pdf",
    "-rf.pdf",
    "invoice\u202efdp.exe.pdf",
    "invoice\u202e.pdf",
    "invoice\u200f.pdf",
    "invoice\u200b.pdf",
    "invoice\u2066.pdf",
    "invoice\ufeff.pdf",
    "invoice\x00.pdf",
    "invoice\x07.pdf",
    "invoice\n.pdf",
    "invoice\r\n.pdf",
    "invoice\u2028.pdf",
    "invoice\ud800.pdf",
    "x" * LONGEST_NAME + ".pdf",
    "",
]

SAFE = [
    "receipt.pdf",
    "Receipt No. 12.pdf",
    "2026.11.23.pdf",
    "Quittung für Ärger.PDF",
    "領収書.png",
    "إيصال.jpeg",
    "Tom & Jerry (final).jpg",
    "x" * (LONGEST_NAME - 4) + ".pdf",
]


@pytest.mark.parametrize("name", UNSAFE)
def test_an_unsafe_name_is_refused(name):
    with pytest.raises(UnfitFile):
        check_name(name)


@pytest.mark.parametrize("name", SAFE)
def test_an_honest_name_is_kept_as_it_is(name):
    check_name(name)


@pytest.mark.parametrize("name", [name for name in UNSAFE if name.isascii() and name.isprintable()])
def test_an_unsafe_name_is_refused_as_it_was_sent_and_not_mended(given, name):
    reply = given.named(name)

    assert reply.status_code == 400, reply.json()
    assert not Evidence.objects.exists()


def test_an_unsafe_name_in_another_script_is_refused_over_the_wire(given):
    assert code(given.named("invoice\u202e.pdf")) == "unsafe_file_name"


@pytest.mark.parametrize("name", SAFE[:5])
def test_an_honest_name_comes_back_as_it_was_sent(given, name):
    content = PNG if name.endswith(".png") else PDF
    assert given.named(name, content).status_code == 200
    assert given.shown["files"][0]["name"] == name


def test_a_type_and_an_ending_belong_together():
    taken = {"application/pdf", "image/jpeg", "image/png"}

    assert media_type_of(JPEG, "a.JPEG", taken=taken) == "image/jpeg"
    with pytest.raises(UnfitFile):
        media_type_of(JPEG, "a.png", taken=taken)


# ------------------------------------------------------------------------------------ when it fails


def test_when_the_row_cannot_be_written_the_file_goes_too(given, monkeypatch, evidence_folder):
    monkeypatch.setattr("disputes.give.Change.tell", lambda *_: 1 / 0)

    assert given.form(receipt=file()).status_code == 500
    assert not [one for one in evidence_folder.rglob("*") if one.is_file()]
    assert not Evidence.objects.exists()


def test_evidence_does_not_change_while_it_is_being_submitted(given, api, settings, monkeypatch):
    given.json(explanation="First.")
    monkeypatch.setattr("disputes.dispatch.carry_out_task.apply_async", lambda **_: None)
    api.post(given.path.replace("evidence", "submit"), Prefer="respond-async")

    assert code(given.json(explanation="Second."), 409) == "dispute_processing"
    assert given.shown["texts"] == {"explanation": "First."}
