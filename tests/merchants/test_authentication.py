"""Who is let in, who is not, and that those who are not cannot tell why."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.test import Client

from kernel.clock import now
from merchants import authentication, briefly
from merchants.api import Account
from merchants.keys import make, revoke, roll
from merchants.models import ApiKey, Merchant
from tests.merchants.conftest import NOON, As


def with_header(value: str | None) -> object:
    headers = {} if value is None else {"Authorization": value}
    return Client().get("/v1/account", headers=headers)


def error_of(response):
    """The error, without what differs from request to request."""
    return response.json()["error"] | {"request_id": None}


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def test_a_key_is_taken_as_a_bearer_token(merchant):
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert with_header(f"{scheme} {merchant.secret_key}").status_code == 200


@pytest.mark.parametrize("written", ["{}:", "{}", "{}:ignored"])
def test_a_key_is_taken_as_the_user_name_of_basic_authentication(merchant, written):
    assert with_header(basic(written.format(merchant.secret_key))).status_code == 200


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Token x", "Basic", "Basic !!!", "Basic w6k=", basic(":x")],
)
def test_without_a_key_the_caller_is_asked_for_one(db, header):
    response = with_header(header)

    assert response.status_code == 401
    assert error_of(response)["code"] == "api_key_required"
    assert error_of(response)["type"] == "authentication_error"
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_unknown_malformed_revoked_and_expired_keys_are_refused_in_the_same_words(merchant):
    whose = merchant.merchant.id
    revoked, expired = (make(whose, livemode=False, at=NOON) for _ in range(2))
    revoke(revoked.key.id, at=NOON)
    roll(expired.key.id, overlap=timedelta(), at=NOON)
    unknown = make(whose, livemode=False, at=NOON)
    unknown.key.delete()

    refusals = [
        with_header(f"Bearer {secret}")
        for secret in (unknown.secret, revoked.secret, expired.secret, "sk_test_1", "x")
    ]

    assert {refusal.status_code for refusal in refusals} == {401}
    assert {error_of(refusal)["code"] for refusal in refusals} == {"api_key_invalid"}
    assert len({str(error_of(refusal)) for refusal in refusals}) == 1


@pytest.mark.parametrize("place", [3, 8, 20, -1])
def test_a_malformed_key_is_refused_without_a_query(merchant, place, django_assert_num_queries):
    letters = list(merchant.secret_key)
    letters[place] = "x" if letters[place] != "x" else "y"

    with django_assert_num_queries(0):
        assert with_header(f"Bearer {''.join(letters)}").status_code == 401


def test_a_key_that_is_known_costs_no_query_for_some_seconds(us, django_assert_num_queries):
    us.get("account")
    with django_assert_num_queries(1):  # The account itself.
        assert us.get("account").status_code == 200


@pytest.mark.parametrize("query", ["?api_key={}", "?key={}", "?limit=1&x={}", "?{}=1", "?a=1&a={}"])
def test_a_key_in_a_url_is_refused_even_beside_a_good_one(merchant, query):
    response = Client().get(
        "/v1/account" + query.format(merchant.secret_key),
        headers={"Authorization": f"Bearer {merchant.secret_key}"},
    )

    assert response.status_code == 401
    assert error_of(response)["code"] == "api_key_in_url"
    assert merchant.secret_key not in response.content.decode()


def test_a_suspended_merchant_is_known_and_refused(merchant, us):
    Merchant.objects.filter(id=merchant.merchant.id).update(status=Merchant.Status.SUSPENDED)
    response = us.get("account")

    assert response.status_code == 403
    assert error_of(response)["type"] == "permission_error"
    assert error_of(response)["code"] == "merchant_suspended"


def test_the_principal_says_whose_key_it_was_and_in_which_mode(merchant, us, live):
    for client, livemode in ((us, False), (live, True)):
        account = client.get("account").json()
        assert account["id"] == merchant.merchant.public_id
        assert account["livemode"] is livemode


# ----------------------------------------------------------------------------------- rolled, revoked


def test_both_keys_are_good_within_the_overlap_and_the_old_one_dead_after_it(merchant, monkeypatch):
    old = make(merchant.merchant.id, livemode=False, at=NOON)
    at = now()
    new = roll(old.key.id, overlap=timedelta(hours=1), at=at)

    assert As(old.secret).get("account").status_code == 200
    assert As(new.secret).get("account").status_code == 200

    # The old key is remembered now, and must end on the minute all the same.
    monkeypatch.setattr(authentication, "now", lambda: at + timedelta(hours=1))
    assert As(old.secret).get("account").status_code == 401
    assert As(new.secret).get("account").status_code == 200


def test_a_revoked_key_is_dead_in_every_process_within_five_seconds(merchant, us, monkeypatch):
    assert us.get("account").status_code == 200
    revoke(ApiKey.objects.get(merchant=merchant.merchant).id, at=now())

    # Nobody told this process; it asks again because what it knows has become old.
    later = briefly.time.monotonic() + 5
    monkeypatch.setattr(briefly.time, "monotonic", lambda: later)
    assert us.get("account").status_code == 401


def test_guesses_are_not_remembered(merchant):
    lost = make(merchant.merchant.id, livemode=False, at=NOON)
    ApiKey.objects.filter(id=lost.key.id).delete()
    assert As(lost.secret).get("account").status_code == 401

    lost.key.pk = lost.key.id
    lost.key.save(force_insert=True)
    assert As(lost.secret).get("account").status_code == 200


# ---------------------------------------------------------------------------------------- last used


def test_the_last_use_is_noted_to_the_minute(merchant, us, monkeypatch):
    def last_used():
        return ApiKey.objects.get(merchant=merchant.merchant).last_used_at

    first = now()
    for seconds, noted in ((0, 0), (30, 0), (59, 0), (61, 61), (90, 61)):
        at = first + timedelta(seconds=seconds)
        monkeypatch.setattr(authentication, "now", lambda at=at: at)
        us.get("account")
        assert last_used() == first + timedelta(seconds=noted)


def test_a_refused_key_was_not_used(merchant):
    key = ApiKey.objects.get(merchant=merchant.merchant)
    revoke(key.id, at=now())
    As(merchant.secret_key).get("account")

    key.refresh_from_db()
    assert key.last_used_at is None


# ------------------------------------------------------------------------------------------- scopes


def test_a_secret_key_may_do_everything(us):
    assert us.get("account").status_code == 200
    assert us.get("payment_methods").status_code == 200


@pytest.mark.parametrize(
    "method, path, scope",
    [
        ("get", "account", "account:read"),
        ("get", "payment_methods", "payment_methods:read"),
        ("get", "payment_methods/pm_card_visa", "payment_methods:read"),
        ("post", "payment_methods", "payment_methods:write"),
        ("delete", "payment_methods/pm_card_visa", "payment_methods:write"),
    ],
)
def test_a_restricted_key_may_do_what_its_scopes_say_and_nothing_else(
    restricted_to, method, path, scope
):
    def call(client):
        body = [{}] if method == "post" else []
        return getattr(client, method)(path, *body)

    refused = call(restricted_to("refunds:read", "refunds:write"))
    assert refused.status_code == 403
    assert error_of(refused)["type"] == "permission_error"
    assert error_of(refused)["code"] == "scope_missing"
    assert scope in error_of(refused)["message"]

    assert call(restricted_to(scope)).status_code not in {401, 403}


def test_a_key_to_read_may_not_write(restricted_to):
    reader = restricted_to("payment_methods:read")

    assert reader.get("payment_methods").status_code == 200
    assert reader.post("payment_methods", {"tokens": {"stripe": "pm_1"}}).status_code == 403


def test_a_key_without_scopes_may_do_nothing(restricted_to):
    assert restricted_to().get("account").status_code == 403


def test_a_method_that_a_view_has_not_is_405_and_not_a_matter_of_scopes(us, restricted_to):
    for client in (us, restricted_to("account:read")):
        response = client.delete("account")
        assert response.status_code == 405
        assert error_of(response)["code"] == "method_not_allowed"


def test_a_method_whose_scope_was_forgotten_is_for_secret_keys_alone(
    us, restricted_to, monkeypatch
):
    monkeypatch.setattr(Account, "required_scopes", {})

    assert us.get("account").status_code == 200
    assert restricted_to("account:read").get("account").status_code == 403
