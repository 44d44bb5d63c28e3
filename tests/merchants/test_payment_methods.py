"""Cards as tokens: bound, found, listed, deleted; never a card number, never another merchant's."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from kernel.ids import encode, uuid7
from merchants.models import PaymentMethod
from merchants.payment_methods.bind import TokenIsCardNumber, bind
from merchants.payment_methods.find import NoSuchPaymentMethod, find_card
from merchants.payment_methods.test_tokens import TEST_CARDS
from tests.merchants.conftest import NOON

CARD = {
    "tokens": {"stripe": "pm_1Nv", "adyen": "M5N7TQ4TG5PFWR50"},
    "brand": "visa",
    "last4": "4242",
    "exp_month": 12,
    "exp_year": 2030,
    "country": "DE",
    "user_id": "user-1",
}


def created(client, **changes) -> str:
    response = client.post("payment_methods", CARD | changes)
    assert response.status_code == 201, response.content
    return response.json()["id"]


def refused(response, status: int) -> list[tuple[str | None, str]]:
    error = response.json()["error"]
    assert response.status_code == status, response.content
    return [(fault["param"], fault["code"]) for fault in error["errors"]] or [
        (error["param"], error["code"])
    ]


def test_tokens_are_bound_and_found_again(us):
    made = us.post("payment_methods", CARD)
    body = made.json()

    assert made.status_code == 201
    assert made["Location"] == f"/v1/payment_methods/{body['id']}"
    assert body["id"].startswith("pm_")
    assert {name: body[name] for name in CARD} == CARD
    assert (body["object"], body["livemode"]) == ("payment_method", False)
    assert us.get(f"payment_methods/{body['id']}").json() == body


def test_one_token_is_enough(us):
    body = us.post("payment_methods", {"tokens": {"braintree": "abc"}}).json()

    assert body["tokens"] == {"braintree": "abc"}
    assert (body["brand"], body["last4"], body["exp_year"], body["country"]) == (None,) * 4


@pytest.mark.parametrize(
    "change, fault",
    [
        ({"tokens": {}}, ("tokens", "missing_parameter")),
        ({"tokens": {"paypal": "x"}}, ("tokens.paypal", "unknown_parameter")),
        ({"tokens": {"stripe": ""}}, ("tokens.stripe", "invalid_empty")),
        ({"tokens": {"stripe": 1}}, ("tokens.stripe", "not_a_string")),
        ({"tokens": {"stripe": "x" * 256}}, ("tokens.stripe", "too_long")),
        ({"tokens": "pm_1"}, ("tokens", "invalid_value")),
        ({"last4": "424"}, ("last4", "invalid_value")),
        ({"last4": "4242\n"}, ("last4", "control_characters")),
        ({"last4": 4242}, ("last4", "not_a_string")),
        ({"exp_month": 13}, ("exp_month", "max_value")),
        ({"exp_year": 30}, ("exp_year", "min_value")),
        ({"country": "de"}, ("country", "invalid_value")),
        ({"cvc": "123"}, ("cvc", "unknown_parameter")),
        ({"cvv": "123"}, ("cvv", "unknown_parameter")),
        ({"card": {"number": "1"}}, ("card", "unknown_parameter")),
        ({"merchant_id": "x"}, ("merchant_id", "unknown_parameter")),
        ({"livemode": True}, ("livemode", "unknown_parameter")),
    ],
)
def test_what_is_no_payment_method_is_refused(us, change, fault):
    assert refused(us.post("payment_methods", CARD | change), 400) == [fault]
    assert not PaymentMethod.objects.exists()


def test_tokens_must_be_given(us):
    assert refused(us.post("payment_methods", {}), 400) == [("tokens", "missing_parameter")]


@pytest.mark.parametrize(
    "change",
    [
        {"tokens": {"stripe": "4242424242424242"}},
        {"tokens": {"adyen": "4242 4242 4242 4242"}},
        {"user_id": "4242-4242-4242-4242"},
    ],
)
def test_a_card_number_is_refused_as_a_token_and_anywhere_else(us, change):
    response = us.post("payment_methods", CARD | change)

    assert refused(response, 400)[0][1] == "card_number_not_allowed"
    assert b"4242 4242" not in response.content
    assert not PaymentMethod.objects.exists()


def test_no_card_number_is_bound_by_another_way_either(merchant):
    with pytest.raises(TokenIsCardNumber) as error:
        bind(
            merchant.merchant.id,
            livemode=False,
            tokens={"stripe": "4242424242424242"},
            at=NOON,
        )
    assert "4242" not in str(error.value)


# ------------------------------------------------------------------------------------ for a payment


def test_a_payment_finds_the_tokens(us, merchant):
    pm = created(us)
    card = find_card(merchant.merchant.id, livemode=False, payment_method=pm)

    assert (card.id, card.tokens, card.brand, card.last4) == (pm, CARD["tokens"], "visa", "4242")


@pytest.mark.parametrize(
    "name, stripe, vaulted",
    [
        ("pm_card_visa", "pm_card_visa", "visa_ok"),
        ("pm_card_mastercard", "pm_card_mastercard", "mastercard_ok"),
        ("pm_card_declined", "pm_card_chargeDeclined", "declined"),
        (
            "pm_card_insufficient_funds",
            "pm_card_chargeDeclinedInsufficientFunds",
            "insufficient_funds",
        ),
        ("pm_card_expired", "pm_card_chargeDeclinedExpiredCard", "expired"),
        ("pm_card_3ds", "pm_card_authenticationRequired", "3ds"),
        ("pm_card_timeout", "pm_card_timeout", "timeout"),
        ("pm_card_disputed", "pm_card_createDispute", "disputed"),
    ],
)
def test_the_well_known_cards_exist_for_every_merchant_in_test_mode_alone(name, stripe, vaulted):
    card = find_card(uuid7(), livemode=False, payment_method=name)

    assert card.tokens == {"stripe": stripe, "adyen": vaulted, "braintree": vaulted}


def test_the_well_known_cards_are_not_there_in_live_mode(merchant, live):
    for name in TEST_CARDS:
        with pytest.raises(NoSuchPaymentMethod):
            find_card(merchant.merchant.id, livemode=True, payment_method=name)
        refused(live.get(f"payment_methods/{name}"), 404)


def test_the_well_known_cards_can_be_read_and_not_deleted(us):
    for name in TEST_CARDS:
        assert us.get(f"payment_methods/{name}").json()["id"] == name
        assert refused(us.delete(f"payment_methods/{name}"), 409) == [(None, "test_payment_method")]


@pytest.mark.parametrize("name", ["pm_card_nonsense", "pm_", "", "pay_" + "0" * 26, "x" * 5_000])
def test_a_name_that_nobody_gave_finds_nothing(merchant, name):
    with pytest.raises(NoSuchPaymentMethod):
        find_card(merchant.merchant.id, livemode=False, payment_method=name)


def test_a_card_number_as_a_name_finds_nothing_and_is_not_repeated(merchant):
    with pytest.raises(NoSuchPaymentMethod) as error:
        find_card(merchant.merchant.id, livemode=False, payment_method="4242424242424242")
    assert "4242" not in str(error.value)


# ----------------------------------------------------------------------------------- the tenant wall


def test_one_merchant_never_sees_anothers(us, them, merchant, another_merchant):
    pm = created(us)

    assert refused(them.get(f"payment_methods/{pm}"), 404) == [("id", "resource_missing")]
    refused(them.delete(f"payment_methods/{pm}"), 404)
    assert them.get("payment_methods").json()["data"] == []
    assert them.get("payment_methods", user_id="user-1").json()["data"] == []
    with pytest.raises(NoSuchPaymentMethod):
        find_card(another_merchant.merchant.id, livemode=False, payment_method=pm)

    assert us.get(f"payment_methods/{pm}").status_code == 200


def test_one_mode_never_sees_the_others(us, live, merchant):
    test, real = created(us), created(live)

    for client, hidden, shown in ((us, real, test), (live, test, real)):
        refused(client.get(f"payment_methods/{hidden}"), 404)
        refused(client.delete(f"payment_methods/{hidden}"), 404)
        assert [pm["id"] for pm in client.get("payment_methods").json()["data"]] == [shown]
    with pytest.raises(NoSuchPaymentMethod):
        find_card(merchant.merchant.id, livemode=True, payment_method=test)


def test_what_is_missing_and_what_is_anothers_look_the_same(us, them):
    theirs, nobodys = created(them), encode("pm", uuid7())
    answers = [us.get(f"payment_methods/{pm}") for pm in (theirs, nobodys, "pm_x", "pay_1")]

    assert {answer.status_code for answer in answers} == {404}
    assert len({str(answer.json()["error"] | {"request_id": 0}) for answer in answers}) == 1


def test_one_merchants_cursor_opens_nothing_of_anothers(us, them):
    mine, theirs = created(us), created(them)

    assert us.get("payment_methods", ending_before=theirs).json()["data"] == []
    shown = us.get("payment_methods", starting_after=theirs).json()["data"]
    assert [pm["id"] for pm in shown] == [mine]


# ------------------------------------------------------------------------------------------ deletion


def test_a_deleted_one_is_gone_for_payments_lists_and_a_second_deletion(us, merchant):
    pm = created(us)
    deleted = us.delete(f"payment_methods/{pm}")

    assert deleted.status_code == 200
    assert deleted.json() == {"id": pm, "object": "payment_method", "deleted": True}
    refused(us.get(f"payment_methods/{pm}"), 404)
    refused(us.delete(f"payment_methods/{pm}"), 404)
    assert us.get("payment_methods").json()["data"] == []
    with pytest.raises(NoSuchPaymentMethod):
        find_card(merchant.merchant.id, livemode=False, payment_method=pm)


def test_the_row_stays_for_the_payments_that_name_it(us):
    us.delete(f"payment_methods/{created(us)}")

    assert PaymentMethod.objects.get().deleted_at is not None


# --------------------------------------------------------------------------------------------- lists


def test_a_list_is_newest_first(us):
    made = [created(us) for _ in range(3)]
    body = us.get("payment_methods").json()

    assert [pm["id"] for pm in body["data"]] == made[::-1]
    assert {name: body[name] for name in ("object", "has_more", "url")} == {
        "object": "list",
        "has_more": False,
        "url": "/v1/payment_methods",
    }


def test_a_list_is_of_one_payer_if_asked(us):
    created(us)
    pm = created(us, user_id="user-2")

    shown = us.get("payment_methods", user_id="user-2").json()["data"]
    assert [one["id"] for one in shown] == [pm]


@pytest.mark.parametrize(
    "query, fault",
    [
        ({"colour": "red"}, ("colour", "unknown_parameter")),
        ({"user_id": "\0"}, ("user_id", "invalid_value")),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(us, query, fault):
    assert refused(us.get("payment_methods", **query), 400) == [fault]


# -------------------------------------------------------------------------------------- the database


@pytest.mark.parametrize(
    "change",
    [
        {"tokens": {}},
        {"tokens": "4242"},
        {"last4": "42"},
        {"exp_month": 13},
        {"exp_year": 1999},
        {"country": "D1"},
    ],
)
def test_the_database_refuses_what_is_no_card(merchant, change):
    row = {"livemode": False, "tokens": {"stripe": "pm_1"}, "created_at": NOON} | change
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentMethod.objects.create(merchant_id=merchant.merchant.id, **row)


def test_the_merchant_comes_first_in_the_key_of_what_is_a_merchants(db):
    with connection.cursor() as cursor:
        for table in ("payment_method", "fee_plan"):
            cursor.execute(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conrelid = %s::regclass AND contype = 'p'",
                [table],
            )
            assert cursor.fetchone() == ("PRIMARY KEY (merchant_id, id)",)
