"""Which PSPs there are, and the one adapter instance each process keeps for each of them."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any, Protocol, cast

from django.conf import settings

from paygate.psp.cases import Desk
from paygate.psp.costs import Ledger
from paygate.psp.events import Delivery, Item, News
from paygate.psp.gateway import Gateway
from paygate.psp.payouts import Payer
from paygate.psp.statements import Format, StatementDesk

PSPS = ("stripe", "adyen", "braintree")


class PspNotConfigured(LookupError):
    """No credentials for this PSP in this mode."""

    def __init__(self, psp: str, livemode: bool) -> None:
        super().__init__(f"{psp} is not configured for {'live' if livemode else 'test'} mode")


def configuration(psp: str, *, livemode: bool) -> dict[str, Any] | None:
    """The settings of a PSP in a mode; None when there are none."""
    return settings.PSPS[psp]["live" if livemode else "test"]


@cache
def gateway(psp: str, *, livemode: bool) -> Gateway:
    """The adapter, made at first use: the SDKs are slow to import. Raises PspNotConfigured."""
    configured = configuration(psp, livemode=livemode)
    if configured is None:
        raise PspNotConfigured(psp, livemode)
    module = import_module(f"paygate.psp.{psp}.gateway")
    return cast("Gateway", module.make(configured))


def desk(psp: str, *, livemode: bool) -> Desk:
    """The same adapter, for disputes. Raises PspNotConfigured."""
    return cast("Desk", gateway(psp, livemode=livemode))


def payer(psp: str, *, livemode: bool) -> Payer:
    """The same adapter, for payouts; `psp` is one of PAYERS. Raises PspNotConfigured."""
    return cast("Payer", gateway(psp, livemode=livemode))


def costs(psp: str, *, livemode: bool) -> Ledger:
    """The same adapter, for what it charges, of a PSP that can be asked (Stripe). Raises PspNotConfigured."""
    return cast("Ledger", gateway(psp, livemode=livemode))


def statement_desk(psp: str, *, livemode: bool) -> StatementDesk:
    """The same adapter, for its files. Raises PspNotConfigured."""
    return cast("StatementDesk", gateway(psp, livemode=livemode))


def formats(psp: str) -> tuple[Format, ...]:
    """The kinds of files that the PSP gives."""
    module = import_module(f"paygate.psp.{psp}.statement")
    return cast("tuple[Format, ...]", module.FORMATS)


class Webhook(Protocol):
    """A PSP's module `webhook`; paygate.psp.events says what each of these does."""

    @property
    def ACKNOWLEDGEMENT(self) -> str: ...

    def receive(
        self, delivery: Delivery, configuration: dict[str, Any], *, now: datetime
    ) -> list[Item]: ...

    def translate(self, item: Item) -> News: ...


@cache
def webhook(psp: str) -> Webhook:
    """How the PSP's webhooks are verified and read, imported at first use."""
    return cast("Webhook", import_module(f"paygate.psp.{psp}.webhook"))
