"""Which PSP takes a payment, and why."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from paygate.psp.registry import PSPS, configuration, gateway
from paygate.routing.health import PROBE, health
from paygate.routing.models import RoutingWeight

KNOWN_FOR = 3.0  # Seconds for which a process believes the weights it read.
_weights: dict[UUID, tuple[float, dict[tuple[str, str], int]]] = {}


@dataclass(frozen=True, slots=True)
class Choice:
    """The PSP, and the reason that is kept on the attempt."""

    psp: str
    reason: dict[str, Any]


class UnableToRoute(Exception):
    """No PSP can take the payment. `retryable` when one could but is unwell just now."""

    def __init__(self, left_out: Mapping[str, str], *, retryable: bool) -> None:
        super().__init__("; ".join(f"{psp}: {why}" for psp, why in left_out.items()))
        self.left_out = dict(left_out)
        self.retryable = retryable


def choose(
    merchant_id: UUID,
    payment_id: UUID,
    *,
    livemode: bool,
    tokens: Mapping[str, str],
    currency: str,
    pinned: str | None,
) -> Choice:
    """By the merchant's weights among the PSPs that have the card, the currency and their health.

    The draw is the payment's id, so that it can be repeated. Raises UnableToRoute.
    """
    weights = _weights_of(merchant_id)
    left_out: dict[str, str] = {}
    candidates: dict[str, int] = {}
    unwell = False
    draw = payment_id.int & 0xFFFF_FFFF
    for psp in PSPS:
        weight = weights.get((psp, currency), weights.get((psp, ""), 1))
        if pinned and psp != pinned:
            left_out[psp] = "another PSP is pinned"
        elif psp not in tokens:
            left_out[psp] = "the payment method has no token there"
        elif configuration(psp, livemode=livemode) is None:
            left_out[psp] = "not configured in this mode"
        elif not gateway(psp, livemode=livemode).supports(currency):
            left_out[psp] = f"does not take {currency}"
        elif not pinned and weight == 0:
            left_out[psp] = "weight 0"
        elif health(psp).open and draw % PROBE:
            left_out[psp] = "unwell: half of the last calls had no answer"
            unwell = True
        else:
            candidates[psp] = weight or 1
    if not candidates:
        raise UnableToRoute(left_out, retryable=unwell)
    place = draw % sum(candidates.values())
    for psp, weight in candidates.items():
        if place < weight:
            return Choice(
                psp,
                {
                    "because": "pinned" if pinned else "weight",
                    "weights": candidates,
                    "left_out": left_out,
                },
            )
        place -= weight
    raise AssertionError("a draw below the sum of the weights falls on one of them")


def _weights_of(merchant_id: UUID) -> dict[tuple[str, str], int]:
    at, known = _weights.get(merchant_id, (0.0, {}))
    if time.monotonic() - at > KNOWN_FOR:
        known = {
            (row.psp, row.currency): row.weight
            for row in RoutingWeight.objects.filter(merchant_id=merchant_id)
        }
        _weights[merchant_id] = (time.monotonic(), known)
    return known


def forget() -> None:
    """Drop what this process believes (for tests)."""
    _weights.clear()
