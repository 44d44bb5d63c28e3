"""The three simulators, each a process of its own, and a merchant who talks to them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import stripe

from simulators import run
from simulators.run import Simulator
from tests.simulators.sdk import (
    MERCHANTS,
    AdyenMerchant,
    BraintreeMerchant,
    Merchant,
    StripeMerchant,
)

stripe.enable_telemetry = False  # It would leave a file in the home directory.


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Nothing of the platform runs here, so there is nothing that it could remember."""


@pytest.fixture(scope="session")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Simulator]]:
    folder = tmp_path_factory.mktemp("books")
    with ExitStack() as stack:
        yield {psp: stack.enter_context(run.start(psp, folder=folder)) for psp in MERCHANTS}


@pytest.fixture
def faultless(listening: dict[str, Simulator]) -> Iterator[dict[str, Simulator]]:
    """The simulators in a good mood, before and after."""
    for simulator in listening.values():
        simulator.faults()
    yield listening
    for simulator in listening.values():
        simulator.faults()


@pytest.fixture
def at_stripe(faultless: dict[str, Simulator]) -> Iterator[StripeMerchant]:
    merchant = StripeMerchant(faultless["stripe"])
    yield merchant
    merchant.close()


@pytest.fixture
def at_adyen(faultless: dict[str, Simulator]) -> AdyenMerchant:
    return AdyenMerchant(faultless["adyen"])


@pytest.fixture
def at_braintree(faultless: dict[str, Simulator]) -> Iterator[BraintreeMerchant]:
    merchant = BraintreeMerchant(faultless["braintree"])
    yield merchant
    merchant.close()


@pytest.fixture(params=sorted(MERCHANTS))
def merchant(request: pytest.FixtureRequest) -> Merchant:
    """The same test at each PSP."""
    found: Merchant = request.getfixturevalue(f"at_{request.param}")
    return found


_numbers = itertools.count(1)


@pytest.fixture
def new() -> Callable[[str], str]:
    """new("pay") is pay_1, then pay_2: the simulators outlive the tests, so nothing is used twice."""
    return lambda prefix: f"{prefix}_{next(_numbers)}"
