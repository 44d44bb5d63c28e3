"""What PSPs tell us of payments: evidence where they cannot be asked, a reason to ask where they can."""

from datetime import timedelta

import pytest

from kernel.clock import now
from kernel.ids import decode
from kernel.money import Money
from paygate.payments.hear import NOTHING_NEW, payment_moved
from paygate.payments.models import Attempt, Payment
from paygate.payments.resolve import resolve
from paygate.proof.prove import prove
from paygate.psp.events import Became, NotYet, PaymentMoved, Quarantined
from paygate.psp.gateway import Approved, DeclineCode, Declined
from simulators.run import Simulator
from tests.simulators.browser import press

TEN = Money(10_00, "USD")


@pytest.fixture(autouse=True)
def impatient(settings):
    settings.OUTCOME_PATIENCE = 0.1


def hear(psp, **news):
    return payment_moved(psp, PaymentMoved(**news), livemode=False, now=now())


def row(payment):
    return Payment.objects.get(id=decode("pay", payment))


@pytest.fixture
def lost(api, simulators):
    """A payment that the PSP made and never answered for."""

    def build(psp, **changes):
        simulators[psp].faults(next=["timeout_after"], hang_seconds=1)
        reply = api.pay(psp=psp, **changes)
        assert reply.status_code == 202, reply.json()
        simulators[psp].faults()
        return reply.json()["id"]

    return build


# ------------------------------------------------------------------------- while an attempt is open


def test_adyens_word_settles_a_payment_whose_answer_was_lost(lost, api):
    payment = lost("adyen")

    did = hear(
        "adyen",
        payment=payment,
        psp_reference="ABC",
        became=Became.AUTHORIZED,
        amount=TEN,
        outcome=Approved("ABC", TEN),
    )

    shown = api.get(f"payments/{payment}").json()
    assert (shown["status"], shown["psp_reference"]) == ("captured", "ABC")
    assert "settled" in did
    assert prove().holds


def test_a_held_payment_is_held_and_not_taken(lost, api):
    payment = lost("adyen", capture_method="manual")

    hear(
        "adyen",
        payment=payment,
        psp_reference="ABC",
        became=Became.AUTHORIZED,
        amount=TEN,
        outcome=Approved("ABC", TEN),
    )

    assert api.get(f"payments/{payment}").json()["status"] == "authorized"


def test_adyens_no_is_a_decline(lost, api):
    payment = lost("adyen")

    hear(
        "adyen",
        payment=payment,
        psp_reference="ABC",
        became=Became.DECLINED,
        amount=TEN,
        outcome=Declined(DeclineCode.INSUFFICIENT_FUNDS, "12", "Not enough balance", "ABC"),
    )

    shown = api.get(f"payments/{payment}").json()
    assert (shown["status"], shown["last_error"]["decline_code"]) == (
        "failed",
        "insufficient_funds",
    )


def test_told_twice_is_told_once(lost):
    payment = lost("adyen")
    news = {
        "payment": payment,
        "psp_reference": "ABC",
        "became": Became.AUTHORIZED,
        "amount": TEN,
        "outcome": Approved("ABC", TEN),
    }

    assert hear("adyen", **news) != NOTHING_NEW
    assert hear("adyen", **news) == NOTHING_NEW
    assert prove().holds


def test_news_of_a_psp_that_can_be_asked_make_us_ask_at_once(lost, api):
    payment = lost("stripe")
    far = now() + timedelta(days=1)
    Attempt.objects.update(next_look_at=far)

    assert "looked up" in hear(
        "stripe", payment=payment, psp_reference="pi_1", became=Became.CAPTURED, amount=TEN
    )
    resolve("stripe", at=now() + timedelta(seconds=1))

    assert api.get(f"payments/{payment}").json()["status"] == "captured"


def test_an_attempt_whose_call_is_still_out_answers_for_itself(lost):
    payment = lost("stripe")
    Attempt.objects.update(outcome="", taken_at=now(), next_look_at=now() + timedelta(days=1))

    heard = hear("stripe", payment=payment, psp_reference="pi_1", became=Became.CAPTURED)

    assert heard == NOTHING_NEW
    assert Attempt.objects.get().next_look_at > now()


def test_the_news_of_another_capture_do_not_settle_this_one(api, simulators):
    payment = api.pay(psp="adyen", capture_method="manual").json()
    simulators["adyen"].faults(next=["timeout_after"], hang_seconds=1)
    api.post(f"payments/{payment['id']}/capture", {"amount": 400})

    heard = hear(
        "adyen",
        psp_reference=payment["psp_reference"],
        became=Became.CAPTURED,
        attempt="att_01k9z3v7h8f9g2m4n6p8q0r2s4",
        outcome=Approved("CAP", Money(4_00, "USD")),
    )

    assert heard == NOTHING_NEW
    assert row(payment["id"]).state == "processing"


@pytest.fixture
def capturing(api, simulators):
    """A capture of 4.00 at Adyen of whose answer nothing was heard: the payment and the attempt's id."""
    payment = api.pay(psp="adyen", capture_method="manual").json()
    simulators["adyen"].faults(next=["timeout_after"], hang_seconds=1)
    reply = api.post(f"payments/{payment['id']}/capture", {"amount": 400, "final": False})
    return payment, reply.json()["attempts"][-1]["id"]


def captured(payment, amount, attempt=""):
    return hear(
        "adyen",
        psp_reference=payment["psp_reference"],
        became=Became.CAPTURED,
        attempt=attempt,
        outcome=Approved("CAP", Money(amount, "USD")),
    )


def test_the_news_of_our_capture_settle_it(capturing):
    payment, attempt = capturing

    captured(payment, 4_00, attempt)

    kept = row(payment["id"])
    assert (kept.state, kept.amount_captured) == ("partially_captured", 4_00)
    assert prove().holds


def test_a_capture_of_the_dashboard_is_not_taken_for_ours(capturing):
    payment, _ = capturing

    assert captured(payment, 4_00) == NOTHING_NEW
    assert row(payment["id"]).state == "processing"


def test_our_capture_of_another_amount_is_for_a_person(capturing):
    payment, attempt = capturing

    with pytest.raises(Quarantined):
        captured(payment, 5_00, attempt)
    assert row(payment["id"]).state == "processing"


# ---------------------------------------------------------------------------------------- at rest


@pytest.mark.parametrize("psp, became", [("stripe", Became.CAPTURED), ("adyen", Became.AUTHORIZED)])
def test_a_customer_who_paid_and_never_came_back_has_paid(
    api, simulators: dict[str, Simulator], psp, became
):
    payment = api.pay(
        psp=psp, payment_method="pm_card_3ds", return_url="https://shop.example/return"
    ).json()
    press(payment["next_action"]["url"], "complete")
    approved = Approved("ABC", TEN) if psp == "adyen" else None

    hear(
        psp,
        payment=payment["id"],
        psp_reference=payment["psp_reference"] or "ABC",
        became=became,
        outcome=approved,
    )

    assert api.get(f"payments/{payment['id']}").json()["status"] == "captured"
    assert prove().holds


def test_what_was_let_go_at_the_psp_is_let_go_here(api, simulators):
    payment = api.pay(psp="stripe", capture_method="manual").json()
    simulators["stripe"].act("cancel", payment=payment["id"])

    hear("stripe", psp_reference=payment["psp_reference"], became=Became.CANCELED)

    assert api.get(f"payments/{payment['id']}").json()["status"] == "expired"


def test_what_we_know_already_changes_nothing(api):
    payment = api.pay(psp="stripe").json()
    before = row(payment["id"]).sequence

    for became in (Became.AUTHORIZED, Became.CAPTURED, Became.ACTION_REQUIRED):
        assert hear(
            "stripe", psp_reference=payment["psp_reference"], became=became, amount=TEN
        ) == (NOTHING_NEW)
    assert row(payment["id"]).sequence == before


# ------------------------------------------------------------------------------------- quarantine


def refused(psp, **news):
    with pytest.raises(Quarantined) as why:
        hear(psp, **news)
    return str(why.value)


def test_a_payment_that_we_do_not_know_may_be_known_in_a_moment(lost, api, simulators):
    """The answer that would have told its reference was lost; news of it must not be, too."""
    payment = lost("stripe")
    [reference] = {
        entry["reference"]
        for entry in simulators["stripe"].books()["entries"]
        if entry["payment"] == payment
    }
    with pytest.raises(NotYet) as early:
        hear("stripe", psp_reference=reference, became=Became.CAPTURED)
    assert early.value.patience == timedelta(hours=1)

    resolve("stripe", at=now() + timedelta(seconds=2))

    assert hear("stripe", psp_reference=reference, became=Became.CAPTURED) == NOTHING_NEW


def test_a_confirm_that_comes_after_the_news_is_answered_by_them(api, simulators):
    payment = api.pay(
        psp="stripe", payment_method="pm_card_3ds", return_url="https://shop.example/return"
    ).json()
    press(payment["next_action"]["url"], "complete")
    hear("stripe", psp_reference=payment["psp_reference"], became=Became.CAPTURED)

    confirmed = api.post(f"payments/{payment['id']}/confirm", key="late")

    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "captured")
    again = api.post(f"payments/{payment['id']}/confirm", key="late")
    assert (again.status_code, again.content) == (200, confirmed.content)
    assert prove().holds


def test_a_confirm_that_comes_after_the_news_of_a_failure_hears_of_it(api, simulators):
    payment = api.pay(
        psp="stripe", payment_method="pm_card_3ds", return_url="https://shop.example/return"
    ).json()
    press(payment["next_action"]["url"], "fail")
    hear("stripe", psp_reference=payment["psp_reference"], became=Became.DECLINED)

    confirmed = api.post(f"payments/{payment['id']}/confirm")

    assert (confirmed.status_code, confirmed.json()["error"]["decline_code"]) == (
        402,
        "authentication_failed",
    )


def test_a_payment_that_is_not_ours_is_for_a_person(api):
    payment = api.pay(psp="stripe").json()

    assert "another PSP" in refused(
        "adyen", psp_reference="", payment=payment["id"], became=Became.CAPTURED
    )
    assert "we know" in refused(
        "stripe", psp_reference="pi_other", payment=payment["id"], became=Became.CAPTURED
    )
    with pytest.raises(Quarantined):
        payment_moved(
            "stripe",
            PaymentMoved(payment=payment["id"], psp_reference="", became=Became.CAPTURED),
            livemode=True,
            now=now(),
        )


@pytest.mark.parametrize("amount", [Money(10_01, "USD"), Money(10_00, "EUR")])
def test_another_amount_or_currency_is_for_a_person(lost, amount):
    payment = lost("adyen")

    refused(
        "adyen",
        payment=payment,
        psp_reference="ABC",
        became=Became.AUTHORIZED,
        amount=amount,
        outcome=Approved("ABC", amount),
    )
    assert row(payment).state == "processing"


def test_money_held_for_what_we_call_failed_is_for_a_person(api):
    failed = api.pay(psp="adyen", payment_method="pm_card_declined").json()["error"]["payment"]

    said = refused(
        "adyen", payment=failed["id"], psp_reference="", became=Became.AUTHORIZED, amount=TEN
    )
    assert "failed here" in said


def test_a_capture_that_we_did_not_make_is_for_a_person(api):
    held = api.pay(psp="stripe", capture_method="manual").json()

    assert "not by us" in refused(
        "stripe", psp_reference=held["psp_reference"], became=Became.CAPTURED
    )
