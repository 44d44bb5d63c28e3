"""GET /v1/payments: pages and filters."""

import pytest


@pytest.fixture
def five(api):
    return [
        api.pay(
            amount=100 + number,
            currency="EUR" if number % 2 else "USD",
            user_id=f"user-{number}",
            psp="stripe",
            metadata={"order": str(number)},
        ).json()
        for number in range(5)
    ]


def amounts(reply):
    assert reply.status_code == 200, reply.json()
    return [payment["amount"] for payment in reply.json()["data"]]


def test_the_newest_come_first(api, five):
    page = api.get("payments").json()

    assert [payment["id"] for payment in page["data"]] == [p["id"] for p in reversed(five)]
    assert (page["object"], page["has_more"], page["url"]) == ("list", False, "/v1/payments")


def test_pages_follow_each_other_while_rows_are_inserted(api, five):
    first = api.get("payments", {"limit": 2}).json()
    api.pay(amount=999)
    second = api.get("payments", {"limit": 2, "starting_after": first["data"][-1]["id"]})

    assert first["has_more"]
    assert amounts(second) == [102, 101]


def test_a_page_back(api, five):
    assert amounts(api.get("payments", {"limit": 2, "ending_before": five[1]["id"]})) == [103, 102]


@pytest.mark.parametrize(
    "query, found",
    [
        ({"status": "captured"}, [104, 103, 102, 101, 100]),
        ({"status": "failed"}, []),
        ({"psp": "stripe", "currency": "EUR"}, [103, 101]),
        ({"user_id": "user-3"}, [103]),
        ({"metadata[order]": "2"}, [102]),
        ({"created[gte]": "2020-01-01T00:00:00Z", "created[lt]": "2021-01-01T00:00:00Z"}, []),
        ({"created[gte]": "1577836800"}, [104, 103, 102, 101, 100]),
    ],
)
def test_filters(api, five, query, found):
    assert amounts(api.get("payments", query)) == found


def test_a_payment_is_found_by_its_psp_reference(api, five):
    assert amounts(api.get("payments", {"psp_reference": five[3]["psp_reference"]})) == [103]


@pytest.mark.parametrize(
    "query, param",
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"starting_after": "pay_x"}, "starting_after"),
        ({"status": "paid"}, "status"),
        ({"currency": "usd"}, "currency"),
        ({"created[gte]": "yesterday"}, "created[gte]"),
        ({"created[gte]": "9" * 30}, "created[gte]"),
        ({"created[gte]": "0001-01-01T00:00:00+23:59"}, "created[gte]"),
        ({"colour": "red"}, "colour"),
        ({"user_id": "a\0b"}, "user_id"),
    ],
)
def test_a_question_that_cannot_be_understood_is_refused(api, query, param):
    reply = api.get("payments", query)

    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == param


def test_another_merchant_sees_nothing_of_it(api, five, client_for, another_merchant):
    other = client_for(another_merchant)

    assert amounts(other.get("payments")) == []
    assert amounts(other.get("payments", {"starting_after": five[4]["id"]})) == []


def test_a_page_costs_the_same_few_queries_however_long_it_is(api, five, django_assert_num_queries):
    with django_assert_num_queries(2):
        api.get("payments", {"limit": 5})
