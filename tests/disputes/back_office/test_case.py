"""The page of a case: what happened in a sentence, what may be done and by whom, and what is known of the payment."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from disputes.models import Act, Dispute, Evidence
from kernel.audit.models import Entry
from kernel.clock import now
from merchants.customers.keep import keep
from merchants.customers.sealing import Person
from paygate.psp.cases import Reason
from paygate.psp.gateway import DeclineCode, Declined
from tests.disputes.back_office.conftest import ACCEPT, ANSWER, LOOK, WHY, Desk, said, words
from tests.disputes.conftest import DUE, Case, reinstated, withdrawn

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def fresh(dispute):
    return Dispute.objects.get(id=dispute.id)


# ---------------------------------------------------------------------------------------- what it says


def test_a_sentence_says_what_happened_and_what_is_to_be_done_until_when(sam, dispute):
    shown = words(sam.page(dispute))

    assert (
        "The cardholder's bank took 10.00 USD back on 2026-11-23: fraudulent."
        " Answer by 2026-12-07 12:00 UTC (13 d 23 h left)." in shown
    )
    assert "needs response" in shown
    assert "Chargeback at Stripe, case case_1, code 10.4" in shown


@pytest.mark.parametrize(
    "left, told",
    [
        (timedelta(hours=5, minutes=12), "Urgent: 5 h 12 min left"),
        (timedelta(days=2, hours=3), "Soon: 2 d 3 h left"),
        (timedelta(days=9), "9 d left"),
        (timedelta(seconds=30), "Urgent: less than a minute left"),
        (-timedelta(hours=1), "Missed: over for 1 h"),
    ],
)
def test_the_clock_says_in_words_how_urgent_it_is(sam, dispute, monkeypatch, left, told):
    monkeypatch.setattr("disputes.back_office.case.now", lambda: DUE - left)

    assert told in words(sam.page(dispute))


def test_the_money_is_told_by_rounds(sam, case, puppet, noon):
    one = case()
    one.heard("needs_response", withdrawn("txn_1"))
    one.heard("won", reinstated("txn_2"), hours=2)
    dispute = one.heard("needs_response", withdrawn("txn_3"), stage="pre_arbitration", hours=3)

    shown = words(sam.page(dispute))

    assert "10.00 USD 2026-11-23 12:00 UTC 10.00 USD 2026-11-23 14:00 UTC 0.00 USD" in shown
    assert "10.00 USD 2026-11-23 15:00 UTC held by the PSP 15.00 USD" in shown
    assert "has taken the case up again, and took 10.00 USD back on 2026-11-23" in shown


@pytest.mark.parametrize(
    "end, sentence",
    [
        ("won", "Won on 2026-11-23: 10.00 USD came back."),
        (
            "lost",
            "Lost on 2026-11-23: 10.00 USD stays with the cardholder, and our fee of 15.00 USD stays charged.",
        ),
        ("under_review", "The bank has not decided yet."),
    ],
)
def test_what_is_decided_or_with_the_bank_says_so_and_has_no_buttons(
    sam, case, puppet, noon, end, sentence
):
    one = case()
    one.heard("needs_response", withdrawn("txn_1"))
    back = [reinstated("txn_2")] if end == "won" else []
    dispute = one.heard(end, *back, hours=1)

    reply = sam.page(dispute)

    assert sentence in words(reply)
    for button in ("Save draft", "Submit", "Accept the dispute"):
        assert button not in words(reply), button
    for where in ("submit", "accept"):
        refused = sam.page(dispute, where)
        assert refused.status_code == 302
        assert said(refused)


def test_an_inquiry_says_that_nothing_was_taken(sam, case, puppet, noon):
    dispute = case().heard("needs_response", stage="inquiry", reason=Reason.UNRECOGNIZED)

    shown = words(sam.page(dispute))

    assert "asks about 10.00 USD and has taken nothing: payment not recognized." in shown
    assert "No money has moved yet." in shown


# ------------------------------------------------------------------------------------ what is known


@pytest.fixture
def told(case, puppet, noon, api):
    """A dispute of a payment of which the merchant has told much."""
    return case(
        description="Two coffees",
        statement_descriptor="KIOSK 12",
        metadata={
            "order": "1001",
            "tracking": "1Z999",
            "carrier": "UPS",
            "shipped_at": "2026-11-01",
            "customer_name": "Ada Lovelace",
            "email": "ada@example.com",
        },
    ).heard("needs_response", withdrawn("txn_1"), reason=Reason.NOT_RECEIVED)


def field(page, kind):
    found = page.content.decode().partition(f'id="id_text_{kind}"')[2].partition("</textarea>")[0]
    return found.partition(">")[2].strip()


def test_what_is_known_stands_in_the_form_and_is_not_given_by_itself(sam, told):
    page = sam.page(told)

    explanation = field(page, "explanation")
    for known in ("10.00 USD", "Two coffees", "KIOSK 12", "Order: 1001", "Kiosk", "Visa …4242"):
        assert known in explanation, known
    assert field(page, "shipping_tracking_number") == "1Z999"
    assert field(page, "shipping_carrier") == "UPS"
    assert field(page, "shipping_date") == "2026-11-01"
    assert field(page, "product_description") == "Two coffees"
    assert page.content.decode().count('console-waiting">known, not saved') == 5
    assert "Use what is known" not in words(page)
    assert field(page, "refund_policy") == ""
    assert "We keep no policies of merchants" in words(page)
    assert not Evidence.objects.exists()


def test_who_the_customer_is_is_offered_to_those_who_may_know_and_written_down(sam, told):
    assert field(sam.page(told), "customer_email") == ""
    assert not Entry.objects.filter(act="see").exists()

    rita = Desk(*LOOK, ANSWER, "merchants.see_pii")
    page = rita.page(told)

    assert field(page, "customer_email") == "ada@example.com"
    assert field(page, "customer_name") == "Ada Lovelace"
    seen = Entry.objects.get(act="see")
    assert (seen.by, seen.subject) == (rita.user.username, told.public_id)
    assert seen.details["fields"] == ["customer_email", "customer_name"]


def test_once_something_was_saved_what_is_known_is_beside_the_fields_and_not_in_them(sam, told):
    sam.save(told, {"text_explanation": "Delivered."})

    page = sam.page(fresh(told))

    assert field(page, "explanation") == "Delivered."
    assert field(page, "shipping_tracking_number") == ""
    assert "Use what is known" in words(page)
    assert 'id="offer-shipping_tracking_number">1Z999</p>' in page.content.decode()


def test_what_looks_like_a_card_number_is_not_offered(sam, case, puppet, noon, monkeypatch):
    dispute = case().heard("needs_response")
    monkeypatch.setattr(
        "disputes.back_office.known.Known.statement", lambda _: "Card 4242 4242 4242 4242"
    )

    assert field(sam.page(dispute), "explanation") == ""


def test_the_payment_is_told_of(sam, told):
    shown = words(sam.page(told))

    for known in ("Visa …4242", "not asked for", "Nothing was refunded before.", "1Z999", "user-1"):
        assert known in shown, known


def test_that_the_cardholder_passed_3d_secure_is_known_and_offered(
    sam, api, puppet, noon, simulators
):
    payment = api.pay(
        psp="stripe", payment_method="pm_card_3ds", return_url="https://shop.example/return"
    ).json()
    one = Case(payment)
    at_the_bank(payment)
    assert api.post(f"payments/{payment['id']}/confirm", {}).json()["status"] == "captured"
    one.payment = api.get(f"payments/{payment['id']}").json()
    dispute = one.heard("needs_response")

    page = sam.page(dispute)

    assert "passed: the cardholder was asked by the bank and confirmed" in words(page)
    assert "3-D Secure was passed: the cardholder was asked" in field(page, "explanation")
    assert "Liability shift not told by the PSP" in words(page)


def at_the_bank(payment):
    requests.post(
        payment["next_action"]["url"], data={"result": "complete"}, allow_redirects=False, timeout=5
    )


def test_refunds_that_were_made_are_known_and_offered(sam, api, puppet, noon, case):
    one = case()
    api.post("refunds", {"payment": one.payment["id"], "amount": 405})
    dispute = one.heard("needs_response")

    page = sam.page(dispute)

    assert "4.05 USD succeeded" in words(page)
    assert "Of this, 4.05 USD was refunded before" in field(page, "explanation")


def test_who_the_customer_is_is_hidden_in_the_metadata_too(sam, told):
    shown = words(sam.page(told))
    assert "customer_name hidden" in shown
    assert "Ada" not in shown

    assert "customer_name Ada Lovelace" in words(Desk(*LOOK, "merchants.see_pii").page(told))
    assert Entry.objects.filter(act="see").count() == 1


def test_a_customer_whom_the_merchant_has_told_us_of_is_offered(sam, told, merchant):
    keep(
        merchant.merchant.id,
        Person(name="Grace Hopper", email="grace@example.com", address={"city": "Arlington"}),
        livemode=False,
        user_id="user-1",
        at=now(),
    )

    page = Desk(*LOOK, ANSWER, "merchants.see_pii").page(told)

    assert field(page, "customer_name") == "Grace Hopper"
    assert field(page, "customer_email") == "grace@example.com"
    assert field(page, "billing_address") == "Arlington"
    assert "Grace" not in words(sam.page(told))


def test_the_checklist_says_what_is_there_and_what_is_missing(sam, told):
    assert "Explanation known, not saved" in words(sam.page(told))
    assert "Proof of delivery missing" in words(sam.page(told))

    sam.save(told, {"text_explanation": "Delivered."})

    shown = words(sam.page(fresh(told)))
    assert "Explanation given as text" in shown
    assert "Receipt missing" in shown


def test_the_history_tells_who_did_what_and_why(sam, dispute):
    sam.save(dispute, {"text_explanation": "Delivered."})
    sam.ask(fresh(dispute), "submit")

    shown = words(sam.page(fresh(dispute)))

    for told in (
        "Stripe said: needs response",
        "10.00 USD taken txn_1",
        "Evidence given Explanation",
        f"Evidence edited at the desk by {sam.user.username} “{WHY}”",
        f"Evidence submitted at the desk by {sam.user.username} “{WHY}”",
        "Stripe has taken it",
    ):
        assert told in shown, told


# ------------------------------------------------------------------------------------------ who may what


@pytest.mark.parametrize(
    "rights, sees",
    [
        ((), []),
        ((ANSWER,), ["Save draft", "Submit what is saved"]),
        ((ACCEPT,), ["Accept the dispute"]),
        ((ANSWER, ACCEPT), ["Save draft", "Submit what is saved", "Accept the dispute"]),
    ],
)
def test_each_sees_the_buttons_of_their_rights_and_no_others(sam, dispute, rights, sees):
    sam.save(dispute, {"text_explanation": "Delivered."})
    dispute = fresh(dispute)

    shown = words(Desk(*LOOK, *rights).page(dispute))

    for button in ("Save draft", "Submit what is saved", "Accept the dispute"):
        assert (button in shown) == (button in sees), button


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("where, right", [("submit", ANSWER), ("accept", ACCEPT)])
def test_who_may_not_is_refused_on_the_server(sam, dispute, method, where, right):
    sam.save(dispute, {"text_explanation": "Delivered."})
    dispute = fresh(dispute)
    form = sam.hidden(dispute, where)
    other = ({ANSWER, ACCEPT} - {right}).pop()
    address = f"/admin/disputes/dispute/{dispute.id}/{where}"

    for rights in ((), LOOK, (*LOOK, other), (right,)):
        client = Desk(*rights).client
        reply = getattr(client, method)(address, {**form, "because": WHY})
        assert reply.status_code == 403, rights
    assert not Act.objects.exists()


def test_who_may_not_answer_saves_nothing(dispute):
    for rights in (LOOK, (*LOOK, ACCEPT), (ANSWER, "disputes.view_dispute")):
        assert Desk(*rights).save(dispute, {"text_explanation": "x"}).status_code == 403
    assert not Evidence.objects.exists()


def test_who_may_not_see_evidence_sees_none_of_it(sam, dispute):
    sam.save(dispute, {"text_explanation": "Delivered."})

    shown = words(Desk("disputes.view_dispute").page(fresh(dispute)))

    assert "Delivered." not in shown
    assert "1 piece of evidence" in shown
    assert "Evidence given" not in shown


@pytest.mark.parametrize(
    "address", ["nonsense/change/", "nonsense/submit", "../../dispute/7/change/"]
)
def test_an_address_that_somebody_typed_is_not_found(sam, address):
    assert sam.client.get(f"/admin/disputes/dispute/{address}").status_code == 404


def test_a_dispute_that_nobody_has_is_not_found(sam):
    page = "/admin/disputes/dispute/01a210a4-694d-7bcd-8011-e0852a1726bc"

    for where in ("change/", "submit", "accept", "evidence/01a210a4-694d-7bcd-8011-e0852a1726bc"):
        assert sam.client.get(f"{page}/{where}").status_code == 404


# ---------------------------------------------------------------------------------------- hostile text


def test_what_psps_and_merchants_write_is_text_and_nothing_else(sam, case, puppet, api, noon):
    one = case(description=HOSTILE[:100], metadata={"order": HOSTILE, HOSTILE[:30]: "x"})
    dispute = one.heard("needs_response", withdrawn(HOSTILE), reason_code=HOSTILE)
    sam.save(dispute, {"text_explanation": HOSTILE}, because=HOSTILE)
    puppet.answers = [declined(HOSTILE)]
    sam.ask(fresh(dispute), "submit", because=HOSTILE)
    dispute = fresh(dispute)

    pages = [sam.page(dispute, where) for where in ("change/", "submit", "accept")]
    pages.append(sam.client.get("/admin/disputes/dispute/"))

    assert [page.status_code for page in pages] == [200] * 4
    assert "alert(1)" in words(pages[0])
    for page in pages:
        assert "<script>alert" not in page.content.decode()
        assert "<img src=x" not in page.content.decode()


def declined(message):
    return Declined(DeclineCode.INVALID_STATE, psp_code="closed", psp_message=message)


def test_pages_of_cases_are_not_kept_by_browsers(sam, dispute):
    assert "no-store" in sam.page(dispute)["Cache-Control"]


def test_nothing_on_the_page_needs_a_laxer_policy_for_scripts(sam, dispute):
    page = (
        sam.page(dispute)
        .content.decode()
        .partition('class="desk"')[2]
        .partition("simplebar.js")[0]
        .rpartition("<script")[0]
    )

    assert "<script" not in page
    assert "javascript:" not in page
    assert " onclick" not in page
