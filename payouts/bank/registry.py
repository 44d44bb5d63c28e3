"""Our bank in test mode and in live mode: the one channel that each process keeps for each."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings

from payouts.bank.channel import Channel
from payouts.bank.http import HttpChannel


class BankNotConfigured(LookupError):
    """No address of a bank for this mode."""

    def __init__(self, livemode: bool) -> None:
        super().__init__(f"no bank is configured for {'live' if livemode else 'test'} mode")


@cache
def bank(*, livemode: bool) -> Channel:
    """Raises BankNotConfigured."""
    configured: dict[str, Any] | None = settings.BANK["live" if livemode else "test"]
    if not configured or not configured["api_base"]:
        raise BankNotConfigured(livemode)
    return HttpChannel(configured)
