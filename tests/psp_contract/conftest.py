"""The three adapters, each talking to its simulator, with little patience."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, cast

import pytest

from kernel.ids import encode, uuid7
from kernel.money import Money
from paygate.psp.gateway import Approved, Authorize, Cancel, Capture, Confirm, Gateway, Refund
from paygate.psp.payouts import Payer
from paygate.psp.registry import PSPS
from simulators import run

# What the merchants' test cards are called at each PSP.
TOKENS = {
    "stripe": {
        "visa": "pm_card_visa",
        "mastercard": "pm_card_mastercard",
        "declined": "pm_card_chargeDeclined",
        "insufficient_funds": "pm_card_chargeDeclinedInsufficientFunds",
        "expired": "pm_card_chargeDeclinedExpiredCard",
        "3ds": "pm_card_authenticationRequired",
        "timeout": "pm_card_timeout",
        "disputed": "pm_card_createDispute",
    },
    "adyen": {
        "visa": "visa_ok",
        "mastercard": "mastercard_ok",
        **{
            n: n
            for n in ("declined", "insufficient_funds", "expired", "3ds", "timeout", "disputed")
        },
    },
    "braintree": {
        "visa": "visa_ok",
        "mastercard": "mastercard_ok",
        **{
            n: n
            for n in ("declined", "insufficient_funds", "expired", "3ds", "timeout", "disputed")
        },
    },
}
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD", "ISK", "CLP", "IDR", "UGX")

EUR_10 = Money(10_00, "EUR")
PATIENCE = (0.5, 0.7)  # Connect and read, in seconds.


def configuration(psp: str, api_base: str) -> dict[str, Any]:
    """As in settings.PSPS."""
    return {
        "api_base": api_base,
        "timeout": PATIENCE,
        "horizon": 120.0,
        **{
            "stripe": {"api_key": "sk_test_contract"},
            "adyen": {
                "api_key": "AQE_contract",
                "merchant_account": "PaygateECOM",
                "balance_account": "BA_contract",
            },
            "braintree": {
                "merchant_id": "paygate",
                "public_key": "bt_public",
                "private_key": "bt_private",
                "merchant_accounts": {code: f"paygate_{code.lower()}" for code in CURRENCIES},
            },
        }[psp],
    }


def adapter(psp: str, api_base: str) -> Gateway:
    made = import_module(f"paygate.psp.{psp}.gateway").make(configuration(psp, api_base))
    return cast("Gateway", made)


def authorize(
    psp: str,
    amount: Money = EUR_10,
    *,
    card: str = "visa",
    capture: bool = False,
    return_url: str = "",
    key: str = "",
    payment: str = "",
    created_at: datetime | None = None,
) -> Authorize:
    return Authorize(
        key=key or encode("att", uuid7()),
        payment=payment or encode("pay", uuid7()),
        merchant="mer_kiosk",
        amount=amount,
        token=TOKENS[psp][card],
        capture=capture,
        shopper="usr_ada",
        return_url=return_url,
        created_at=created_at or datetime.now(UTC),
    )


def capture(
    held: Authorize, reference: str, amount: Money, *, final: bool = True, before: int = 0
) -> Capture:
    return Capture(
        key=encode("att", uuid7()),
        payment=held.payment,
        psp_reference=reference,
        amount=amount,
        final=final,
        authorized=held.amount,
        captured_before=Money(before, amount.currency),
        created_at=datetime.now(UTC),
    )


def cancel(held: Authorize, reference: str) -> Cancel:
    return Cancel(
        key=encode("att", uuid7()),
        payment=held.payment,
        psp_reference=reference,
        created_at=datetime.now(UTC),
    )


def refund(
    taken: Authorize, reference: str, amount: Money, *, before: int = 0, reason: str = ""
) -> Refund:
    """Of a payment that was taken whole; `before` is what was given back of it already."""
    return Refund(
        key=encode("att", uuid7()),
        refund=encode("re", uuid7()),
        payment=taken.payment,
        psp_reference=reference,
        amount=amount,
        captured=taken.amount,
        refunded_before=Money(before, amount.currency),
        reason=reason,
        created_at=datetime.now(UTC),
    )


def confirm(asked: Authorize, reference: str, result: dict[str, str]) -> Confirm:
    return Confirm(
        key=encode("att", uuid7()),
        payment=asked.payment,
        psp_reference=reference,
        amount=asked.amount,
        capture=asked.capture,
        result=result,
        created_at=datetime.now(UTC),
    )


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """An adapter remembers nothing, so there is nothing to forget; here no Redis is needed."""


@pytest.fixture(scope="session", params=PSPS)
def simulator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[run.Simulator]:
    with run.start(request.param, folder=tmp_path_factory.mktemp(request.param)) as started:
        yield started


@pytest.fixture(scope="session")
def psp(simulator: run.Simulator) -> str:
    return simulator.psp


@pytest.fixture(scope="session")
def gateway(simulator: run.Simulator) -> Gateway:
    return adapter(simulator.psp, simulator.url)


@pytest.fixture(autouse=True)
def _good_mood(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "simulator" in request.fixturenames:
        request.getfixturevalue("simulator").faults()


Effects = Callable[[str], list[tuple[str, int, str]]]


@pytest.fixture
def effects(simulator: run.Simulator) -> Effects:
    """What the PSP's own books hold of a payment: (kind, minor units, currency), in order."""

    def of(payment: str) -> list[tuple[str, int, str]]:
        return [
            (entry["kind"], entry["amount"], entry["currency"])
            for entry in simulator.books()["entries"]
            if entry["payment"] == payment
        ]

    return of


@pytest.fixture
def held(gateway: Gateway, psp: str) -> Callable[..., tuple[Authorize, str]]:
    """An authorization, and the PSP's reference of it."""

    def hold(amount: Money = EUR_10) -> tuple[Authorize, str]:
        asked = authorize(psp, amount)
        outcome = gateway.send(asked)
        assert isinstance(outcome, Approved), outcome
        return asked, outcome.psp_reference

    return hold


Captured = Callable[..., tuple[Authorize, str]]


@pytest.fixture
def captured(gateway: Gateway, psp: str, simulator: run.Simulator) -> Captured:
    """A payment that was taken whole, and the PSP's reference of what can be given back.

    Also settled, unless told otherwise, where the PSP makes a difference.
    """

    def take(
        amount: Money = EUR_10, *, card: str = "visa", settled: bool = True
    ) -> tuple[Authorize, str]:
        asked = authorize(psp, amount, card=card, capture=True)
        outcome = gateway.send(asked)
        assert isinstance(outcome, Approved), outcome
        if psp == "braintree" and settled:
            simulator.act("settle", payment=asked.payment)
        return asked, outcome.psp_reference

    return take


@pytest.fixture
def payer(gateway: Gateway) -> Payer:
    """The same adapter, for payouts."""
    return cast("Payer", gateway)


Owed = Callable[[Money], None]


@pytest.fixture
def owed(gateway: Gateway, psp: str) -> Owed:
    """Have the PSP owe us that much more than it does."""

    def take(amount: Money) -> None:
        outcome = gateway.send(authorize(psp, amount, capture=True))
        assert isinstance(outcome, Approved), outcome

    return take


@pytest.fixture
def something_owed(owed: Owed) -> None:
    """Enough for the payouts of a test."""
    owed(EUR_10)
