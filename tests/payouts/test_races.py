"""Payouts at the same moment: the balance is paid once."""

from __future__ import annotations

from uuid import UUID

import pytest

from kernel.clock import now
from kernel.db import atomic
from kernel.ids import uuid7
from kernel.money import Money
from ledger.post import post
from ledger.recipes.refunds import refund_succeeded
from merchants.onboard import onboard
from payouts.create import UnableToPayOut, Wanted, create
from payouts.models import Payout, State
from payouts.move import Move, move
from tests.payouts.conftest import available, earn, settle_in
from tests.races import at_once


@pytest.fixture
def db(commits):
    """Threads see what is committed."""


@pytest.fixture
def shop(db) -> UUID:
    merchant = onboard("Kiosk").merchant.id
    earn(merchant, Money(100_00, "EUR"))
    settle_in(merchant)
    return merchant


def pay_out(merchant: UUID, amount: int | None) -> bool:
    try:
        with atomic():
            create(merchant, Wanted("EUR", amount), id_=uuid7(), livemode=False, at=now())
    except UnableToPayOut:
        return False
    return True


@pytest.mark.parametrize("amount", [100_00, None])
def test_of_32_payouts_of_the_whole_balance_exactly_one_goes(shop, amount):
    went = at_once(32, lambda _: pay_out(shop, amount))

    assert sum(went) == 1
    assert [p.amount for p in Payout.objects.all()] == [100_00]
    assert available(shop) == 0


def test_payouts_of_a_third_each_are_three(shop):
    assert sum(at_once(16, lambda _: pay_out(shop, 33_00))) == 3
    assert available(shop) == 1_00


def test_a_refund_beside_payouts_may_leave_the_merchant_owing_but_no_payout_does(shop):
    def act(number):
        if number % 4:
            return pay_out(shop, 30_00)
        refund = refund_succeeded(
            merchant=shop,
            livemode=False,
            psp="stripe",
            source=f"re_{number}",
            amount=Money(20_00, "EUR"),
        )
        post(refund, effective_at=now())
        return None

    went = sum(one is True for one in at_once(16, act))

    assert available(shop) == 100_00 - 4 * 20_00 - went * 30_00
    assert went <= 3


def test_a_payout_canceled_by_many_is_canceled_once(shop):
    assert pay_out(shop, 60_00)
    [payout] = Payout.objects.all()

    moved = at_once(8, lambda _: len(move(State.CANCELED, [Move(shop, payout.id)], at=now())))

    assert sum(moved) == 1
    assert available(shop) == 100_00
