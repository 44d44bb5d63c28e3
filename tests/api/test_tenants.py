"""Every route of the OpenAPI document: nothing of ours for a stranger's key, nothing beyond a key's scopes.

The routes are read off the document, so that one which is added is tried; for an object of a new kind a maker
is asked for here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
import pytest
from drf_spectacular.generators import SchemaGenerator

from kernel.clock import now
from kernel.ids import decode, encode
from kernel.money import Money
from kernel.outbox.models import OutboxEvent
from merchants.keys import SCOPES, make
from merchants.models import ApiKey
from merchants.onboard import Onboarded
from paygate.fx.fetch import fetch
from tests.conftest import Api
from tests.disputes.conftest import Case, PuppetDesk
from tests.disputes.conftest import puppet as puppet  # The desk that a dispute is answered at.
from tests.payouts.conftest import earn, settle_in

pytestmark = pytest.mark.django_db

METHODS = ("get", "post", "put", "patch", "delete")
OPERATIONS = [
    (method, path)
    for path, methods in SchemaGenerator().get_schema(request=None, public=True)["paths"].items()
    for method in METHODS
    if method in methods
]
NAMING = [(method, path) for method, path in OPERATIONS if "{" in path]

#: What a route needs in its body, where {} would be refused whoever asks.
BODIES: dict[str, dict[str, Any]] = {
    "/v1/disputes/{dispute}/evidence": {"explanation": "Delivered."},
    "/v1/webhook_endpoints/{webhook_endpoint}/redeliver": {"since": "2026-01-01T00:00:00Z"},
}
#: Routes that are guarded by the scopes of another resource than the one they are named by.
GUARDED_AS = {
    "balance_transactions": "balance",
    "payout_destinations": "payouts",
    "statements": "balance",
}
ENDPOINT = {"url": "https://example.com/hook", "enabled_events": ["*"]}


def payment(api: Api) -> str:
    return str(api.pay(psp="stripe").json()["id"])


def authorized(api: Api) -> str:
    return str(api.pay(psp="stripe", capture_method="manual").json()["id"])


def refund(api: Api) -> str:
    return str(api.post("refunds", {"payment": payment(api), "amount": 100}).json()["id"])


def payment_method(api: Api) -> str:
    return str(api.post("payment_methods", {"tokens": {"stripe": "pm_1Nv"}}).json()["id"])


def customer(api: Api) -> str:
    return str(api.post("customers", {"email": "ada@example.com"}).json()["id"])


def webhook_endpoint(api: Api) -> str:
    return str(api.post("webhook_endpoints", ENDPOINT).json()["id"])


def event(api: Api) -> str:
    webhook_endpoint(api)
    payment(api)
    return encode("evt", OutboxEvent.objects.order_by("position")[0].id)


def dispute(api: Api) -> str:
    return Case(api.pay(psp="stripe").json()).heard("needs_response").public_id


def balance_transaction(api: Api) -> str:
    payment(api)
    return str(api.get("balance_transactions").json()["data"][0]["id"])


def statement(api: Api) -> str:
    payment(api)
    return str(api.get("statements").json()["data"][0]["id"])


def quote(api: Api) -> str:
    fetch(now=now())
    body = {"from_currency": "EUR", "to_currency": "USD"}
    return str(api.post("fx/quotes", body).json()["id"])


def payout(api: Api) -> str:
    whose = merchant_of(api)
    earn(whose, Money(100_00, "EUR"))
    settle_in(whose)
    return str(api.post("payouts", {"currency": "EUR", "amount": 100}).json()["id"])


def destination(api: Api) -> str:
    return settle_in(merchant_of(api)).public_id


def merchant_of(api: Api) -> UUID:
    return decode("mer", api.get("account").json()["id"])


MAKERS: dict[str, Callable[[Api], str]] = {
    "payment": payment,
    "refund": refund,
    "payment_method": payment_method,
    "customer": customer,
    "webhook_endpoint": webhook_endpoint,
    "event": event,
    "dispute": dispute,
    "quote": quote,
    "balance_transaction": balance_transaction,
    "statement": statement,
    "payout": payout,
    "destination": destination,
}


def ask(api: Api, method: str, path: str, body: dict[str, Any]) -> Any:
    if method == "get":
        return api.get(path.removeprefix("/v1/"))
    return api.client.generic(
        method.upper(),
        path,
        b"" if method == "delete" else orjson.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {api.secret}", "Idempotency-Key": f"{method} {path}"},
    )


def with_scopes(merchant: Onboarded, scopes: set[str] | frozenset[str]) -> Api:
    kind = ApiKey.Kind.RESTRICTED
    made = make(merchant.merchant.id, livemode=False, at=now(), kind=kind, scopes=scopes)
    return Api(made.secret)


@pytest.fixture
def strangers(merchant: Onboarded, another_merchant: Onboarded) -> dict[str, Api]:
    """Another merchant's key, and our own of the other mode."""
    live = make(merchant.merchant.id, livemode=True, at=now()).secret
    return {"another merchant's": Api(another_merchant.secret_key), "live mode's": Api(live)}


@pytest.mark.parametrize(("method", "path"), NAMING)
def test_no_route_knows_an_object_of_a_stranger(
    method: str, path: str, api: Api, strangers: dict[str, Api], puppet: PuppetDesk
) -> None:
    name = path.partition("{")[2].partition("}")[0]
    holding = path.startswith("/v1/payments/") and path.endswith(("/capture", "/cancel"))
    make_one = authorized if holding else MAKERS[name]
    theirs = path.replace(f"{{{name}}}", make_one(api))
    assert "{" not in theirs
    body = BODIES.get(path, {})

    for whose, stranger in strangers.items():
        reply = ask(stranger, method, theirs, body)
        code = reply.json()["error"]["code"]
        assert (reply.status_code, code) == (404, "resource_missing"), whose
        assert reply.json()["error"]["payment"] is None
    assert not puppet.asked

    # It was for the key alone that nothing was there.
    own = ask(api, method, theirs, body)
    assert own.status_code in (200, 202, 409), own.content


@pytest.mark.parametrize(
    ("path", "named", "made_by"),
    [
        ("payments", "payment_method", payment_method),
        ("refunds", "payment", payment),
        ("events/{event}/redeliver", "webhook_endpoint", webhook_endpoint),
    ],
)
def test_no_body_names_an_object_of_a_stranger(
    path: str, named: str, made_by: Callable[[Api], str], api: Api, strangers: dict[str, Api]
) -> None:
    theirs = made_by(api)
    basis = {"user_id": "user-1", "amount": 1000, "currency": "USD"} if path == "payments" else {}

    for whose, stranger in strangers.items():
        if "live" in whose and "{" in path:
            continue  # No event happens in live mode without a PSP that is configured for it.
        before = OutboxEvent.objects.count()
        own = event(stranger) if "{" in path else ""
        reply = stranger.post(path.replace("{event}", own), {**basis, named: theirs})
        error = reply.json()["error"]
        assert (reply.status_code, error["code"]) == (400, "resource_missing"), (whose, error)
        assert (error["param"], error["payment"]) == (named, None)
        assert own or OutboxEvent.objects.count() == before


@pytest.mark.parametrize(
    "query",
    [
        "refunds?payment={payment}",
        "disputes?payment={payment}",
        "events?subject={payment}",
        "balance_transactions?source={payment}",
    ],
)
def test_no_list_is_filtered_by_an_object_of_a_stranger(
    query: str, api: Api, strangers: dict[str, Api]
) -> None:
    theirs = api.pay(psp="stripe").json()
    api.post("refunds", {"payment": theirs["id"], "amount": 100})
    Case(theirs).heard("needs_response")
    asked = query.format(payment=theirs["id"])

    assert api.get(asked).json()["data"]
    for stranger in strangers.values():
        assert stranger.get(asked).json()["data"] == []


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_no_route_is_open_to_a_key_without_its_scope(
    method: str, path: str, merchant: Onboarded
) -> None:
    named = path.split("/")[2]
    resource = GUARDED_AS.get(named, named)
    verb = "read" if method == "get" else "write"
    assert f"{resource}:{verb}" in SCOPES
    for scopes in (SCOPES - {f"{resource}:{verb}"}, frozenset[str]()):
        reply = ask(with_scopes(merchant, scopes), method, path, BODIES.get(path, {}))
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "scope_missing")
    reply = ask(with_scopes(merchant, {f"{resource}:{verb}"}), method, path, BODIES.get(path, {}))
    assert reply.status_code not in (401, 403), reply.content
