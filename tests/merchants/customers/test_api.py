"""Customers: kept sealed, found by address without being readable, and erased for good."""

import pytest
from django.db import DatabaseError, connection, transaction

from merchants.customers import keep as keeping
from merchants.customers.find import by_email, find
from merchants.customers.keep import person, seal_anew
from merchants.customers.models import Customer

ADA = {
    "user_id": "user-1",
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "phone": "+441234567890",
    "address": {"line1": "1 Byron Street", "city": "London", "country": "GB"},
}


def made(client, **changes):
    answer = client.post("customers", ADA | changes)
    assert answer.status_code == 201, answer.content
    return answer.json()


def stored():
    with connection.cursor() as cursor:
        cursor.execute("SELECT customer::text FROM customer")
        return " ".join(row for (row,) in cursor.fetchall())


def test_a_customer_is_kept_and_read_again(us):
    answer = us.post("customers", ADA)
    body = answer.json()

    assert answer.status_code == 201
    assert answer["Location"] == f"/v1/customers/{body['id']}"
    assert {name: body[name] for name in ADA} == ADA
    assert us.get(f"customers/{body['id']}").json() == body
    assert us.get("customers").json()["data"] == [body]


def test_whatever_is_not_known_is_null(us):
    body = us.post("customers", {}).json()

    assert [body[name] for name in ("user_id", "name", "email", "phone", "address")] == [None] * 5


def test_nothing_private_is_readable_in_the_database(us):
    made(us)

    for private in ("Ada", "example.com", "441234", "Byron"):
        assert private not in stored()
        assert private.encode().hex() not in stored()


def test_a_customer_is_found_by_the_whole_address_whatever_its_case(us):
    body = made(us)
    made(us, user_id="user-2", email="grace@example.com")

    assert [one["id"] for one in us.get("customers", email="ADA@Example.com").json()["data"]] == [
        body["id"]
    ]
    assert us.get("customers", email="ada@example").json()["data"] == []
    assert us.get("customers", user_id="user-1").json()["data"][0]["id"] == body["id"]


@pytest.mark.parametrize(
    "change, param, code",
    [
        ({"email": "nobody"}, "email", "invalid_value"),
        ({"email": 5}, "email", "not_a_string"),
        ({"phone": "030 123"}, "phone", "invalid_value"),
        ({"address": {"country": "Germany"}}, "address.country", "invalid_value"),
        ({"address": {"street": "x"}}, "address.street", "unknown_parameter"),
        ({"nmae": "x"}, "nmae", "unknown_parameter"),
        ({"name": "4242 4242 4242 4242"}, "name", "card_number_not_allowed"),
    ],
)
def test_what_cannot_be_meant_is_refused(us, change, param, code):
    answer = us.post("customers", ADA | change)
    error = answer.json()["error"]

    assert answer.status_code == 400
    faults = [(one["param"], one["code"]) for one in error["errors"]] or [
        (error["param"], error["code"])
    ]
    assert faults == [(param, code)]
    assert Customer.objects.count() == 0


def test_one_customer_a_user_id(us, them):
    made(us)

    again = us.post("customers", ADA)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "customer_exists")
    assert them.post("customers", ADA).status_code == 201


def test_nobody_sees_anothers_customers(us, them, live):
    body = made(us)

    for stranger in (them, live):
        assert stranger.get(f"customers/{body['id']}").status_code == 404
        assert stranger.delete(f"customers/{body['id']}").status_code == 404
        assert stranger.get("customers", email=ADA["email"]).json()["data"] == []


def test_a_key_without_the_scope_sees_nothing(restricted_to):
    reader = restricted_to("customers:read")

    assert reader.get("customers").status_code == 200
    assert reader.post("customers", ADA).status_code == 403
    assert restricted_to("payments:read").get("customers").status_code == 403


def test_erased_is_erased(us):
    body = made(us)
    path = f"customers/{body['id']}"

    assert us.delete(path).json() == {"id": body["id"], "object": "customer", "deleted": True}
    assert (us.get(path).status_code, us.delete(path).status_code) == (404, 404)
    assert us.get("customers").json()["data"] == []
    gone = Customer.objects.get()
    assert (gone.sealed_key, gone.details, gone.email_hash, person(gone)) == (
        None,
        None,
        None,
        None,
    )
    assert list(by_email(ADA["email"])) == []


def test_the_user_id_of_somebody_erased_may_be_given_again(us):
    us.delete(f"customers/{made(us)['id']}")

    assert us.post("customers", ADA).status_code == 201


@pytest.mark.parametrize(
    "meddling",
    [
        "UPDATE customer SET erased_at = NULL, sealed_key = 'x', details = 'x'",
        "UPDATE customer SET user_id = 'another'",
    ],
)
def test_nobody_who_was_erased_comes_back(us, meddling):
    us.delete(f"customers/{made(us)['id']}")

    with (
        pytest.raises(DatabaseError) as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(meddling)
    assert refused.value.__cause__.sqlstate == "PG161"


def test_half_an_erasure_is_refused(us):
    made(us)

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE customer SET erased_at = now(), sealed_key = NULL")


def test_details_moved_to_another_row_do_not_open(us):
    ada, grace = made(us), made(us, user_id="user-2")
    rows = {one.public_id: one for one in Customer.objects.all()}
    rows[grace["id"]].details = rows[ada["id"]].details
    rows[grace["id"]].sealed_key = rows[ada["id"]].sealed_key

    with pytest.raises(ValueError, match="sealed"):
        person(rows[grace["id"]])


def test_after_a_sealing_key_was_rolled_everybody_is_read_and_found(us, merchant, settings):
    body = made(us)
    new = "bmV3ZXIsIGFuZCBhcyBnb29kIGFzIHRoZSBvbGQgb25lIQ=="[:43] + "="
    settings.SEALING_KEYS = [new, *settings.SEALING_KEYS]

    assert us.get("customers", email=ADA["email"]).json()["data"] == [body]
    assert seal_anew() == 1
    assert seal_anew() == 0
    settings.SEALING_KEYS = [new]
    assert us.get("customers", email=ADA["email"]).json()["data"] == [body]
    found = find(merchant.merchant.id, livemode=False, customer=body["id"])
    assert keeping.person(found).name == "Ada Lovelace"
