"""What was told, as it stands in the inbox; and hearers that do what a test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from paygate import wiring
from paygate.webhooks import apply as applying
from paygate.webhooks.models import PspEvent
from tests.webhooks import hearers


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """The references of the payments that were heard of, in order, by `hearers.hear`."""
    hearers.behave()
    yield hearers.heard
    hearers.behave()


@pytest.fixture
def listening(heard: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """The hearer of payments is one of the test's: listening(raises=NotYet("too early"))."""
    monkeypatch.setitem(wiring.NEWS, "PaymentMoved", "tests.webhooks.hearers.hear")
    applying._hearer.cache_clear()
    yield hearers.behave
    applying._hearer.cache_clear()


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliveries are stored and nobody is told: what is applied, the test applies."""
    monkeypatch.setattr("paygate.webhooks.endpoint.ring", lambda psp: None)


@pytest.fixture
def inbox() -> Callable[[], list[tuple[str, str]]]:
    """(kind, state) of everything told, oldest first."""
    return lambda: list(PspEvent.objects.order_by("id").values_list("kind", "state"))


def only() -> Any:
    """The one event there is."""
    return PspEvent.objects.get()
