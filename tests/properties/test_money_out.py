"""Whatever happens to a merchant's money, in whatever order: the books balance, and what was paid out is the bank's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kernel.clock import now
from kernel.db import atomic
from kernel.ids import uuid7
from kernel.money import Money
from ledger import chart
from ledger.balances import balances, off_balance, trial_balance
from ledger.post import post
from ledger.recipes.disputes import dispute_lost, dispute_opened, dispute_won
from ledger.recipes.fx import converted as conversion
from ledger.recipes.fx import converted_back
from ledger.recipes.payments import capture_reversed, payment_captured
from ledger.recipes.refunds import refund_failed, refund_succeeded
from ledger.transaction import Transaction
from merchants.funds.release import release_due
from merchants.funds.terms import agree_terms
from merchants.onboard import onboard
from payouts.create import UnableToPayOut, Wanted, create
from payouts.models import Payout, State
from payouts.move import Move, move
from tests.payouts.conftest import settle_in
from tests.payouts.in_batches import batch_of

HOME, ABROAD = "EUR", "USD"
amounts = st.integers(1, 100_000)
AVAILABLE, PENDING = chart.merchant_available(), chart.merchant_pending()


@pytest.fixture
def db(commits):
    """What becomes available is read behind a watermark: it must be committed."""


class Merchant(RuleBasedStateMachine):
    """One merchant's money, and beside it what the bank really paid."""

    @initialize(reserve=st.sampled_from([0, 1_000, 3_333]))
    def onboarded(self, reserve: int) -> None:
        self.at = now()
        self.merchant = onboard("Kiosk", settlement_currency=HOME).merchant.id
        self.whose: dict[str, Any] = {"merchant": self.merchant, "livemode": False}
        agree_terms(
            self.merchant,
            effective_from=self.at - timedelta(days=60),
            delay_days=1,
            reserve_basis_points=reserve,
            reserve_days=3 if reserve else 0,
        )
        settle_in(self.merchant, currency=HOME)
        self.captured: list[Transaction] = []
        self.refunded: list[Transaction] = []
        self.disputed: list[tuple[str, Money, Money]] = []
        self.bank = 0  # What left our account and did not come back, in minor units.
        self.number = 0

    def source(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}_{self.merchant}_{self.number}"

    def standing(self, account: str, currency: str = HOME) -> int:
        found = {
            (line.account, line.balance.currency): line.balance.minor
            for line in balances(self.merchant, livemode=False)
        }
        return found.get((account, currency), 0)

    def write(self, event: Transaction) -> None:
        post(event, effective_at=self.at)

    @rule(minor=amounts, share=st.integers(0, 500))
    def capture(self, minor: int, share: int) -> None:
        gross = Money(minor, HOME)
        event = payment_captured(
            **self.whose,
            psp="stripe",
            source=self.source("att"),
            gross=gross,
            fee=gross.share(share),
        )
        self.write(event)
        self.captured.append(event)

    @rule(minor=amounts, rate=st.integers(50, 150))
    def capture_abroad_and_convert(self, minor: int, rate: int) -> None:
        gross, nothing = Money(minor, ABROAD), Money.zero(ABROAD)
        source = self.source("att")
        self.write(
            payment_captured(**self.whose, psp="adyen", source=source, gross=gross, fee=nothing)
        )
        value = Money(minor * rate // 100 + 1, HOME)
        self.write(
            conversion(
                **self.whose,
                source=f"payment.captured:{source}",
                account=PENDING,
                sold=gross,
                bought=value - value.share(100),
                value=value,
            )
        )

    @rule(minor=amounts, rate=st.integers(50, 150))
    def refund_what_was_converted(self, minor: int, rate: int) -> None:
        source = self.source("re")
        owed = Money(minor, ABROAD)
        self.write(refund_succeeded(**self.whose, psp="adyen", source=source, amount=owed))
        value = Money(minor * rate // 100 + 1, HOME)
        self.write(
            converted_back(
                **self.whose,
                source=f"refund.succeeded:{source}",
                account=AVAILABLE,
                owed=owed,
                paid=value + value.share(50),
                value=value,
            )
        )

    @precondition(lambda self: self.captured)
    @rule()
    def capture_comes_to_nothing(self) -> None:
        event = self.captured.pop(0)
        gross = event.entries[0].amount
        fee = gross - event.entries[1].amount
        self.write(
            capture_reversed(**self.whose, psp="stripe", source=event.source, gross=gross, fee=fee)
        )

    @rule(minor=amounts)
    def refund(self, minor: int) -> None:
        event = refund_succeeded(
            **self.whose, psp="stripe", source=self.source("re"), amount=Money(minor, HOME)
        )
        self.write(event)
        self.refunded.append(event)

    @precondition(lambda self: self.refunded)
    @rule()
    def refund_comes_back(self) -> None:
        event = self.refunded.pop()
        amount = event.entries[0].amount
        self.write(refund_failed(**self.whose, psp="stripe", source=event.source, amount=amount))

    @rule(minor=amounts)
    def dispute(self, minor: int) -> None:
        opened = (self.source("dp"), Money(minor, HOME), Money(1500, HOME))
        source, amount, fee = opened
        self.write(
            dispute_opened(**self.whose, psp="stripe", source=source, amount=amount, fee=fee)
        )
        self.disputed.append(opened)

    @precondition(lambda self: self.disputed)
    @rule(won=st.booleans())
    def decide(self, won: bool) -> None:
        source, amount, fee = self.disputed.pop(0)
        if won:
            self.write(
                dispute_won(**self.whose, psp="stripe", source=source, amount=amount, fee=fee)
            )
        else:
            self.write(dispute_lost(**self.whose, psp="stripe", source=source, amount=amount))

    @rule(days=st.integers(1, 4))
    def days_pass(self, days: int) -> None:
        self.at += timedelta(days=days)
        before = self.standing(AVAILABLE) + self.standing(PENDING)
        held = self.standing(chart.merchant_reserve())
        release_due(at=self.at)
        now_held = self.standing(chart.merchant_reserve())
        assert self.standing(AVAILABLE) + self.standing(PENDING) + now_held == before + held

    @rule(minor=st.one_of(st.none(), amounts))
    def pay_out(self, minor: int | None) -> None:
        there = self.standing(AVAILABLE)
        wanted = Wanted(HOME, minor)
        try:
            with atomic():
                create(self.merchant, wanted, id_=uuid7(), livemode=False, at=self.at)
        except UnableToPayOut:
            assert there <= 0 or (minor is not None and minor > there)
        else:
            assert 0 < (there if minor is None else minor) <= there
            assert self.standing(AVAILABLE) >= 0

    def payouts(self, *states: State) -> list[Payout]:
        return list(Payout.objects.filter(merchant_id=self.merchant, state__in=states))

    def moved(self, target: State, one: Payout) -> None:
        assert len(move(target, [Move(one.merchant_id, one.id)], at=self.at)) == 1

    @rule(data=st.data())
    def send(self, data: Any) -> None:
        if drafts := self.payouts(State.DRAFT):
            one = data.draw(st.sampled_from(drafts))
            batch_of([one])
            self.moved(State.IN_TRANSIT, one)

    @rule(data=st.data(), ends=st.sampled_from([State.PAID, State.FAILED, State.RETURNED]))
    def bank_says(self, data: Any, ends: State) -> None:
        if sent := self.payouts(State.IN_TRANSIT):
            one = data.draw(st.sampled_from(sent))
            self.moved(ends, one)
            self.bank += one.amount if ends == State.PAID else 0

    @rule(data=st.data())
    def comes_back(self, data: Any) -> None:
        if paid := self.payouts(State.PAID):
            one = data.draw(st.sampled_from(paid))
            self.moved(State.RETURNED, one)
            self.bank -= one.amount

    @rule(data=st.data())
    def call_off(self, data: Any) -> None:
        if drafts := self.payouts(State.DRAFT):
            self.moved(State.CANCELED, data.draw(st.sampled_from(drafts)))

    @invariant()
    def the_books_balance(self) -> None:
        assert off_balance(trial_balance(livemode=False, merchant=self.merchant)) == []

    @invariant()
    def what_was_paid_out_is_the_banks(self) -> None:
        assert self.standing(chart.operating_bank()) == self.bank
        paid = sum(one.amount for one in self.payouts(State.PAID))
        assert paid == self.bank

    @invariant()
    def what_is_on_its_way_is_set_aside(self) -> None:
        waiting = self.payouts(State.DRAFT, State.PENDING_APPROVAL, State.APPROVED)
        assert self.standing(chart.payouts_requested()) == sum(p.amount for p in waiting)
        sent = self.payouts(State.IN_TRANSIT)
        assert self.standing(chart.payouts_in_transit()) == sum(p.amount for p in sent)

    @invariant()
    def nothing_converted_is_left_behind(self) -> None:
        assert self.standing(PENDING, ABROAD) == 0
        assert self.standing(AVAILABLE, ABROAD) == 0

    @invariant()
    def the_reserve_is_never_below_zero(self) -> None:
        assert self.standing(chart.merchant_reserve()) >= 0


def test_in_any_order_nothing_is_made_or_lost(db):
    connection.ensure_connection()
    run_state_machine_as_test(
        Merchant,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
