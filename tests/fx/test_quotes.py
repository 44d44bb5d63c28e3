"""Quotes: made, used once, expired, and never another merchant's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from kernel.clock import now
from kernel.ids import decode
from merchants.funds.terms import agree_terms
from paygate.fx.models import Quote
from paygate.payments.models import Payment
from tests.fx.conftest import publish
from tests.proof.holds import holds

pytestmark = pytest.mark.django_db


@pytest.fixture
def quote(api, rates):
    """quote(amount=…): from euros to dollars."""

    def make(**changes):
        reply = api.post("fx/quotes", {"from_currency": "EUR", "to_currency": "USD", **changes})
        assert reply.status_code == 201, reply.content
        return reply.json()

    return make


def pay(api, quote, **changes):
    return api.pay(psp="stripe", currency="EUR", fx_quote=quote["id"], **changes)


def test_a_quote_holds_a_rate_with_the_merchants_spread_for_some_minutes(merchant, quote, api):
    agree_terms(
        merchant.merchant.id, effective_from=now() - timedelta(days=1), fx_spread_basis_points=200
    )
    made = quote(amount=100_00)

    assert made["id"].startswith("fxq_")
    assert (made["status"], made["rate"], made["market_rate"]) == ("open", "1.0584", "1.08")
    assert (made["amount"], made["converted_amount"]) == (100_00, 105_84)
    assert api.get(f"fx/quotes/{made['id']}").json() == made
    assert api.get("fx/quotes").json()["data"] == [made]


def test_quotes_are_listed_by_what_is_asked_for_and_by_nothing_that_is_not_known(quote, api):
    used, other = quote(), quote(amount=5)
    payment = pay(api, used).json()["id"]

    def listed(query):
        return [one["id"] for one in api.get(f"fx/quotes?{query}").json()["data"]]

    assert listed(f"payment={payment}") == [used["id"]]
    assert listed("from_currency=EUR&to_currency=USD") == [other["id"], used["id"]]
    assert listed("from_currency=USD") == []
    assert listed("created[lt]=2020-01-01T00:00:00Z") == []
    for query in ("status=open", "currency=EUR", "metadata[a]=b"):
        reply = api.get(f"fx/quotes?{query}")
        assert reply.status_code == 400, query
        assert reply.json()["error"]["code"] == "unknown_parameter"


def test_a_payment_is_converted_by_its_quote_whatever_the_market_does_meanwhile(quote, api):
    made = quote()
    publish(USD="1.1000")
    payment = pay(api, made).json()

    assert payment["settlement"]["rate"] == made["rate"]
    assert payment["settlement"]["fx_quote"] == made["id"]
    used = api.get(f"fx/quotes/{made['id']}").json()
    assert (used["status"], used["payment"]) == ("used", payment["id"])
    assert holds()


def test_a_quote_is_good_for_one_payment(quote, api):
    made = quote()
    assert pay(api, made).status_code == 201

    again = pay(api, made)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "fx_quote_used")
    assert Payment.objects.count() == 1


def test_the_same_request_again_is_answered_the_same(quote, api):
    made = quote()
    first = pay(api, made, key="k1")
    again = pay(api, made, key="k1")

    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotent-Replayed"] == "true"


def test_a_key_with_another_quote_is_another_request(quote, api):
    pay(api, quote(), key="k1")
    assert pay(api, quote(), key="k1").status_code == 422


def test_an_expired_quote_is_refused(quote, api, settings):
    settings.FX_QUOTE_MINUTES = 1
    made = quote()
    past = now() - timedelta(minutes=10)
    with connection.cursor() as cursor:  # Time passes, as only the tables' owner can make it.
        cursor.execute("ALTER TABLE fx_quote DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE fx_quote SET created_at = %s, expires_at = %s",
            [past, past + timedelta(minutes=1)],
        )
        cursor.execute("ALTER TABLE fx_quote ENABLE TRIGGER USER")

    reply = pay(api, made)
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "fx_quote_expired")
    assert api.get(f"fx/quotes/{made['id']}").json()["status"] == "expired"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"currency": "GBP"}, "fx_quote_currency_mismatch"),
        ({"amount": 100_01}, "fx_quote_amount_exceeded"),
    ],
)
def test_a_quote_is_for_its_currency_and_its_amount(quote, api, changes, code):
    reply = api.pay(
        psp="stripe", **{"currency": "EUR", "fx_quote": quote(amount=100_00)["id"], **changes}
    )

    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["param"]) == (400, code, "fx_quote")
    assert not Payment.objects.exists()


def test_a_quote_is_its_own_merchants(quote, another_merchant, client_for):
    stranger = client_for(another_merchant)
    reply = pay(stranger, quote())
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "resource_missing")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"to_currency": "EUR"}, 400, "same_currency"),
        ({"to_currency": "KWD"}, 400, "fx_pair_unsupported"),
        ({"to_currency": "usd"}, 400, "currency_in_lower_case"),
        ({"amount": 0}, 400, "amount_is_zero"),
        ({"sum": 1}, 400, "unknown_parameter"),
    ],
)
def test_a_quote_that_cannot_be_made_is_refused_in_words(api, rates, body, status, code):
    reply = api.post("fx/quotes", {"from_currency": "EUR", "to_currency": "USD", **body})
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize("days_ago", [None, 9])
def test_without_a_fresh_rate_there_is_no_quote(api, days_ago):
    if days_ago:
        publish(days_ago=days_ago, USD="1.08")
    reply = api.post("fx/quotes", {"from_currency": "EUR", "to_currency": "USD"})

    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["retryable"]) == (
        503,
        "fx_rate_unavailable",
        True,
    )
    assert reply["Retry-After"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE fx_quote SET rate = 2",
        "UPDATE fx_quote SET payment_id = NULL",
        "UPDATE fx_quote SET payment_id = uuid7()",
        "DELETE FROM fx_quote",
    ],
)
def test_what_was_promised_never_changes(quote, api, change):
    pay(api, quote())
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        connection.cursor().execute(change)
    assert refused.value.__cause__.sqlstate == "PG103"


@pytest.mark.parametrize(
    "change",
    [
        "conversion = NULL",
        "conversion = jsonb_set(conversion, '{rate}', '\"2\"')",
        "conversion = jsonb_set(conversion, '{parts}', '{}')",
    ],
)
def test_how_a_payment_is_converted_never_changes(quote, api, change):
    pay(api, quote())
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        connection.cursor().execute(f"UPDATE payment SET sequence = sequence + 1, {change}")
    assert refused.value.__cause__.sqlstate == "PG102"


def test_a_payment_cannot_be_given_a_conversion_later(api, rates):
    api.pay(psp="stripe", currency="EUR")
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        connection.cursor().execute(
            'UPDATE payment SET sequence = sequence + 1, conversion = \'{"to": "USD", "parts": {}}\''
        )
    assert refused.value.__cause__.sqlstate == "PG102"


def test_the_proof_knows_a_quote_that_no_payment_names(quote):
    from paygate.proof.prove import prove

    made = quote()
    Quote.objects.filter(id=decode("fxq", made["id"])).update(payment_id=decode("fxq", made["id"]))
    assert [f.says for f in prove().findings if f.contradictions] == [
        "each quote was used by the one payment that names it"
    ]
