"""Disputes in the back office: found by every name, never changed by a form, and files to save by staff alone.

The desk itself is in tests/disputes/back_office.
"""

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile

from disputes.models import Dispute, Evidence
from kernel.audit.models import Entry
from kernel.ids import encode
from tests.disputes.conftest import PDF, withdrawn

pytestmark = pytest.mark.django_db


@pytest.fixture
def dispute(case, api, puppet):
    dispute = case().heard("needs_response", withdrawn("txn_1"))
    api.client.post(
        f"/v1/disputes/{dispute.public_id}/evidence",
        {"explanation": "Delivered.", "receipt": SimpleUploadedFile("Receipt.pdf", PDF)},
        headers={"Authorization": f"Bearer {api.secret}"},
    )
    return dispute


@pytest.fixture
def file(dispute):
    evidence = Evidence.objects.get(kind="receipt")
    return f"/admin/disputes/dispute/{dispute.id}/evidence/{evidence.id}"


def test_the_list_and_the_page_show_everything(admin_client, dispute):
    listed = admin_client.get("/admin/disputes/dispute/").content.decode()
    page = admin_client.get(f"/admin/disputes/dispute/{dispute.id}/change/").content.decode()

    assert dispute.public_id in listed
    for seen in ("txn_1", "Delivered.", "Receipt.pdf", "10.4", "needs response"):
        assert seen in page, seen
    payment = encode("pay", dispute.payment_id)
    assert f'<a href="/admin/payments/payment/{dispute.payment_id}/change/">{payment}</a>' in page
    assert str(dispute.money(dispute.amount)) in page


@pytest.mark.parametrize("by", ["public_id", "payment", "case"])
def test_a_dispute_is_found_by_every_name_it_has(admin_client, dispute, api, by):
    shown = api.get(f"disputes/{dispute.public_id}").json()
    name = {"public_id": shown["id"], "payment": shown["payment"], "case": "case_1"}[by]

    found = admin_client.get("/admin/disputes/dispute/", {"q": name}).content.decode()

    assert dispute.public_id in found


def test_nobody_adds_changes_or_deletes(admin_client, dispute):
    page = f"/admin/disputes/dispute/{dispute.id}"
    [as_it_was] = Dispute.objects.filter(id=dispute.id).values()

    assert admin_client.get("/admin/disputes/dispute/add/").status_code == 403
    admin_client.post(f"{page}/change/", {"amount": 1, "status": "won"})
    assert admin_client.post(f"{page}/delete/").status_code == 403
    assert list(Dispute.objects.filter(id=dispute.id).values()) == [as_it_was]


def test_staff_save_a_file_and_no_browser_opens_it(admin_client, file):
    reply = admin_client.get(file)

    assert reply.status_code == 200
    assert b"".join(reply.streaming_content) == PDF
    assert reply["Content-Disposition"] == 'attachment; filename="Receipt.pdf"'
    assert reply["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in reply["Content-Security-Policy"]
    assert "no-store" in reply["Cache-Control"]
    seen = Entry.objects.get(act="see", because="saved Receipt.pdf")
    assert (seen.by, seen.details["fields"]) == ("admin", ["receipt"])


def test_strangers_and_staff_without_the_right_get_nothing(client, file):
    assert client.get(file).status_code == 302  # To the page where one logs in.
    staff = User.objects.create_user("clerk", password="a long password", is_staff=True)
    client.force_login(staff)
    assert client.get(file).status_code == 403

    staff.user_permissions.add(Permission.objects.get(codename="view_dispute"))
    assert (
        client.get(file).status_code == 403
    )  # The page of the dispute hides evidence from them, too.

    staff.user_permissions.add(Permission.objects.get(codename="view_evidence"))
    reply = client.get(file)
    assert reply.status_code == 200
    reply.close()


def test_what_is_no_file_or_is_gone_is_not_found(admin_client, dispute, file, evidence_folder):
    text = Evidence.objects.get(kind="explanation")
    page = f"/admin/disputes/dispute/{dispute.id}/evidence"
    assert admin_client.get(f"{page}/{text.id}").status_code == 404
    assert admin_client.get(f"{page}/{dispute.id}").status_code == 404

    [stored] = [one for one in evidence_folder.rglob("*") if one.is_file()]
    stored.unlink()
    assert admin_client.get(file).status_code == 404
