"""Which PSP takes a payment, and why."""

from collections import Counter

import pytest

from kernel import shortcuts
from kernel.ids import uuid7
from paygate.routing import health
from paygate.routing.choose import UnableToRoute, choose
from paygate.routing.models import RoutingWeight

pytestmark = pytest.mark.django_db
EVERYWHERE = {"stripe": "s", "adyen": "a", "braintree": "b"}


def route(merchant_id, *, tokens=EVERYWHERE, currency="USD", pinned=None, payment=None):
    return choose(
        merchant_id,
        payment or uuid7(),
        livemode=False,
        tokens=tokens,
        currency=currency,
        pinned=pinned,
    )


@pytest.fixture
def shop():
    return uuid7()


def weigh(shop, currency="", **weights):
    RoutingWeight.objects.bulk_create(
        RoutingWeight(merchant_id=shop, psp=psp, currency=currency, weight=weight)
        for psp, weight in weights.items()
    )


def ill(psp, calls=health.ENOUGH):
    for _ in range(calls):
        health.record(psp, well=False)
    health.forget()


def test_payments_spread_by_the_weights(shop):
    weigh(shop, stripe=60, adyen=30, braintree=10)

    spread = Counter(route(shop).psp for _ in range(3000))

    assert 0.5 < spread["stripe"] / 3000 < 0.7
    assert 0.2 < spread["adyen"] / 3000 < 0.4
    assert 0.05 < spread["braintree"] / 3000 < 0.15


def test_the_draw_can_be_repeated(shop):
    payment = uuid7()

    assert len({route(shop, payment=payment).psp for _ in range(5)}) == 1


def test_a_weight_for_the_currency_goes_before_the_general_one(shop):
    weigh(shop, stripe=1, adyen=0, braintree=0)
    weigh(shop, currency="EUR", stripe=0, adyen=1)

    assert route(shop).psp == "stripe"
    assert route(shop, currency="EUR").psp == "adyen"


def test_only_a_psp_that_has_the_card_is_asked(shop):
    choice = route(shop, tokens={"adyen": "a"})

    assert choice.psp == "adyen"
    assert choice.reason["left_out"]["stripe"] == "the payment method has no token there"


def test_only_a_psp_that_takes_the_currency_is_asked(shop):
    assert "braintree" in route(shop, currency="XOF").reason["left_out"]


def test_a_pin_is_obeyed_even_against_weight_0(shop):
    weigh(shop, stripe=1, adyen=0)

    choice = route(shop, pinned="adyen")

    assert (choice.psp, choice.reason["because"]) == ("adyen", "pinned")


def test_an_unwell_psp_is_left_out_save_for_a_probe(shop):
    ill("stripe")

    spread = Counter(route(shop).psp for _ in range(600))

    assert 0 < spread["stripe"] < 60
    assert spread["adyen"] > 200


def test_few_failures_do_not_make_a_psp_unwell(shop):
    ill("stripe", calls=health.ENOUGH - 1)

    assert not health.health("stripe").open


def test_a_psp_that_answers_mostly_is_well(shop):
    ill("stripe", calls=30)
    for _ in range(40):
        health.record("stripe", well=True)
    health.forget()

    assert not health.health("stripe").open


def test_without_redis_every_psp_is_well(shop, monkeypatch):
    ill("stripe")
    monkeypatch.setattr(shortcuts, "shortcut", lambda work, *, otherwise: otherwise)
    monkeypatch.setattr(health, "shortcut", lambda work, *, otherwise: otherwise)

    assert not health.health("stripe").open


def test_when_no_psp_is_well_the_merchant_is_told_to_come_back(shop):
    for psp in EVERYWHERE:
        ill(psp)

    payment = next(p for p in iter(uuid7, None) if (p.int & 0xFFFF_FFFF) % health.PROBE)
    with pytest.raises(UnableToRoute) as refusal:
        route(shop, payment=payment)
    assert refusal.value.retryable


def test_when_no_psp_can_take_it_coming_back_is_no_use(shop):
    with pytest.raises(UnableToRoute) as refusal:
        route(shop, tokens={})
    assert not refusal.value.retryable
