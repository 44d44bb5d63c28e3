"""Who tells us rates: what a provider is, what it says, and which ones there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class FeedUnavailable(Exception):
    """The provider could not be asked: nothing was learned. It is asked again."""


class FeedGarbled(Exception):
    """What came is not what the provider says when it is well: none of it is believed."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a provider said of one day: for one unit of `base`, so many units of each other currency."""

    base: str
    as_of: date
    rates: Mapping[str, Decimal]


class Provider(Protocol):
    """Somebody who publishes rates."""

    name: str

    def fetch(self, *, today: date) -> Sheet:
        """The newest sheet. Raises FeedUnavailable and FeedGarbled."""
        ...


def provider() -> Provider:
    """The one by whose rates we convert (settings.FX_PROVIDER)."""
    found: Provider = import_string(settings.FX_PROVIDER)()
    return found
