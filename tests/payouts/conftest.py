"""What the tests of payouts share: a merchant with money available and a place to be paid to."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel.clock import now
from kernel.money import Money
from ledger import chart
from ledger.balances import balance
from ledger.post import post
from ledger.recipes.funds import funds_available
from ledger.recipes.payments import payment_captured
from merchants.onboard import Onboarded
from payouts.bank import registry
from payouts.destinations import Account, approve, propose
from payouts.models import Destination, Report
from simulators.run import Simulator, start

IBAN = "DE89370400440532013000"
_numbers = itertools.count()


def earn(merchant_id: UUID, amount: Money, *, livemode: bool = False) -> None:
    """Let the merchant have that much available, as a capture does when its time has come."""
    number = next(_numbers)
    whose: dict[str, Any] = {"merchant": merchant_id, "livemode": livemode}
    nothing = Money.zero(amount.currency)
    taken = payment_captured(
        **whose, psp="stripe", source=f"att_earned_{number}", gross=amount, fee=nothing
    )
    due = funds_available(**whose, source=f"earned {number}", amount=amount, reserve=nothing)
    for one in (taken, due):
        post(one, effective_at=now())


def settle_in(
    merchant_id: UUID,
    *,
    currency: str = "EUR",
    livemode: bool = False,
    holder: str = "Kiosk GmbH",
    **account: Any,
) -> Destination:
    """Where the merchant is paid to from now on: proposed, approved and cooled off."""
    long_ago = now() - timedelta(days=30)
    given = account or {"iban": IBAN}
    made = propose(
        merchant_id,
        Account(currency=currency, holder=holder, **given),
        livemode=livemode,
        by="ada",
        at=long_ago,
    )
    return approve(made, by="grace", because="Checked by telephone.", at=long_ago)


def on(merchant_id: UUID, account: str, currency: str = "EUR") -> int:
    """What stands on the merchant's account, in minor units."""
    return balance(merchant_id, livemode=False, account=account, currency=currency).minor


def available(merchant_id: UUID, currency: str = "EUR") -> int:
    return on(merchant_id, chart.merchant_available(), currency)


@pytest.fixture
def payee(merchant: Onboarded) -> Onboarded:
    """A merchant with 100.00 EUR available, and an account to be paid to."""
    earn(merchant.merchant.id, Money(100_00, "EUR"))
    settle_in(merchant.merchant.id)
    return merchant


@pytest.fixture
def payees(db: None) -> Callable[[int], list[UUID]]:
    """So many of them."""
    from merchants.onboard import onboard

    def make(count: int) -> list[UUID]:
        made = [onboard(f"Shop {n}").merchant.id for n in range(count)]
        for n, merchant_id in enumerate(made):
            earn(merchant_id, Money(100_00 + n, "EUR"))
            settle_in(merchant_id)
        return made

    return make


@pytest.fixture(scope="session")
def running_bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """The bank, as a process of its own."""
    with start("bank", folder=tmp_path_factory.mktemp("bank")) as simulator:
        yield simulator


@pytest.fixture
def bank(running_bank: Simulator, settings: Any, db: None) -> Iterator[Simulator]:
    """The bank without a fault, what it said to others behind us, and the house pointed at it."""
    running_bank.faults()
    configured = deepcopy(settings.BANK)
    configured["test"] |= {"api_base": running_bank.url, "timeout": (0.5, 1.0), "horizon": 1.0}
    settings.BANK = configured
    registry.bank.cache_clear()
    heard_already(running_bank)
    yield running_bank
    running_bank.faults()
    registry.bank.cache_clear()


def heard_already(bank: Simulator) -> None:
    """Let us be at the end of the bank's reports: what other tests had it say is nothing to this one."""
    number = 0
    while names := registry.bank(livemode=False).reports(number):
        number = names[-1].number
    if number:
        Report.objects.create(
            livemode=False,
            number=number,
            name="before",
            kind="pain.002",
            sha256="",
            content=b"",
            state=Report.State.APPLIED,
            received_at=now(),
        )
