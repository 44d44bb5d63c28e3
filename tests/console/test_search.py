"""The search page and the palette: by whatever somebody has in hand, as far as they may see it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from kernel.ids import decode, encode, uuid7
from paygate.console import search as searching
from paygate.console.search import MOST
from paygate.payments.models import Attempt, Payment, Refund

#: What nothing is called by, and what a program might stumble over.
ODD = (
    *("\0", "a\0b", "x" * 10_000, "🦊🦊", "%", "_", "'; --", "pay_", "pay_" + "z" * 26, "{}"),
    *("4242 99999999999999999999", "4242 .", "4242 1.2.3.4", "31.02.2026 4242", "9" * 12),
    *("kiosk & | ! :*", "http://[", "https://shop.example/x?y", "a@b", "@", "\u202e", "ſ"),
)


@pytest.fixture
def login(db):
    def login(role="auditor"):
        user, _ = User.objects.get_or_create(username=f"in-{role}", is_staff=True)
        user.groups.set([Group.objects.get(name=role)])
        client = Client()
        client.force_login(user)
        return client

    return login


@pytest.fixture
def otto(login):
    return login("auditor")


@pytest.fixture
def asked(otto):
    """The page for what was typed."""

    def asked(text, client=otto):
        return client.get("/admin/search/", {"q": text})

    return asked


def kinds(page):
    return [group.kind for group in page.context["groups"]]


def urls(page):
    return {hit.url for group in page.context["groups"] for hit in group.hits}


@pytest.fixture
def payment(api):
    """24.95 EUR with 4242, order 1001, of user-7."""
    made = api.pay(
        amount=2495,
        currency="EUR",
        user_id="user-7",
        psp="stripe",
        metadata={"order": "Order-1001", "channel": "web"},
    ).json()
    return Payment.objects.get(id=decode("pay", made["id"]))


@pytest.fixture
def its_page(payment):
    return f"/admin/payments/payment/{payment.id}/change/"


class TestAnIdAlone:
    def test_goes_straight_to_its_page(self, asked, payment, its_page):
        assert asked(payment.public_id).url == its_page

    @pytest.mark.parametrize(
        "as_typed",
        [str.upper, lambda id_: id_.replace("_", "-").upper(), lambda id_: f"  {id_}\t"],
    )
    def test_in_whatever_case_a_bank_or_a_mail_gives_it_back(
        self, asked, payment, its_page, as_typed
    ):
        assert asked(as_typed(payment.public_id)).url == its_page

    def test_a_bare_uuid_of_an_address_or_a_log_as_well(self, asked, payment, its_page):
        assert asked(str(payment.id)).url == its_page

    def test_of_an_attempt_which_the_psp_has_as_our_key(self, asked, payment):
        attempt = Attempt.objects.get(payment_id=payment.id)

        assert asked(attempt.public_id).url == f"/admin/payments/attempt/{attempt.id}/change/"

    def test_of_a_merchant(self, asked, merchant):
        page = asked(merchant.merchant.public_id)

        assert page.url == f"/admin/merchants/merchant/{merchant.merchant.id}/change/"

    def test_that_nobody_has_is_said_to_be_nobodys(self, asked):
        page = asked(encode("pay", uuid7()))

        assert page.status_code == 200
        assert "Nothing that you may see" in page.content.decode()


class TestWhatOthersCallIt:
    def test_the_psps_reference_of_a_payment(self, asked, payment, its_page):
        assert urls(asked(payment.psp_reference)) == {its_page}

    def test_the_psps_reference_of_what_it_declined(self, api, asked):
        api.pay(payment_method="pm_card_declined", psp="stripe")
        attempt = Attempt.objects.get()
        assert attempt.psp_reference, "the PSP has a name for it"

        assert f"/admin/payments/payment/{attempt.payment_id}/change/" in urls(
            asked(attempt.psp_reference)
        )

    def test_the_psps_reference_of_a_refund(self, api, asked, payment):
        api.post("refunds", {"payment": payment.public_id, "amount": 100})
        refund = Refund.objects.get()

        page = asked(refund.psp_reference)

        assert f"/admin/payments/refund/{refund.id}/change/" in urls(page)

    def test_an_order_number_whatever_the_key_and_the_case(self, asked, payment, its_page):
        assert urls(asked("ORDER-1001")) == {its_page}

    def test_an_order_number_of_a_refund(self, api, asked, payment):
        api.post("refunds", {"payment": payment.public_id, "metadata": {"return": "R-17"}})

        assert kinds(asked("r-17")) == ["Refunds"]

    def test_only_the_whole_value(self, asked, payment):
        assert kinds(asked("Order-100")) == []

    def test_what_the_merchant_calls_the_payer(self, asked, payment, its_page):
        assert its_page in urls(asked("user-7"))

    def test_a_merchant_by_the_beginning_of_any_word_of_its_name(self, asked, merchant):
        merchant.merchant.name = "Kiosk am Park"
        merchant.merchant.save()

        assert kinds(asked("park kio")) == ["Merchants"]

    def test_what_a_transaction_of_the_books_was_caused_by(self, otto, payment):
        attempt = Attempt.objects.get(payment_id=payment.id)

        page = otto.get("/admin/search/", {"q": attempt.public_id, "all": "1"})

        assert kinds(page) == ["Attempts", "Books"]

    def test_a_value_that_many_have_shows_the_newest_and_says_that_there_are_more(self, api, asked):
        for _ in range(MOST + 2):
            api.pay(metadata={"channel": "everywhere"})

        (group,) = asked("everywhere").context["groups"]

        assert (len(group.hits), group.more) == (MOST, True)
        assert [hit.at for hit in group.hits] == sorted(
            (hit.at for hit in group.hits), reverse=True
        )


class TestACardAndAnAmount:
    @pytest.mark.parametrize(
        "typed",
        [
            "4242",
            "4242 24.95",
            "24.95 4242",
            "…4242 24.95 eur",
            "**** 4242 €24,95",
            "4242 24.95EUR today",
            "today 4242",
        ],
    )
    def test_in_any_order(self, asked, payment, its_page, typed):
        assert its_page in urls(asked(typed))

    @pytest.mark.parametrize(
        "typed", ["4242 24.96", "4243 24.95", "4242 24.95 usd", "4242 24.95 2020-01-01"]
    )
    def test_another_one_is_not_found(self, asked, payment, typed):
        assert kinds(asked(typed)) == []


class TestWhoMaySee:
    def test_nothing_is_shown_of_what_the_person_may_not_look_at(self, login, asked, payment):
        blind = Client()
        blind.force_login(User.objects.create_user("blind", is_staff=True))

        page = asked(payment.public_id, blind)

        assert page.status_code == 200
        assert kinds(page) == []

    def test_who_is_not_logged_in_is_sent_to_log_in(self, db):
        assert "/login" in Client().get("/admin/search/?q=4242").url


class TestWhatIsNoQuestion:
    @pytest.mark.parametrize(
        "typed", ["4242 4242 4242 4242", "4242424242424242", "card 4242-4242-4242-4242 please"]
    )
    @pytest.mark.parametrize("name", ["q", "s"])
    def test_a_card_number_is_refused_and_not_repeated(self, otto, name, typed, caplog):
        page = otto.get("/admin/search/", {name: typed, "extended": 1})

        assert page.status_code == 200
        assert "whole card number" in page.content.decode()
        assert typed not in page.content.decode()
        assert "4242424242424242" not in caplog.text.replace(" ", "").replace("-", "")

    @pytest.mark.parametrize("typed", ODD)
    @pytest.mark.parametrize("name", ["q", "s"])
    def test_never_breaks_the_page(self, otto, name, typed):
        page = otto.get("/admin/search/", {name: typed, "extended": "1"})

        assert page.status_code == 200
        assert b"could not be asked" not in page.content

    def test_nothing_typed_says_what_can_be_looked_for(self, otto):
        assert "What can be looked for" in otto.get("/admin/search/").content.decode()
        assert otto.get("/admin/search/", {"s": " "}).content == b""

    def test_a_finder_that_fails_costs_its_own_hits_alone(
        self, asked, payment, its_page, monkeypatch
    ):
        from django.db import connection

        from kernel.finding import Finder

        def broken(text, most):
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")

        ours = searching.finders()
        monkeypatch.setattr(
            searching,
            "finders",
            lambda: [Finder("Broken", "payments.view_payment", broken), *ours],
        )

        page = asked("Order-1001")

        assert kinds(page) == ["Broken", "Payments"]
        assert "could not be asked" in page.content.decode()
        assert urls(page) == {its_page}


class TestThePalette:
    def test_shows_the_same_hits_and_the_way_to_all(self, otto, payment, its_page):
        page = otto.get("/admin/search/", {"s": "order-1001", "extended": "1"}).content.decode()

        assert its_page in page
        assert "/admin/search/?q=order-1001&amp;all=1" in page

    def test_finds_pages_by_the_beginning_of_a_word(self, otto):
        page = otto.get("/admin/search/", {"s": "refu", "extended": "1"}).content.decode()

        assert "/admin/payments/refund/" in page

    def test_is_kept_by_no_browser(self, otto):
        page = otto.get("/admin/search/", {"s": "order-1001", "extended": "1"})

        assert {"private", "no-store"} <= set(page["Cache-Control"].split(", "))
