"""Our channel, talking to the bank's simulator, with little patience; files by the house's own writers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from kernel.ids import encode, uuid7
from kernel.money import Money
from payouts.bank.http import HttpChannel
from payouts.bankfiles import pain001
from payouts.bankfiles.orders import Order
from simulators import run
from simulators.run import Simulator
from tests.bankfiles.made import order, transfer

PATIENCE = (0.5, 0.7)  # Connect and read, in seconds.
_numbers = itertools.count(1)


def configuration(api_base: str, *, patience: tuple[float, float] = PATIENCE) -> dict[str, Any]:
    """As in settings.BANK."""
    token = "bank_test_contract"
    return {"api_base": api_base, "token": token, "timeout": patience, "horizon": 600.0}


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """A channel remembers nothing, so there is nothing to forget; here no Redis is needed."""


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with run.start("bank", folder=tmp_path_factory.mktemp("bank")) as started:
        yield started


@pytest.fixture
def channel(simulator: Simulator) -> Iterator[HttpChannel]:
    simulator.faults()
    yield HttpChannel(configuration(simulator.url))
    simulator.faults()


NewOrder = Callable[..., Order]


@pytest.fixture
def new() -> NewOrder:
    """An order that nothing else has, of one payment of ten euros, changed as the test says."""

    def make(**changes: Any) -> Order:
        one = replace(transfer(), reference=encode("po", uuid7()), amount=Money(10_00, "EUR"))
        return order(one, **{"message_id": f"PG{next(_numbers):08d}", **changes})

    return make


def written(asked: Order) -> dict[str, Any]:
    """The order as `submit` takes it."""
    name = f"{asked.message_id}.xml"
    return {
        "message_id": asked.message_id,
        "name": name,
        "content": pain001.write(asked),
    }
