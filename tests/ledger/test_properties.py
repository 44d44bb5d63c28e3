"""Whatever is posted in whatever order, the books agree with a tally kept by hand."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

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

from kernel.ids import uuid7
from kernel.money import Money
from ledger import chart
from ledger.balances import balance, balances, off_balance, trial_balance
from ledger.checkpoints import make_checkpoints, verify_checkpoints
from ledger.post import Overdrawn, PostedDifferently, post
from ledger.recipes.fees import processing_fee_returned, psp_fee_charged
from ledger.recipes.payments import capture_reversed, payment_captured
from ledger.transaction import Transaction, credit, debit, transaction
from tests.ledger.conftest import NOON, commits

amounts = st.integers(1, 10**9)
currencies = st.sampled_from(["USD", "JPY", "KWD"])
psps = st.sampled_from(["stripe", "adyen", "braintree"])
days = st.integers(-3, 3).map(lambda n: NOON + timedelta(days=n))


class Bookkeeper(RuleBasedStateMachine):
    """Posts what comes, and keeps a tally of every line with when it happened and when it was written."""

    @initialize()
    def open_a_book(self) -> None:
        self.whose = {"merchant": uuid7(), "livemode": False}
        self.lines: list[tuple[str, str, int, datetime, datetime]] = []
        self.posted: list[tuple[Transaction, datetime]] = []
        self.captures: list[dict] = []

    def source(self) -> str:
        return f"src_{len(self.posted)}"

    def write(self, event: Transaction, at: datetime) -> None:
        assert post(event, effective_at=at) == event.id
        known = database_clock()
        self.posted.append((event, at))
        for entry in event.entries:
            signed = entry.amount.minor if entry.type == "CREDIT" else -entry.amount.minor
            self.lines.append((entry.account, entry.amount.currency, signed, at, known))

    def tally(self, *, as_of: datetime | None = None, known_at: datetime | None = None) -> Counter:
        tally: Counter = Counter()
        for account, currency, signed, at, known in self.lines:
            if (as_of is None or at <= as_of) and (known_at is None or known <= known_at):
                tally[account, currency] += signed
        return tally

    @rule(minor=amounts, share=st.integers(0, 10_000), currency=currencies, psp=psps, at=days)
    def capture(self, minor, share, currency, psp, at) -> None:
        gross = Money(minor, currency)
        asked = {"psp": psp, "gross": gross, "fee": gross.share(share)}
        event = payment_captured(**self.whose, **asked, source=self.source())
        self.write(event, at)
        self.captures.append({**asked, "reverses": event.id})

    @precondition(lambda self: self.captures)
    @rule(at=days)
    def reverse_the_last_capture(self, at) -> None:
        self.write(capture_reversed(**self.whose, **self.captures.pop(), source=self.source()), at)

    @rule(minor=amounts, currency=currencies, psp=psps, at=days)
    def pay_the_psp(self, minor, currency, psp, at) -> None:
        fee = Money(minor, currency)
        self.write(psp_fee_charged(**self.whose, psp=psp, source=self.source(), fee=fee), at)

    @rule(minor=amounts, currency=currencies, at=days)
    def give_a_fee_back(self, minor, currency, at) -> None:
        fee = Money(minor, currency)
        self.write(processing_fee_returned(**self.whose, source=self.source(), fee=fee), at)

    @rule(minor=amounts, currency=currencies, at=days)
    def make_funds_available(self, minor, currency, at) -> None:
        amount = Money(minor, currency)
        self.write(
            transaction(
                "funds.available",
                self.source(),
                debit(chart.merchant_pending(), amount),
                credit(chart.merchant_available(), amount),
                **self.whose,
            ),
            at,
        )

    @rule(minor=amounts, currency=currencies, at=days)
    def pay_out(self, minor, currency, at) -> None:
        amount = Money(minor, currency)
        event = transaction(
            "payout.sent",
            self.source(),
            debit(chart.merchant_available(), amount),
            credit(chart.payouts_in_transit(), amount),
            **self.whose,
        )
        if self.tally()[chart.merchant_available(), currency] >= minor:
            self.write(event, at)
        else:
            with pytest.raises(Overdrawn):
                post(event, effective_at=at)

    @precondition(lambda self: self.posted)
    @rule(data=st.data())
    def post_something_again(self, data) -> None:
        event, at = data.draw(st.sampled_from(self.posted))
        assert post(event, effective_at=at) == event.id

    @precondition(lambda self: self.captures)
    @rule()
    def post_the_last_capture_with_another_amount(self) -> None:
        last = self.captures[-1]
        source = next(e.source for e, _ in self.posted if e.id == last["reverses"])
        other = last["gross"] + Money(1, last["gross"].currency)
        with pytest.raises(PostedDifferently):
            post(
                payment_captured(
                    **self.whose, psp=last["psp"], source=source, gross=other, fee=last["fee"]
                ),
                effective_at=NOON,
            )

    @rule(tail=st.integers(1, 3))
    def make_checkpoints(self, tail) -> None:
        make_checkpoints(tail=tail, merchant=self.whose["merchant"])

    @invariant()
    def the_books_agree_with_the_tally(self) -> None:
        book = balances(**self.whose)
        assert {(b.account, b.balance.currency): b.balance.minor for b in book} == self.tally()

    def teardown(self) -> None:
        trial = trial_balance(**self.whose)
        assert off_balance(trial) == []
        sums = {(t.account, t.debits.currency): (t.credits - t.debits).minor for t in trial}
        assert sums == self.tally()
        assert verify_checkpoints(merchant=self.whose["merchant"]) == []
        moments = [
            {"as_of": NOON},
            *({"known_at": known} for *_, known in self.lines[::4]),
            *({"as_of": NOON, "known_at": known} for *_, known in self.lines[::7]),
        ]
        for when in moments:
            tally = self.tally(**when)
            for account, currency in self.tally():
                then = balance(**self.whose, account=account, currency=currency, **when)
                assert then.minor == tally[account, currency], when


def database_clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [moment] = cursor.fetchone()
    return moment


@commits
def test_the_books_agree_with_a_tally_kept_by_hand():
    run_state_machine_as_test(
        Bookkeeper,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
