"""What is done to a payment by hand: by whom it may be, in exact amounts, once, with a reason, and written down."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from kernel.audit.models import Entry
from kernel.clock import now
from paygate.approvals.decide import reject
from paygate.approvals.models import Limit, Request
from paygate.payments.models import Attempt, Payment, Refund

pytestmark = pytest.mark.django_db


def login(role: str, name: str = "sam") -> Client:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def support():
    Limit.objects.update_or_create(
        role="support", currency="EUR", defaults={"single": 100_00, "daily": 500_00}
    )
    return login("support")


def shown(answer) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


@pytest.fixture
def paid(api):
    def pay(amount=2495, currency="EUR", **changes):
        api.pay(**{"amount": amount, "currency": currency, "psp": "stripe"} | changes)
        return Payment.objects.order_by("-id")[0]

    return pay


def do(client, payment, deed, key="key-1", **given):
    return client.post(
        f"/admin/payments/payment/{payment.id}/do/{deed}/",
        {"key": key, "because": "The customer asked.", **given},
        follow=True,
    )


def test_a_part_is_refunded_in_exact_amounts_with_a_reason_that_is_kept(support, paid):
    payment = paid()

    page = do(support, payment, "refund", amount="22.40", reason="duplicate")

    refund = Refund.objects.get()
    assert (refund.amount, refund.reason) == (2240, "duplicate")
    assert "22.40 EUR" in shown(page)
    done = Entry.objects.get(act="refund", outcome="done")
    assert (done.by, done.because, done.subject) == (
        "sam",
        "The customer asked.",
        payment.public_id,
    )
    asked = Entry.objects.get(act="refund", outcome="asked").details
    assert (asked["amount"], asked["reason"]) == (2240, "duplicate")


def test_what_waits_for_a_second_person_is_called_so_and_stands_on_the_page(support, paid):
    payment = paid(amount=150_00)

    do(support, payment, "refund", amount="120.00", reason="")

    page = shown(support.get(f"/admin/payments/payment/{payment.id}/change/"))
    waits = Request.objects.get()
    assert f"{waits.asked_by} asks to {waits.says}; it waits for a second person" in page
    assert "Refund: waits for a second person" in page
    assert "Refund: done" not in page
    login("support lead", "lena")
    reject(waits, by="lena", because="Not yet.", at=now())
    assert "it waits for a second person" not in shown(
        support.get(f"/admin/payments/payment/{payment.id}/change/")
    )


def test_the_page_says_how_far_a_refund_came(support, paid):
    said = shown(do(support, paid(), "refund", amount="10.00", reason=""))

    assert re.search("10.00 EUR (was given back by Stripe|is on its way back; Stripe)", said)


def test_the_same_form_sent_twice_refunds_once(support, paid):
    payment = paid()
    for _ in range(2):
        do(support, payment, "refund", amount="10.00", reason="")
    assert Refund.objects.get().amount == 1000


@pytest.mark.parametrize("typed", ["22,40", "22.405", "-1", "", "NaN", "٢٢"])
def test_what_is_no_amount_comes_back_with_a_word_on_it_and_moves_nothing(support, paid, typed):
    payment = paid()
    page = do(support, payment, "refund", amount=typed, reason="")
    assert page.status_code == 200
    assert "Why" in shown(page)
    assert not Refund.objects.exists()
    assert not Entry.objects.filter(act="refund").exists()


def test_yen_have_no_decimals(support, paid):
    Limit.objects.update_or_create(
        role="support", currency="JPY", defaults={"single": 100_000, "daily": 100_000}
    )
    payment = paid(amount=5000, currency="JPY")
    do(support, payment, "refund", amount="1000", reason="")
    assert Refund.objects.get().amount == 1000


def test_without_a_reason_nothing_is_done(support, paid):
    payment = paid()
    page = do(support, payment, "refund", amount="1.00", reason="", because=" ")
    assert "This field is required." in shown(page)
    assert not Refund.objects.exists()


def test_more_than_is_left_is_refused_in_words_and_written_down(support, paid):
    payment = paid()
    page = do(support, payment, "refund", amount="24.96", reason="")
    assert "24.95 EUR of" in shown(page)
    assert "can be refunded, not 24.96 EUR" in shown(page)
    assert Entry.objects.filter(act="refund", outcome="refused").count() == 1


def test_above_the_limit_it_waits_for_a_second_person(support, paid):
    payment = paid(amount=200_00)
    page = do(support, payment, "refund", amount="150.00", reason="")
    request = Request.objects.get()
    assert not Refund.objects.exists()
    assert "It waits for a second person:" in shown(page)
    assert request.public_id in shown(page)


def test_the_preview_says_who_pays_and_changes_nothing(support, paid):
    payment = paid()
    before = Payment.objects.values().get()

    answer = support.get(
        f"/admin/payments/payment/{payment.id}/refund-preview/", {"amount": "22.40"}
    )

    words = shown(answer)
    assert "Who pays for 22.40 EUR" in words
    assert re.search(r"The customer gets on Visa …4242, by Stripe 22\.40 EUR", words)
    assert "The merchant's balance is debited" in words
    assert "refund.succeeded the refund" in words
    assert "Left to be given back 2.55 EUR" in words
    assert Payment.objects.values().get() == before
    assert not Refund.objects.exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("22,40", "with a point, not a comma"),
        ("30.00", "24.95 EUR of"),
        ("", "Write the amount in EUR"),
    ],
)
def test_the_preview_of_what_cannot_be_says_why(support, paid, typed, said):
    payment = paid()
    answer = support.get(f"/admin/payments/payment/{payment.id}/refund-preview/", {"amount": typed})
    assert answer.status_code == 200
    assert said in shown(answer)


def test_what_is_held_is_captured_in_part(support, paid):
    payment = paid(capture_method="manual")
    do(support, payment, "capture", amount="10.00", final="on")
    attempt = Attempt.objects.get(operation="capture")
    assert (attempt.amount, attempt.final) == (1000, True)
    assert Entry.objects.get(act="capture", outcome="done").because == "The customer asked."


def test_what_is_held_is_let_go(support, paid):
    payment = paid(capture_method="manual")
    page = do(support, payment, "cancel")
    assert Attempt.objects.get(operation="cancel").amount == 2495
    assert "Canceled at" in shown(page) or "let go" in shown(page)


def test_what_cannot_be_done_any_more_is_refused_in_words(support, paid):
    payment = paid()
    page = do(support, payment, "cancel")
    assert "cancel is not possible" in shown(page)
    assert Entry.objects.filter(act="cancel", outcome="refused").exists()


def test_the_page_offers_what_the_state_allows_and_nothing_else(support, paid):
    def offered(payment):
        page = support.get(f"/admin/payments/payment/{payment.id}/change/").content.decode()
        return set(re.findall(r'popovertarget="deed-([a-z-]+)"', page)) - {"send-again"}

    assert offered(paid()) == {"refund"}
    assert offered(paid(capture_method="manual")) == {"capture", "cancel"}
    assert offered(paid(payment_method="pm_card_declined")) == set()


def test_a_form_that_came_too_late_says_so(support, paid):
    payment = paid(payment_method="pm_card_declined")
    page = support.get(f"/admin/payments/payment/{payment.id}/do/refund/", follow=True)
    assert "not possible as the payment stands now" in shown(page)


@pytest.mark.parametrize("deed", ["refund", "capture", "cancel", "send-again"])
@pytest.mark.parametrize("role", ["auditor", "finance", "administrator"])
def test_whoever_may_not_is_refused_for_looking_at_the_form_and_for_sending_it(paid, role, deed):
    payment, client = paid(), login(role, role.replace(" ", "-"))
    address = f"/admin/payments/payment/{payment.id}/do/{deed}/"
    assert client.get(address).status_code == 403
    assert client.post(address, {"key": "k", "because": "x", "amount": "1"}).status_code == 403
    assert not Refund.objects.exists()


def test_a_deed_that_nobody_knows_is_not_found(support, paid):
    payment = paid()
    assert support.get(f"/admin/payments/payment/{payment.id}/do/give/").status_code == 404
    assert do(support, payment, "give").status_code == 404


def test_money_wants_a_fresh_second_factor(support, paid, settings):
    payment = paid()
    settings.STAFF_SECOND_FACTOR = True
    answer = support.post(
        f"/admin/payments/payment/{payment.id}/do/refund/",
        {"key": "k", "because": "x", "amount": "1.00", "reason": ""},
    )
    assert answer.status_code == 302
    assert "/do/refund/" not in answer["Location"].partition("?")[0]
    assert not Refund.objects.exists()
