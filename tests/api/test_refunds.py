"""POST and GET /v1/refunds: what is given back, what is refused, and what a key promises."""

import pytest

from paygate.payments.models import Payment, Refund

PSPS = ["stripe", "adyen", "braintree"]


@pytest.fixture(autouse=True)
def impatient(settings):
    settings.OUTCOME_PATIENCE = 0.1


@pytest.fixture
def payment(api):
    return api.pay(psp="stripe", amount=100_00, metadata={"order": "7"}).json()["id"]


def error(reply):
    return reply.status_code, reply.json()["error"]["code"], reply.json()["error"]["param"]


def test_all_of_it_is_given_back_by_default(api, payment, books_of):
    reply = api.post("refunds", {"payment": payment, "reason": "requested_by_customer"})

    refund = reply.json()
    assert reply.status_code == 201
    assert reply["Location"] == f"/v1/refunds/{refund['id']}"
    assert refund | {"id": "", "psp_reference": "", "created_at": "", "updated_at": ""} == {
        "id": "",
        "object": "refund",
        "livemode": False,
        "status": "succeeded",
        "payment": payment,
        "amount": 100_00,
        "currency": "USD",
        "fee": 0,
        "reason": "requested_by_customer",
        "external": False,
        "psp": "stripe",
        "psp_reference": "",
        "failure_code": None,
        "failure_message": None,
        "sequence": 2,
        "metadata": {},
        "created_at": "",
        "updated_at": "",
    }
    assert books_of("stripe", payment)[-1] == ("refunded", 100_00)


def test_the_payment_shows_what_was_given_back_and_what_can_still_be(api, payment):
    api.post("refunds", {"payment": payment, "amount": 40_00})

    shown = api.get(f"payments/{payment}").json()
    assert (shown["status"], shown["amount_refunded"], shown["amount_refund_pending"]) == (
        "captured",
        40_00,
        0,
    )
    assert shown["net"] == 100_00 - 40_00 - shown["fee"]
    assert shown["available_actions"] == ["refund"]
    assert [attempt["operation"] for attempt in shown["attempts"]] == ["authorize", "refund"]

    api.post("refunds", {"payment": payment})
    assert api.get(f"payments/{payment}").json()["available_actions"] == []


def test_several_parts_are_given_back_until_nothing_is_left(api, payment):
    for amount in (10_00, 25_00, 65_00):
        assert (
            api.post("refunds", {"payment": payment, "amount": amount}).json()["status"]
            == "succeeded"
        )

    reply = api.post("refunds", {"payment": payment, "amount": 1})
    assert error(reply) == (409, "already_refunded", None)


@pytest.mark.parametrize("amount", [100_01, 10**12])
def test_more_than_was_taken_is_refused(api, payment, amount):
    reply = api.post("refunds", {"payment": payment, "amount": amount})

    assert error(reply) == (400, "amount_too_large", "amount")
    assert Refund.objects.count() == 0


def test_more_than_is_left_is_refused(api, payment):
    api.post("refunds", {"payment": payment, "amount": 60_00})

    reply = api.post("refunds", {"payment": payment, "amount": 60_00})

    assert error(reply) == (400, "amount_too_large", "amount")
    assert "40.00 USD" in reply.json()["error"]["message"]


@pytest.mark.parametrize("amount", [0, -1, 1.5, "10", True, None, 10**12 + 1])
def test_an_amount_that_is_none_is_refused(api, payment, amount):
    assert error(api.post("refunds", {"payment": payment, "amount": amount}))[0] == 400


def test_a_typo_gives_nothing_back(api, payment):
    reply = api.post("refunds", {"payment": payment, "ammount": 10_00})

    assert error(reply) == (400, "unknown_parameter", "ammount")


def test_what_was_not_taken_cannot_be_given_back(api):
    held = api.pay(psp="stripe", capture_method="manual").json()["id"]
    declined = api.pay(psp="stripe", payment_method="pm_card_declined").json()["error"]["payment"]

    for payment in (held, declined["id"]):
        assert error(api.post("refunds", {"payment": payment}))[:2] == (409, "invalid_state")


def test_of_what_was_taken_in_part_only_that_part_is_given_back(api):
    held = api.pay(psp="stripe", amount=100_00, capture_method="manual").json()["id"]
    api.post(f"payments/{held}/capture", {"amount": 30_00, "final": False})

    assert error(api.post("refunds", {"payment": held, "amount": 30_01}))[1] == "amount_too_large"
    assert api.post("refunds", {"payment": held}).json()["amount"] == 30_00
    rest = api.post(f"payments/{held}/capture").json()
    assert (rest["status"], rest["amount_captured"], rest["amount_refunded"]) == (
        "captured",
        100_00,
        30_00,
    )


def test_no_refund_while_a_dispute_holds_the_payment(api, payment):
    Payment.objects.update(amount_disputed=1, sequence=3)

    assert error(api.post("refunds", {"payment": payment}))[:2] == (409, "payment_disputed")
    assert api.get(f"payments/{payment}").json()["available_actions"] == []


def test_a_key_gives_back_once(api, payment):
    body = {"payment": payment, "amount": 10_00}
    first = api.post("refunds", body, key="refund-1")
    again = api.post("refunds", body, key="refund-1")
    other = api.post("refunds", {**body, "amount": 20_00}, key="refund-1")

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again["Idempotent-Replayed"] == "true"
    assert error(other)[:2] == (422, "idempotency_key_reused")
    assert Refund.objects.count() == 1


def test_a_key_is_needed(api, payment):
    assert error(api.post("refunds", {"payment": payment}, key=None))[:2] == (
        400,
        "idempotency_key_required",
    )


def test_a_key_of_a_payment_is_not_one_for_a_refund(api):
    payment = api.pay(psp="stripe", key="order-1").json()["id"]

    assert error(api.post("refunds", {"payment": payment}, key="order-1"))[:2] == (
        422,
        "idempotency_key_reused",
    )


@pytest.mark.parametrize("named", ["pay_01k9z3v7h8f9g2m4n6p8q0r2s4", "nonsense", "re_1"])
def test_a_payment_that_there_is_not_is_refused(api, named):
    assert error(api.post("refunds", {"payment": named})) == (400, "resource_missing", "payment")


def test_nobody_sees_or_makes_refunds_of_another_merchant(
    api, client_for, another_merchant, payment
):
    refund = api.post("refunds", {"payment": payment, "amount": 10_00}).json()["id"]
    stranger = client_for(another_merchant)

    assert error(stranger.post("refunds", {"payment": payment}))[:2] == (400, "resource_missing")
    assert error(stranger.get(f"refunds/{refund}"))[:2] == (404, "resource_missing")
    assert stranger.get("refunds").json()["data"] == []
    assert stranger.get("refunds", {"payment": payment}).json()["data"] == []


def test_refunds_are_listed_newest_first_and_filtered(api, payment):
    other = api.pay(psp="adyen", amount=5_00).json()["id"]
    first, second = (
        api.post("refunds", {"payment": payment, "amount": n, "metadata": {"n": str(n)}}).json()
        for n in (1_00, 2_00)
    )
    third = api.post("refunds", {"payment": other}).json()

    def ids(**query):
        return [refund["id"] for refund in api.get("refunds", query).json()["data"]]

    assert ids() == [third["id"], second["id"], first["id"]]
    assert ids(payment=payment) == [second["id"], first["id"]]
    assert ids(status="pending") == [third["id"]]
    assert ids(psp="stripe", limit=1) == [second["id"]]
    assert ids(**{"metadata[n]": "100"}) == [first["id"]]
    assert ids(starting_after=second["id"]) == [first["id"]]
    assert error(api.get("refunds", {"payment": "nonsense"}))[:2] == (400, "invalid_value")
    assert error(api.get("refunds", {"color": "red"}))[:2] == (400, "unknown_parameter")


def test_one_refund_is_read_by_its_id(api, payment):
    made = api.post("refunds", {"payment": payment, "amount": 10_00}).json()

    assert api.get(f"refunds/{made['id']}").json() == made
    assert error(api.get("refunds/re_nonsense"))[:2] == (404, "resource_missing")


def test_what_adyen_has_accepted_is_pending_until_it_tells(api):
    payment = api.pay(psp="adyen", amount=100_00).json()["id"]

    reply = api.post("refunds", {"payment": payment, "amount": 40_00}, key="pending")

    assert (reply.status_code, reply.json()["status"]) == (202, "pending")
    assert reply.json()["psp_reference"]
    shown = api.get(f"payments/{payment}").json()
    assert (shown["amount_refunded"], shown["amount_refund_pending"]) == (0, 40_00)
    again = api.post("refunds", {"payment": payment, "amount": 40_00}, key="pending")
    assert (again.status_code, again.json()) == (202, reply.json())


def test_braintree_voids_what_is_not_settled_and_refunds_what_is(api, simulators, books_of):
    voided = api.pay(psp="braintree", amount=100_00).json()["id"]
    assert api.post("refunds", {"payment": voided}).json()["status"] == "succeeded"
    assert books_of("braintree", voided)[-1] == ("refunded", 100_00)

    settled = api.pay(psp="braintree", amount=100_00).json()["id"]
    simulators["braintree"].act("settle", payment=settled)
    assert (
        api.post("refunds", {"payment": settled, "amount": 30_00}).json()["status"] == "succeeded"
    )


def test_braintree_gives_back_no_more_than_one_capture_at_once(api, simulators):
    held = api.pay(psp="braintree", amount=100_00, capture_method="manual").json()["id"]
    api.post(f"payments/{held}/capture", {"amount": 40_00, "final": False})
    api.post(f"payments/{held}/capture")
    simulators["braintree"].act("settle", payment=held)

    too_much = api.post("refunds", {"payment": held})
    assert error(too_much) == (400, "amount_too_large", "amount")
    assert "60.00 USD" in too_much.json()["error"]["message"]
    for amount in (60_00, 10_00, 30_00):
        reply = api.post("refunds", {"payment": held, "amount": amount})
        assert reply.json()["status"] == "succeeded", reply.json()


@pytest.mark.parametrize("psp", PSPS)
def test_what_never_left_the_building_gave_nothing_back(api, simulators, psp):
    payment = api.pay(psp=psp, amount=100_00).json()["id"]
    if psp == "braintree":
        simulators[psp].act("settle", payment=payment)
    simulators[psp].faults(next=["rate_limit"])

    reply = api.post("refunds", {"payment": payment, "amount": 10_00})

    assert error(reply)[:2] == (502, "psp_unavailable")
    assert reply.json()["error"]["retryable"] is True
    assert reply.json()["error"]["payment"] == payment
    [refund] = api.get("refunds", {"payment": payment}).json()["data"]
    assert (refund["status"], refund["failure_code"]) == ("failed", "psp_unavailable")
    shown = api.get(f"payments/{payment}").json()
    assert (shown["amount_refunded"], shown["amount_refund_pending"]) == (0, 0)


def test_a_refund_that_the_psp_refuses_is_an_outcome(api, payment, simulators):
    simulators["stripe"].act("refund", payment=payment)  # In the dashboard, and we have not heard.

    reply = api.post("refunds", {"payment": payment}, key="refused")

    assert error(reply)[:2] == (402, "refund_declined")
    [refund] = api.get("refunds", {"payment": payment}).json()["data"]
    assert refund["status"] == "failed"
    assert reply.json()["error"]["message"].startswith(refund["id"])
    assert api.get(f"payments/{payment}").json()["amount_refund_pending"] == 0
    again = api.post("refunds", {"payment": payment}, key="refused")
    assert (again.status_code, again.content) == (402, reply.content)


def test_whoever_names_no_choice_is_told_the_choices(api):
    reasons = "duplicate, fraudulent, requested_by_customer"
    refused = api.post("refunds", {"payment": "pay_1", "reason": "because"}).json()["error"]
    assert (refused["code"], refused["param"]) == ("invalid_choice", "reason")
    assert refused["message"] == f"One of {reasons} is wanted here."

    refused = api.get("refunds", {"status": "refunded"}).json()["error"]
    assert refused["message"] == "status is one of pending, succeeded, failed, canceled."
    refused = api.get("refunds", {"currency": "usd"}).json()["error"]
    assert refused["message"] == "currency is the upper-case code of an ISO 4217 currency."
