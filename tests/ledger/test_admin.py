"""The back office shows the books and lets nobody touch them, a superuser neither."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client, RequestFactory
from django.urls import reverse

from kernel.audit.models import Entry
from kernel.clock import now
from kernel.ids import encode, uuid7
from ledger import finding
from ledger.models import LedgerAccount, LedgerTransaction
from ledger.post import post
from tests.ledger.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of_a_superuser(rf: RequestFactory):
    request = rf.get("/")
    request.user = get_user_model().objects.create_superuser("root")
    return request


@pytest.mark.parametrize("model", [LedgerAccount, LedgerTransaction])
def test_a_superuser_may_look_and_nothing_else(model, request_of_a_superuser):
    page = admin.site.get_model_admin(model)
    assert page.has_view_permission(request_of_a_superuser)
    assert not page.has_add_permission(request_of_a_superuser)
    assert not page.has_change_permission(request_of_a_superuser)
    assert not page.has_delete_permission(request_of_a_superuser)
    assert page.get_actions(request_of_a_superuser) == {}
    assert page.get_inline_instances(request_of_a_superuser, model()) == []


def test_the_pages_show_the_books_and_take_nothing(captured, client):
    id_ = post(captured("att_1"), effective_at=NOON)
    client.force_login(get_user_model().objects.create_superuser("root"))

    assert (
        "att_1" in client.get(reverse("admin:ledger_ledgertransaction_changelist")).content.decode()
    )
    assert client.get(reverse("admin:ledger_ledgeraccount_changelist")).status_code == 200
    page = reverse("admin:ledger_ledgertransaction_change", args=[id_])
    shown = client.get(page).content.decode()
    assert "97.10 USD" in shown
    assert "liabilities:merchant:pending" in shown

    assert client.post(page, {"memo": "never mind"}).status_code == 403
    assert client.post(reverse("admin:ledger_ledgertransaction_add"), {}).status_code == 403
    assert (
        client.post(
            reverse("admin:ledger_ledgertransaction_delete", args=[id_]), {"post": "yes"}
        ).status_code
        == 403
    )


JOURNAL = "/admin/ledger/ledgertransaction/"
ACCOUNTS = "/admin/ledger/ledgeraccount/"


@pytest.fixture
def ada(db):
    user = get_user_model().objects.create_user("ada", is_staff=True)
    rights = ("view_ledgertransaction", "view_ledgeraccount")
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def eve(db):
    client = Client()
    client.force_login(get_user_model().objects.create_user("eve", is_staff=True))
    return client


def kinds(reply):
    assert reply.status_code == 200, reply.status_code
    return [one["source"] for one in reply.context["listed"]]


@pytest.fixture
def two(captured, available):
    return (
        post(captured("att_1"), effective_at=NOON),
        post(available("po_1", 5_00), effective_at=NOON),
    )


class TestTheJournal:
    def test_the_newest_come_first_with_every_entry(self, ada, two):
        reply = ada.get(JOURNAL)
        assert kinds(reply) == ["po_1", "att_1"]
        for shown in ("97.10 USD", "2.90 USD", "liabilities:merchant:pending"):
            assert shown in reply.content.decode()

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({"q": "att_1"}, ["att_1"]),
            ({"q": "att_"}, []),
            ({"kind": "payment.captured"}, ["att_1"]),
            ({"account": "assets:psp:stripe:receivable"}, ["att_1"]),
            ({"account": "liabilities:merchant:available"}, ["po_1"]),
            ({"account": "liabilities:"}, ["po_1", "att_1"]),
            ({"account": "liabilities"}, []),
            ({"currency": "USD", "least": "100.00"}, ["att_1"]),
            ({"currency": "USD", "most": "4.99"}, ["att_1"]),
            ({"currency": "USD", "least": "5", "most": "5"}, ["po_1"]),
            ({"currency": "EUR"}, []),
            ({"mode": "live"}, []),
            ({"mode": "test"}, ["po_1", "att_1"]),
            ({"until": "2020-01-01"}, []),
            ({"since": "2020-01-01"}, ["po_1", "att_1"]),
        ],
    )
    def test_they_are_found_by_what_is_known_of_them(self, ada, two, asked, found):
        assert kinds(ada.get(JOURNAL, asked)) == found

    def test_they_are_found_by_their_id_and_by_whose_they_are(self, ada, two, merchant):
        assert kinds(ada.get(JOURNAL, {"q": encode("txn", two[0])})) == ["att_1"]
        assert len(kinds(ada.get(JOURNAL, {"merchant": encode("mer", merchant)}))) == 2
        assert kinds(ada.get(JOURNAL, {"merchant": encode("mer", uuid7())})) == []

    def test_a_day_is_that_day(self, ada, two):
        today = now().date()
        assert len(kinds(ada.get(JOURNAL, {"since": today, "until": today}))) == 2
        yesterday = today - timedelta(days=1)
        assert kinds(ada.get(JOURNAL, {"since": yesterday, "until": yesterday})) == []

    @pytest.mark.parametrize(
        ("asked", "says"),
        [
            ({"least": "5"}, "An amount is of a currency"),
            ({"least": "5.001", "currency": "USD"}, "There is no such amount in USD"),
            ({"least": "-5", "currency": "USD"}, "greater than or equal to 0"),
            ({"most": "9" * 19, "currency": "KWD"}, "There is no such amount"),
            ({"merchant": "kiosk"}, "It is no id like mer_"),
            ({"since": "2026-02-30"}, "valid date"),
            ({"since": "2026-02-02", "until": "2026-02-01"}, "before the first day"),
            ({"until": str(date.max)}, "that far ahead"),
            ({"currency": "EURO"}, "not one of the available choices"),
            ({"q": "a" * 500}, "at most 200 characters"),
            ({"kind": "a\0b"}, "Null characters are not allowed"),
        ],
    )
    def test_what_cannot_be_asked_is_said_beside_the_field(self, ada, two, asked, says):
        reply = ada.get(JOURNAL, asked)
        assert kinds(reply) == []
        assert says in reply.content.decode()

    def test_what_would_take_too_long_is_given_up_in_words(self, ada, two, monkeypatch):
        monkeypatch.setattr(finding, "PATIENCE", timedelta(milliseconds=1))
        monkeypatch.setattr(
            finding,
            "_of",
            lambda wanted: LedgerTransaction.objects.extra(where=["pg_sleep(0.2) IS NOT NULL"]),
        )
        assert "Name what caused it, a merchant, or fewer days" in ada.get(JOURNAL).content.decode()

    def test_older_ones_are_on_the_next_page(self, ada, captured, monkeypatch):
        monkeypatch.setattr("ledger.back_office.transactions.AT_ONCE", 2)
        for number in range(3):
            post(captured(f"att_{number}"), effective_at=NOON)
        first = ada.get(JOURNAL, {"kind": "payment.captured"})
        assert kinds(first) == ["att_2", "att_1"]
        second = ada.get(f"{JOURNAL}?{first.context['older']}")
        assert (kinds(second), second.context["older"]) == (["att_0"], "")

    def test_as_many_questions_for_many_as_for_one(
        self, ada, captured, django_assert_max_num_queries
    ):
        post(captured("att_0"), effective_at=NOON)
        ada.get(JOURNAL)
        for number in range(1, 20):
            post(captured(f"att_{number}"), effective_at=NOON)
        with django_assert_max_num_queries(60) as few:
            ada.get(JOURNAL, {"q": "att_0"})
        with django_assert_max_num_queries(len(few)):
            assert len(kinds(ada.get(JOURNAL))) == 20

    def test_who_may_not_see_the_books_sees_nothing(self, eve, two):
        for address in (JOURNAL, f"{JOURNAL}{two[0]}/change/", ACCOUNTS):
            assert eve.get(address).status_code == 403
        assert eve.post(f"{JOURNAL}take-along/csv").status_code == 403

    @pytest.mark.parametrize("typed", ["x", "0", "01a210b3-30a4-7bd2-a1e2-f043da7696b3", "%00"])
    def test_an_address_that_somebody_typed_leads_nowhere(self, ada, typed):
        assert ada.get(f"{JOURNAL}{typed}/change/").status_code == 404


class TestATransaction:
    def test_it_is_shown_as_a_bookkeeper_writes_it(self, ada, two):
        page = ada.get(f"{JOURNAL}{two[0]}/change/").content.decode()
        assert "    Dr  assets:psp:stripe:receivable" in page
        assert "att_1" in page

    def test_what_undoes_it_and_what_it_undoes_are_linked(self, ada, captured):
        first = captured("att_1")
        post(first, effective_at=NOON)
        undone = post(first.reversal(source="fix_1"), effective_at=NOON)
        assert encode("txn", undone) in ada.get(f"{JOURNAL}{first.id}/change/").content.decode()
        assert f'undoes <a href="{JOURNAL}{first.id}/change/' in (
            ada.get(f"{JOURNAL}{undone}/change/").content.decode()
        )


class TestAnAccount:
    @pytest.fixture
    def account(self, captured):
        post(captured("att_1"), effective_at=NOON)
        return LedgerAccount.objects.get(code="liabilities:merchant:pending")

    def page(self, account):
        return f"{ACCOUNTS}{account.id}/change/"

    def test_the_list_says_what_stands_on_each(self, ada, account, merchant):
        listed = ada.get(ACCOUNTS, {"q": encode("mer", merchant)}).content.decode()
        assert "liabilities:merchant:pending" in listed
        assert "97.10 USD" in listed

    def test_a_period_has_what_stood_before_each_entry_and_what_stands_after(
        self, ada, account, captured
    ):
        post(captured("att_2", 50_00), effective_at=NOON)
        shown = ada.get(self.page(account)).context["period"]
        assert str(shown.opening) == "0.00 USD"
        assert [str(row.balance) for row in shown.rows] == ["97.10 USD", str(shown.closing)]
        assert not shown.more

    def test_a_time_before_has_nothing_and_one_after_has_its_opening_balance(self, ada, account):
        day = now().date()
        before = {"since": day - timedelta(days=9), "until": day - timedelta(days=8)}
        after = {"since": day + timedelta(days=1), "until": day + timedelta(days=2)}
        shown = ada.get(self.page(account), before).context["period"]
        assert (str(shown.opening), shown.rows) == ("0.00 USD", [])
        shown = ada.get(self.page(account), after).context["period"]
        assert (str(shown.opening), shown.rows) == ("97.10 USD", [])

    def test_of_a_long_time_the_first_are_shown_and_no_closing_balance(
        self, ada, account, captured, monkeypatch
    ):
        post(captured("att_2", 50_00), effective_at=NOON)
        monkeypatch.setattr("ledger.back_office.accounts.SHOWN", 1)
        reply = ada.get(self.page(account))
        assert reply.context["period"].more
        assert "These are the first 1" in reply.content.decode()

    @pytest.mark.parametrize("typed", ["x", "0", "9" * 30, "-1"])
    def test_an_address_that_somebody_typed_leads_nowhere(self, ada, db, typed):
        assert ada.get(f"{ACCOUNTS}{typed}/change/").status_code == 404

    def test_days_that_are_none_are_said(self, ada, account):
        page = ada.get(self.page(account), {"since": "soon"}).content.decode()
        assert "valid date" in page

    def test_it_is_taken_along_as_a_table_and_the_log_knows(self, ada, account):
        reply = ada.post(f"{ACCOUNTS}{account.id}/take-along", {})
        text = b"".join(reply.streaming_content).decode()
        assert text.splitlines()[1].endswith(",,97.10,97.10,USD")
        entry = Entry.objects.get(act="account.take_along")
        assert (entry.by, entry.merchant_id) == ("ada", account.merchant_id)
        assert ada.get(f"{ACCOUNTS}{account.id}/take-along").status_code == 405


class TestTakingAlong:
    def test_a_table_has_a_row_for_each_entry_and_the_log_knows_who_asked_for_what(self, ada, two):
        reply = ada.post(f"{JOURNAL}take-along/csv", {"q": "att_1"})
        rows = b"".join(reply.streaming_content).decode().splitlines()
        assert len(rows) == 4
        assert reply["Content-Disposition"].startswith("attachment")
        entry = Entry.objects.get(act="books.take_along")
        assert (entry.by, entry.details["asked"]) == ("ada", {"q": "att_1"})

    def test_more_than_is_read_at_once_comes_whole_and_once(self, ada, captured, monkeypatch):
        monkeypatch.setattr("ledger.back_office.taken_along.CHUNK", 2)
        for number in range(5):
            post(captured(f"att_{number}"), effective_at=NOON)
        reply = ada.post(f"{JOURNAL}take-along/csv", {})
        rows = b"".join(reply.streaming_content).decode().splitlines()
        assert len(rows) == len(set(rows)) == 1 + 5 * 3

    def test_no_more_comes_than_may(self, ada, two, settings):
        settings.BACK_OFFICE_EXPORT_MOST = 1
        reply = ada.post(f"{JOURNAL}take-along/csv", {})
        rows = b"".join(reply.streaming_content).decode().splitlines()
        assert {row.split(",")[6] for row in rows[1:]} == {"po_1"}

    def test_what_is_no_question_or_no_format_is_nowhere(self, ada, two):
        assert ada.post(f"{JOURNAL}take-along/pdf", {}).status_code == 404
        assert ada.post(f"{JOURNAL}take-along/csv", {"since": "soon"}).status_code == 404
        assert ada.get(f"{JOURNAL}take-along/csv").status_code == 405
        assert not Entry.objects.filter(act="books.take_along").exists()

    def test_what_looks_like_a_formula_is_none(self, ada, captured):
        post(captured("=1+1"), effective_at=NOON)
        reply = ada.post(f"{JOURNAL}take-along/csv", {})
        assert "'=1+1" in b"".join(reply.streaming_content).decode()
