"""The back office of payouts: to look at, and to decide by name and for a reason; numbers are not shown."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kernel.audit.models import Entry
from kernel.clock import now
from kernel.ids import encode, uuid7
from merchants.models import Merchant
from payouts.approve import approve
from payouts.models import (
    BankFile,
    Batch,
    Destination,
    Payout,
    Report,
    ReportException,
    Schedule,
)
from payouts.send import send_batch
from tests.payouts.conftest import IBAN
from tests.payouts.test_batch import DAY, payout, put_together, seen, submitted

pytestmark = pytest.mark.django_db

OFFICE = "/admin/payouts"
ALL = (
    *("build_batch", "approve_batch", "change_payout", "add_destination", "decide_destination"),
    *("add_schedule", "settle_reportexception", "download_bankfile"),
    *(
        f"view_{model}"
        for model in (
            *("batch", "payout", "destination", "schedule", "bankfile", "report"),
            *("reportexception", "act"),
        )
    ),
)


def login(name, *rights):
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights or ALL))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ada(db):
    return login("ada")


@pytest.fixture
def grace(db):
    return login("grace")


@pytest.fixture
def one(payee):
    return payout(payee.merchant.id)


def act(client, row, verb, reason="It was asked for."):
    page = f"{OFFICE}/{row._meta.model_name}/{row.pk}/{verb}/"
    return client.post(page, {"reason": reason, "_form_submitted": "True"})


def text(reply):
    assert reply.status_code == 200, reply.status_code
    return reply.content.decode()


def decide(client, batch, deed, reason="As agreed.", **more):
    """As the page's own form does."""
    page = f"{OFFICE}/batch/{batch.id}/preview"
    initial = client.get(page).context["form"].initial
    given = initial | {"value_date": "", "reason": reason, "deed": deed} | more
    return client.post(page, given)


class TestPayouts:
    def test_a_payout_is_shown_with_what_was_told_and_booked(self, ada, one):
        batch = put_together()
        listed = text(ada.get(f"{OFFICE}/payout/"))
        page = text(ada.get(f"{OFFICE}/payout/{one.id}/change/"))
        assert one.public_id in listed
        for shown in (
            *("payout.created", "liabilities:payouts:requested", "100.00 EUR"),
            *(batch.public_id, Merchant.objects.get(id=one.merchant_id).name),
        ):
            assert shown in page
        assert IBAN not in page

    @pytest.mark.parametrize("prefix", ["po", "mer", "pd"])
    def test_it_is_found_by_every_id_it_has(self, ada, one, prefix):
        ids = {"po": one.id, "mer": one.merchant_id, "pd": one.destination_id}
        found = ada.get(f"{OFFICE}/payout/", {"q": encode(prefix, ids[prefix])})
        assert found.context["cl"].result_count == 1
        assert (
            ada.get(f"{OFFICE}/payout/", {"q": encode(prefix, uuid7())}).context["cl"].result_count
            == 0
        )

    def test_it_is_canceled_by_name_and_for_a_reason(self, ada, one):
        assert "Cancel" in text(ada.get(f"{OFFICE}/payout/{one.id}/change/"))
        act(ada, one, "call-off", "The merchant telephoned.")
        canceled = Payout.objects.get()
        assert (canceled.state, canceled.failure_message) == (
            "canceled",
            "The merchant telephoned.",
        )
        entry = Entry.objects.get(outcome="done")
        assert (entry.by, entry.act, entry.because) == (
            *("ada", "payout.cancel", "The merchant telephoned."),
        )
        assert (entry.before["state"], entry.after["state"]) == ("draft", "canceled")
        assert act(ada, one, "call-off").status_code == 403

    def test_it_is_taken_out_of_its_batch(self, ada, one):
        batch = put_together()
        act(ada, one, "take-out", "Not yet.")
        assert Payout.objects.get().batch is None
        assert batch.acts.get(what="removed").because == "Not yet."
        assert act(ada, one, "take-out").status_code == 403

    def test_who_may_only_look_only_looks(self, one):
        eve = login("eve", "view_payout", "view_destination")
        put_together()
        assert act(eve, one, "call-off").status_code == 403
        assert act(eve, one, "take-out").status_code == 403
        assert Payout.objects.get().state == "draft"
        page = f"{OFFICE}/payout/{one.id}"
        admin = login("root", *ALL)
        assert admin.post(f"{page}/change/", {"amount": 1}).status_code == 403
        assert admin.post(f"{page}/delete/").status_code == 403
        assert admin.get(f"{OFFICE}/payout/x/call-off/").status_code == 403


class TestBatches:
    def test_two_people_let_a_batch_leave(self, ada, grace, one, settings):
        settings.PAYOUT_LARGE_BATCH = {"EUR": 100_00}
        made = ada.post(
            f"{OFFICE}/batch/add/",
            {
                "rail": "bank",
                "value_date": str(DAY),
                "currencies": ["EUR"],
                "note": "Noon.",
                "because": "The day's.",
            },
        )
        batch = Batch.objects.get()
        assert made["Location"] == f"{OFFICE}/batch/{batch.id}/preview"
        page = text(ada.get(made["Location"]))
        for shown in ("100.00 EUR", "Submit for approval", "Nothing was ever paid", one.public_id):
            assert shown in page
        assert 'value="approve"' not in page

        decide(ada, batch, "submit")
        assert "Back to draft" in text(ada.get(made["Location"]))
        assert decide(ada, batch, "approve").status_code == 403

        assert "Approve" in text(grace.get(made["Location"]))
        decide(grace, batch, "approve", "I counted it.")
        batch = Batch.objects.get()
        assert (batch.state, batch.created_by, batch.submitted_by) == ("approved", "ada", "ada")
        assert (batch.approved_by, batch.approved_because) == ("grace", "I counted it.")
        done = Entry.objects.filter(outcome="done").order_by("position")
        assert [(entry.by, entry.act, entry.because) for entry in done] == [
            ("ada", "add", "The day's."),
            ("ada", "batch.submit", "As agreed."),
            ("grace", "batch.approve", "I counted it."),
        ]

        send_batch(batch, at=now())
        after = text(ada.get(made["Location"]))
        assert "in_transit" in after
        assert BankFile.objects.get().sha256 in after
        assert "Cancel</button>" not in after

    def test_what_changed_since_it_was_shown_is_not_approved(self, ada, grace, payees):
        for whose in payees(2):
            payout(whose)
        batch = submitted()
        first = grace.get(f"{OFFICE}/batch/{batch.id}/preview").context["form"].initial
        act(ada, Payout.objects.first(), "call-off")

        refused = decide(grace, batch, "approve", **first)
        assert refused.status_code == 302
        page = text(grace.get(refused["Location"]))
        assert "1 canceled" in page
        assert "1 called off since" in page
        assert Batch.objects.get().state == "pending_approval"
        assert "Changed since" in page

    def test_large_batches_need_a_special_right(self, grace, one, settings):
        settings.PAYOUT_LARGE_BATCH = {}
        batch = submitted()
        decide(grace, batch, "approve")
        assert Batch.objects.get().state == "pending_approval"
        carol = login("carol", *ALL, "approve_large_batch")
        decide(carol, batch, "approve")
        assert Batch.objects.get().state == "approved"

    def test_what_stands_in_the_way_is_taken_out(self, ada, one):
        Destination.objects.get()
        act(login("dan"), one.destination, "retire")
        batch = put_together()
        assert "The destination was retired" in text(ada.get(f"{OFFICE}/batch/{batch.id}/preview"))
        decide(ada, batch, "submit")
        assert Batch.objects.get().state == "draft"
        decide(ada, batch, "remove", "")
        assert Payout.objects.get().batch is not None
        decide(ada, batch, "remove", "It was retired.")
        assert Payout.objects.get().batch is None

    @pytest.mark.parametrize("deed", ["fill", "change_date", "take_back", "cancel"])
    def test_every_deed_has_its_button(self, ada, one, deed):
        batch = submitted() if deed == "take_back" else put_together()
        later = str(DAY + timedelta(days=7))
        decide(ada, batch, deed, value_date=later if deed == "change_date" else "")
        after = Batch.objects.get()
        expected = {
            "fill": ("draft", DAY),
            "change_date": ("draft", DAY + timedelta(days=7)),
            "take_back": ("draft", DAY),
            "cancel": ("canceled", DAY),
        }
        assert (after.state, after.value_date) == expected[deed]

    def test_who_may_only_look_decides_nothing(self, one):
        batch = put_together()
        eve = login("eve", "view_batch", "view_payout")
        page = text(eve.get(f"{OFFICE}/batch/{batch.id}/preview"))
        assert "<button" not in page or "deed" not in page
        assert decide(eve, batch, "submit").status_code == 403
        assert eve.get(f"{OFFICE}/batch/add/").status_code == 403
        nobody = login("nobody", "view_payout")
        assert nobody.get(f"{OFFICE}/batch/{batch.id}/preview").status_code == 403
        assert eve.get(f"{OFFICE}/batch/{uuid7()}/preview").status_code == 404

    def test_the_list_and_the_row_show_what_was_done(self, ada, one):
        batch = submitted()
        assert batch.public_id in text(ada.get(f"{OFFICE}/batch/"))
        page = text(ada.get(f"{OFFICE}/batch/{batch.id}/change/"))
        for shown in ("Submitted", "ada", batch.digest):
            assert shown in page

    def test_the_list_says_what_each_pays_by_as_many_questions_for_many(self, ada, payees):
        def questions():
            with CaptureQueriesContext(connection) as asked:
                page = text(ada.get(f"{OFFICE}/batch/"))
            return len(asked), page

        first, *others = payees(4)
        payout(first)
        put_together()
        ada.get(f"{OFFICE}/batch/")
        for_one, _ = questions()
        for whose in others:
            payout(whose)
            put_together()
        for_many, page = questions()
        assert for_many == for_one
        for shown in ("100.00 EUR", "100.01 EUR", "100.03 EUR"):
            assert shown in page


class TestDestinations:
    GIVEN = {
        "currency": "EUR",
        "rail": "bank",
        "holder": "Kiosk GmbH",
        "account_type": "checking",
        "because": "Letter of 3 May.",
    }

    def test_one_proposes_and_another_approves(self, ada, grace, merchant):
        given = self.GIVEN | {"merchant": merchant.merchant.public_id, "iban": IBAN}
        ada.post(f"{OFFICE}/destination/add/", given)
        made = Destination.objects.get()
        assert (made.state, made.proposed_by, made.proposed_because) == (
            "proposed",
            "ada",
            "Letter of 3 May.",
        )
        assert made.bic == "COBADEFFXXX"

        act(ada, made, "approve")
        assert Destination.objects.get().state == "proposed"
        act(grace, made, "approve", "I called them back.")
        approved = Destination.objects.get()
        assert (approved.state, approved.decided_by) == ("approved", "grace")
        assert approved.usable_from > now()
        for page in ("", f"{made.id}/change/"):
            shown = text(grace.get(f"{OFFICE}/destination/{page}"))
            assert "…3000" in shown
            assert IBAN not in shown
        act(ada, made, "retire")
        assert Destination.objects.get().state == "retired"

    def test_it_may_be_rejected(self, ada, grace, merchant):
        given = self.GIVEN | {"merchant": merchant.merchant.public_id, "iban": IBAN}
        ada.post(f"{OFFICE}/destination/add/", given)
        act(grace, Destination.objects.get(), "reject", "It was not them.")
        assert Destination.objects.get().decided_because == "It was not them."

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"iban": "DE00370400440532013000"}, "iban"),
            ({"iban": "", "account_number": "12345678", "routing_number": "1"}, "routing_number"),
            ({"merchant": "mer_nobody"}, "merchant"),
            ({"because": ""}, "because"),
        ],
    )
    def test_what_cannot_be_is_said_at_its_field(self, ada, merchant, change, field):
        given = self.GIVEN | {"merchant": merchant.merchant.public_id, "iban": IBAN} | change
        reply = ada.post(f"{OFFICE}/destination/add/", given)
        assert field in reply.context["adminform"].form.errors
        assert not Destination.objects.exists()

    def test_who_may_not_decide_does_not(self, one):
        eve = login("eve", "view_destination", "view_payout")
        assert act(eve, one.destination, "retire").status_code == 403
        assert act(eve, one.destination, "approve").status_code == 403
        assert eve.get(f"{OFFICE}/destination/add/").status_code == 403


class TestSchedules:
    def test_a_schedule_is_agreed_on(self, ada, merchant):
        given = {
            "merchant": merchant.merchant.public_id,
            "currency": "EUR",
            "interval": "weekly",
            "anchor": 5,
            "minimum": 100,
            "because": "As they asked.",
        }
        ada.post(f"{OFFICE}/schedule/add/", given)
        made = Schedule.objects.get()
        assert (made.interval, made.anchor, made.minimum, made.agreed_by) == (
            "weekly",
            5,
            100,
            "ada",
        )
        assert "1.00 EUR" in text(ada.get(f"{OFFICE}/schedule/"))
        assert made.agreed_by in text(ada.get(f"{OFFICE}/schedule/{made.id}/change/"))
        assert ada.post(f"{OFFICE}/schedule/{made.id}/change/", given).status_code == 403

        wrong = ada.post(f"{OFFICE}/schedule/add/", given | {"anchor": 9})
        assert "anchor" in wrong.context["adminform"].form.errors
        assert Schedule.objects.count() == 1


class TestTheBank:
    @pytest.fixture
    def file(self, one):
        batch = submitted()
        batch = approve(batch, by="grace", because="Fine.", digest=seen(batch), at=now())
        assert send_batch(batch, at=now())
        return BankFile.objects.get()

    def test_the_exact_bytes_are_saved_and_that_is_written_down(self, ada, file):
        assert file.sha256 in text(ada.get(f"{OFFICE}/bankfile/{file.id}/change/"))
        assert file.message_id in text(ada.get(f"{OFFICE}/bankfile/"))
        saved = ada.get(f"{OFFICE}/bankfile/{file.id}/bytes")
        assert sha256(saved.content).hexdigest() == file.sha256
        assert IBAN.encode() in saved.content
        assert saved["Content-Disposition"] == f'attachment; filename="{file.message_id}.xml"'
        entry = Entry.objects.get()
        assert (entry.outcome, entry.by, entry.details) == ("seen", "ada", {"fields": ["content"]})

    def test_who_may_not_see_account_numbers_does_not(self, file):
        eve = login("eve", "view_bankfile", "view_batch")
        assert eve.get(f"{OFFICE}/bankfile/{file.id}/bytes").status_code == 403
        assert eve.get(f"{OFFICE}/bankfile/{file.id}/change/").status_code == 200

    def test_what_there_is_not_is_not_found(self, ada):
        assert ada.get(f"{OFFICE}/bankfile/{uuid7()}/bytes").status_code == 404

    @pytest.fixture
    def exception(self, db):
        import zlib

        report = Report.objects.create(
            livemode=False,
            number=1,
            name="camt/053 1.xml",
            kind="camt.053",
            sha256="0" * 64,
            content=zlib.compress(b"<Document/>"),
            received_at=now(),
        )
        return ReportException.objects.create(
            report=report,
            place=1,
            reference="po_unknown",
            became="returned",
            amount=5_00,
            currency="EUR",
            why="We know no such payout.",
            created_at=now(),
        )

    def test_a_report_is_saved_as_it_came(self, ada, exception):
        saved = ada.get(f"{OFFICE}/report/{exception.report_id}/bytes")
        assert saved.content == b"<Document/>"
        assert saved["Content-Disposition"] == 'attachment; filename="camt_053_1.xml"'
        assert "We know no such payout" in text(
            ada.get(f"{OFFICE}/report/{exception.report_id}/change/")
        )

    def test_an_exception_is_seen_to_once(self, ada, grace, exception):
        assert ada.get(f"{OFFICE}/reportexception/?seen=no").context["cl"].result_count == 1
        act(ada, exception, "seen-to", "The bank's own fee.")
        settled = ReportException.objects.get()
        assert (settled.settled_by, settled.settled_because) == ("ada", "The bank's own fee.")
        assert act(grace, exception, "seen-to").status_code == 403
        assert ada.get(f"{OFFICE}/reportexception/?seen=no").context["cl"].result_count == 0
        assert "The bank&#x27;s own fee." in text(
            ada.get(f"{OFFICE}/reportexception/{exception.id}/change/")
        )
