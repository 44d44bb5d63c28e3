"""Which PSPs there are, and the one adapter instance each process keeps for each of them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, cast

from django.conf import settings

from paygate.psp.gateway import Gateway

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
