"""What a merchant is told of itself, and how one begins."""

from __future__ import annotations

from datetime import time, timedelta

from kernel.clock import now
from merchants.api import AccountShape, PayoutTermsShape
from merchants.fees import agree
from merchants.funds.terms import agree_terms
from merchants.keys import well_formed
from merchants.models import ApiKey, FeePlan
from merchants.onboard import FIXED_MINOR, onboard
from tests.merchants.conftest import NOON, As


def test_a_new_merchant_has_a_test_key_and_a_plan_and_may_take_payments(db):
    new = onboard("Bakery", country="DE", settlement_currency="EUR")

    assert (new.merchant.name, new.merchant.status) == ("Bakery", "active")
    assert new.secret_key.startswith("sk_test_")
    assert well_formed(new.secret_key)
    assert ApiKey.objects.filter(merchant=new.merchant).count() == 1
    assert FeePlan.objects.filter(merchant_id=new.merchant.id).count() == 1 + len(FIXED_MINOR)


def test_an_account_says_who_it_is_and_what_a_payment_costs(db):
    new = onboard("Bakery", country="DE", settlement_currency="EUR", at=NOON)
    body = As(new.secret_key).get("account").json()

    assert set(body) == set(AccountShape().fields)
    assert body["id"] == new.merchant.public_id
    assert (body["name"], body["status"], body["country"]) == ("Bakery", "active", "DE")
    assert body["settlement_currency"] == "EUR"
    assert body["capabilities"] == {"card_payments": "active"}
    assert body["created_at"] == "2026-11-23T12:00:00.000Z"
    assert {
        "psp": None,
        "method": None,
        "country": None,
        "currency": "USD",
        "pricing": "blended",
        "basis_points": 290,
        "fixed": 30,
        "minimum": 0,
        "maximum": None,
        "tiers": [],
        "refund_fee": None,
        "dispute_fee": None,
        "effective_from": "2026-11-23T12:00:00.000Z",
    } in body["fee_plan"]


def test_an_account_tells_the_plans_in_effect_alone(db):
    new = onboard("Bakery", at=NOON - timedelta(days=400))
    agree(new.merchant.id, basis_points=100, effective_from=now() - timedelta(days=1))
    agree(new.merchant.id, basis_points=1, effective_from=now() + timedelta(days=1))

    plans = As(new.secret_key).get("account").json()["fee_plan"]
    assert [p["basis_points"] for p in plans if p["currency"] is None] == [100]


def test_one_merchants_account_is_not_anothers(us, them, merchant, another_merchant):
    assert us.get("account").json()["id"] == merchant.merchant.public_id
    assert them.get("account").json()["id"] == another_merchant.merchant.public_id


def test_an_account_says_when_money_is_the_merchants(db):
    new = onboard("Bakery", country="DE", settlement_currency="EUR", at=NOON)
    usual = As(new.secret_key).get("account").json()["payout_terms"]
    agree_terms(
        new.merchant.id,
        effective_from=NOON,
        time_zone="Europe/Berlin",
        cutoff=time(17, 30),
        delay_days=3,
        reserve_basis_points=500,
        reserve_days=90,
    )
    agree_terms(new.merchant.id, effective_from=now() + timedelta(days=1), delay_days=9)

    assert set(usual) == set(PayoutTermsShape().fields)
    assert (usual["delay_days"], usual["time_zone"], usual["cutoff"]) == (2, "UTC", None)
    assert As(new.secret_key).get("account").json()["payout_terms"] == usual | {
        "calendar": "target",
        "time_zone": "Europe/Berlin",
        "cutoff": "17:30:00",
        "delay_days": 3,
        "reserve_basis_points": 500,
        "reserve_days": 90,
    }
