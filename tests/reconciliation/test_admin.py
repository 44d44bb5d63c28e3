"""The back office of reconciliation: to look at, to hand in, to decide by two; nothing is edited."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kernel.audit.models import Entry
from kernel.clock import now
from kernel.ids import encode, uuid7
from merchants.onboard import onboard
from paygate.reconciliation.models import Batch, Break, Cause, Order, Statement
from paygate.reconciliation.receive import receive
from tests.reconciliation.breaks_of import a_break, eur, waiting
from tests.reconciliation.test_breaks import WRITE_OFF, closed_by_itself, history, proposed

pytestmark = pytest.mark.django_db

OFFICE = "/admin/reconciliation"
VIEWS = tuple(f"view_{model}" for model in ("break", "statement", "batch", "order"))
ALL = (*VIEWS, "propose", "approve", "upload")
CONTENT = '﻿id,net\n1,"9,70"\n'.encode()


def login(name, *rights):
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(
            content_type__app_label="reconciliation", codename__in=rights or ALL
        )
    )
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
def eve(db):
    return login("eve", *VIEWS)


@pytest.fixture
def one(db):
    return a_break()


def text(reply):
    assert reply.status_code == 200, reply.status_code
    return reply.content.decode()


def page_of(row):
    return f"{OFFICE}/{row._meta.model_name}/{row.pk}/change/"


def decide(client, break_, deed, reason="As agreed.", **more):
    """As the page's own form does."""
    initial = client.get(page_of(break_)).context["form"].initial
    given = initial | {"reason": reason, "deed": deed} | more
    return client.post(page_of(break_), given, follow=True)


def said(reply):
    return [str(message) for message in reply.context["messages"]]


class TestBreaks:
    def test_what_is_open_is_listed_with_what_is_at_risk(self, ada, one):
        a_break(gross=eur(12_430_00), fee=eur(0))
        a_break(cause=Cause.DUPLICATE_LINE, psp="adyen")
        closed = a_break()
        closed_by_itself(closed)
        listed = text(ada.get(f"{OFFICE}/break/"))
        for shown in ("12,527.10 EUR", "unknown to us", "line told twice", one.public_id):
            assert shown in listed
        assert closed.public_id not in listed

    @pytest.mark.parametrize(
        "standing, listed", [("all", 2), ("closed", 1), ("mine", 0), ("nobodys", 1)]
    )
    def test_others_are_listed_when_they_are_asked_for(self, ada, one, standing, listed):
        closed_by_itself(a_break())
        page = ada.get(f"{OFFICE}/break/", {"standing": standing})
        assert page.context["cl"].result_count == listed

    def test_a_break_is_found_by_every_id_it_has(self, ada, db):
        ids = {"brk": uuid7(), "mer": onboard("Kiosk").merchant.id, "pay": uuid7()}
        a_break(ids["mer"], payment_id=ids["pay"])
        ids["brk"] = Break.objects.get().id
        for prefix, id_ in ids.items():
            for wanted, count in ((id_, 1), (uuid7(), 0)):
                page = ada.get(f"{OFFICE}/break/", {"q": encode(prefix, wanted)})
                assert page.context["cl"].result_count == count

    def test_its_page_says_what_happened_and_what_would_close_it(self, ada, one):
        page = text(ada.get(page_of(one)))
        for shown in (
            f"Stripe settled 97.10 EUR for {one.subject}, of which our books know nothing.",
            "Dr  suspense:reconciliation",
            "Cr  liabilities:unallocated",
            "Cr  expenses:write_offs",
            "Propose the draft",
        ):
            assert shown in page

    def test_a_line_s_amounts_are_money_in_the_order_in_which_rows_are_read(self, ada):
        line = {"fee": 20, "net": 1_234_30, "kind": "capture", "gross": 1_235, "rate": ""}
        line |= {"currency": "JPY", "settled_currency": "EUR", "reference": "<b>", "billed": 0}
        shown = a_break(evidence={"theirs": line, "ours": {"amount": "9.00 EUR"}})
        rows = ada.get(page_of(shown)).context["evidence"]["rows"]
        assert rows == [
            ["Kind", "capture", ""],
            ["Reference", "<b>", ""],
            ["Currency", "JPY", ""],
            ["Gross", "1,235 JPY", ""],
            ["Settled currency", "EUR", ""],
            ["Fee", "0.20 EUR", ""],
            ["Net", "1,234.30 EUR", ""],
            ["Billed", "0.00 EUR", ""],
            ["Amount", "", "9.00 EUR"],
        ]
        assert "<b>" not in text(ada.get(page_of(shown)))

    @pytest.mark.parametrize("cause", Cause)
    def test_there_is_a_sentence_for_every_cause(self, ada, cause):
        assert "97.10 EUR" in text(ada.get(page_of(a_break(cause=cause))))

    def test_a_merchant_s_break_and_what_is_told_first_are_shown(self, ada):
        kiosk = onboard("Kiosk").merchant.id
        unheard = a_break(kiosk, payment_id=uuid7(), news={"type": "RefundReported", "amount": 5})
        page = text(ada.get(page_of(unheard)))
        for shown in (encode("mer", kiosk), encode("pay", unheard.payment_id), "RefundReported"):
            assert shown in page

    def test_one_takes_and_proposes_and_another_closes(self, ada, grace, one):
        assert said(decide(ada, one, "take", "")) == ["It is yours."]
        assert "somebody else has to approve" in said(decide(ada, one, "propose_draft"))[0]
        assert "Approve" not in dict(ada.get(page_of(one)).context["deeds"]).values()
        assert said(decide(ada, one, "approve")) == [
            "Whoever proposed it does not approve it: ask another."
        ]
        assert said(decide(grace, one, "approve")) == ["Closed."]
        assert waiting() == 0
        assert [(by, act) for by, act, _ in history(one)] == [
            *(("ada", "taken"), ("ada", "draft proposed"), ("grace", "approved"))
        ]
        closed = ada.get(page_of(one))
        assert "approved by grace: As agreed." in text(closed)
        assert closed.context["deeds"] == []

    def test_it_is_written_off_by_two(self, ada, grace, one):
        decide(ada, one, "propose_write_off")
        decide(grace, one, "approve")
        assert Break.objects.get(id=one.id).state == "written_off"

    def test_it_is_rejected_by_another_and_withdrawn_by_oneself(self, ada, grace, one):
        decide(ada, one, "propose_draft")
        assert ("reject", "Withdraw") in ada.get(page_of(one)).context["deeds"]
        decide(grace, one, "reject", "No.")
        decide(ada, one, "propose_draft")
        decide(ada, one, "reject", "A slip.")
        assert [act for _, act, _ in history(one)] == [
            *("draft proposed", "rejected", "draft proposed", "withdrawn")
        ]

    def test_what_has_no_reason_is_not_done(self, ada, one):
        assert said(decide(ada, one, "propose_draft", " ")) == ["Say why."]

    def test_what_was_not_seen_is_not_proposed(self, ada, one):
        [refusal] = said(decide(ada, one, "propose_draft", draft="0" * 64))
        assert "not what you saw" in refusal

    def test_what_was_not_seen_is_not_approved(self, ada, grace, one):
        decide(ada, one, "propose_draft")
        [refusal] = said(decide(grace, one, "approve", draft="0" * 64))
        assert "not what you saw" in refusal
        assert waiting() == 97_10

    def test_what_nobody_proposed_is_not_approved(self, grace, one):
        assert said(decide(grace, one, "approve")) == ["Nothing is proposed."]

    def test_all_like_it_are_decided_on_with_their_sum_in_view(self, ada, grace, one):
        a_break(), a_break()
        title = "Propose the draft for all 3 like this, 291.30 EUR"
        assert ("propose_all_draft", title) in ada.get(page_of(one)).context["deeds"]
        assert said(decide(ada, one, "propose_all_draft")) == ["Proposed: 3 done."]
        title = "Approve all 3 like this, 291.30 EUR"
        assert ("approve_all", title) in grace.get(page_of(one)).context["deeds"]
        assert said(decide(grace, one, "approve_all")) == ["Approved: 3 done."]
        assert waiting() == 0

    def test_others_than_were_seen_are_not_decided_on(self, ada, one):
        a_break()
        [refusal] = said(decide(ada, one, "propose_all_write_off", alike="0" * 64))
        assert "not what you saw" in refusal

    def test_a_draft_that_does_not_balance_is_shown_as_that(self, ada, one):
        one.draft[0]["entries"][0]["amount"] += 1
        one.sequence += 1
        one.save()
        assert "No transaction" in text(ada.get(page_of(one)))
        [refusal] = said(decide(ada, one, "propose_draft"))
        assert "no transaction" in refusal

    def test_a_break_without_a_draft_waits(self, ada):
        page = ada.get(page_of(a_break(draft=[])))
        assert "comes by itself" in text(page)
        assert page.context["deeds"] == [("take", "Take it")]

    def test_who_may_only_look_only_looks(self, eve, one):
        assert eve.get(page_of(one)).context["deeds"] == []
        for deed in ("take", "propose_draft", "propose_all_write_off", "approve", "approve_all"):
            assert decide(eve, one, deed).status_code == 403
        proposed(one, WRITE_OFF)
        assert decide(eve, one, "reject").status_code == 403
        assert decide(login("mary", *VIEWS, "propose"), one, "approve").status_code == 403
        assert decide(login("mike", *VIEWS, "propose"), one, "reject").status_code == 403
        assert Break.objects.get().state == "proposed"

    def test_nobody_edits_a_break(self, db, one):
        root = Client()
        root.force_login(User.objects.create_superuser("root"))
        root.post(page_of(one), {"amount": 1, "deed": "edit"})
        assert root.get(f"{OFFICE}/break/add/").status_code == 403
        assert root.post(f"{OFFICE}/break/{one.id}/delete/").status_code == 403
        assert Break.objects.get().sequence == 1
        for unknown in (uuid7(), "x"):
            assert root.get(f"{OFFICE}/break/{unknown}/change/").status_code == 404
        stranger = login("stranger", "view_batch")
        assert stranger.get(page_of(one)).status_code == 403
        assert stranger.get(f"{OFFICE}/break/").status_code == 403


class TestStatements:
    @pytest.fixture
    def kept(self, db):
        received = receive(
            *("stripe", "balance.csv", [CONTENT]), livemode=False, source="folder", at=now()
        )
        return received.statement

    def refused(self, kept):
        Statement.objects.filter(id=kept.id).update(
            state="refused", refused_row=2, refused_because="net is no amount"
        )
        return kept

    def upload(self, client, name="balance.csv", **more):
        file = SimpleUploadedFile(name, CONTENT)
        given = {"psp": "stripe", "file": file, "because": "It never came."} | more
        return client.post(f"{OFFICE}/statement/add/", given, follow=True)

    def test_a_file_is_handed_in_once(self, ada):
        assert "Hand in" in text(ada.get(f"{OFFICE}/statement/add/"))
        assert "is kept" in said(self.upload(ada))[0]
        statement = Statement.objects.get()
        assert (statement.source, statement.received_by, statement.livemode) == (
            *("uploaded", "ada", False),
        )
        entry = Entry.objects.get(outcome="done")
        assert (entry.act, entry.by, entry.because) == (
            *("statement.upload", "ada", "It never came."),
        )
        assert entry.details == {"statement": statement.public_id, "new": True}
        assert "nothing changes" in said(self.upload(ada, "another.csv"))[0]
        assert Statement.objects.count() == 1

    def test_what_is_no_file_or_of_no_psp_is_asked_for_again(self, ada):
        assert "required" in text(ada.post(f"{OFFICE}/statement/add/", {"psp": "stripe"}))
        assert "valid choice" in text(self.upload(ada, psp="paypal"))
        assert not Statement.objects.exists()

    def test_a_file_that_is_too_large_is_refused(self, ada, settings):
        settings.STATEMENT_MOST = 3
        assert "at most 3 bytes" in text(self.upload(ada))
        assert not Statement.objects.exists()

    def test_its_bytes_are_saved_as_they_came_and_that_is_written_down(self, ada, kept):
        reply = ada.get(f"{OFFICE}/statement/{kept.id}/bytes")
        assert b"".join(reply.streaming_content) == CONTENT
        assert reply["Content-Disposition"] == 'attachment; filename="balance.csv"'
        assert "private, no-store" in reply["Cache-Control"]
        entry = Entry.objects.get()
        assert (entry.outcome, entry.by, entry.details) == ("seen", "ada", {"fields": ["content"]})
        assert ada.get(f"{OFFICE}/statement/{uuid7()}/bytes").status_code == 404
        stranger = login("stranger", "view_batch")
        assert stranger.get(f"{OFFICE}/statement/{kept.id}/bytes").status_code == 403

    def test_its_page_says_why_it_was_refused_and_has_it_read_again(self, ada, kept):
        page = text(ada.get(page_of(self.refused(kept))))
        assert "net is no amount" in page
        assert "Read again" in page
        again = f"{OFFICE}/statement/{kept.id}/read-again/"
        given = {"reason": "The format is known now.", "_form_submitted": "True"}
        ada.post(again, given)
        kept.refresh_from_db()
        assert (kept.state, kept.refused_row, kept.refused_because) == ("received", None, "")
        entry = Entry.objects.get(outcome="done")
        assert (entry.act, entry.because) == ("statement.read_again", "The format is known now.")
        assert entry.after["state"] == "received"
        assert ada.post(again, given).status_code == 403
        assert ada.get(f"{OFFICE}/statement/x/read-again/").status_code == 403

    def test_it_is_listed_with_its_breaks(self, ada, kept):
        closed_by_itself(a_break(statement_id=kept.id, row=1))
        found = a_break(statement_id=kept.id, row=3)
        assert "2, 1 open" in text(ada.get(f"{OFFICE}/statement/", {"q": kept.public_id}))
        assert "balance.csv</a>, row 3" in text(ada.get(page_of(found)))
        of_it = {"statement_id__exact": kept.id, "standing": "all"}
        assert ada.get(f"{OFFICE}/break/", of_it).context["cl"].result_count == 2

    def test_who_may_only_look_hands_nothing_in(self, eve, kept):
        assert eve.get(f"{OFFICE}/statement/add/").status_code == 403
        assert self.upload(eve).status_code == 403
        assert "Read again" not in text(eve.get(page_of(self.refused(kept))))
        again = f"{OFFICE}/statement/{kept.id}/read-again/"
        assert eve.post(again, {"reason": "x", "_form_submitted": "True"}).status_code == 403

    def test_what_was_ordered_is_shown_with_what_stood_in_its_way(self, ada):
        order = Order.objects.create(
            psp="adyen",
            livemode=False,
            name="batch_134.csv",
            place="x",
            ordered_at=now(),
            problem="404",
        )
        assert "404" in text(ada.get(f"{OFFICE}/order/"))
        assert "batch_134.csv" in text(ada.get(page_of(order)))


class TestBatches:
    @pytest.fixture
    def batch(self, db):
        return Batch.objects.create(
            psp="adyen",
            livemode=False,
            reference="134",
            currency="EUR",
            amount=100_00,
            told_at=now(),
        )

    def test_what_is_awaited_is_listed_as_that(self, ada, batch):
        assert "awaited" in text(ada.get(f"{OFFICE}/batch/", {"arrived": "no"}))
        assert "a webhook" in text(ada.get(page_of(batch)))

    def test_what_came_otherwise_is_found(self, ada, batch):
        for arrived, listed in ((100_00, 0), (99_50, 1)):
            Batch.objects.filter(id=batch.id).update(arrived=arrived, arrived_at=now())
            page = ada.get(f"{OFFICE}/batch/", {"arrived": "other"})
            assert page.context["cl"].result_count == listed
        assert "-0.50 EUR" in text(page)
        assert ada.get(f"{OFFICE}/batch/", {"arrived": "yes"}).context["cl"].result_count == 1
