"""May this payment be tried? Today every payment is allowed; the rules come behind this call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from kernel.money import Money


@dataclass(frozen=True, slots=True)
class Assessment:
    """The verdict, kept on the payment: allow, review (a person looks first) or block."""

    decision: Literal["allow", "review", "block"] = "allow"
    score: int = 0  # 0 harmless to 100.
    rules: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {"decision": self.decision, "score": self.score, "rules": self.rules}


def assess(*, amount: Money, user_id: str, payment_method: str) -> Assessment:
    """The verdict on a payment about to be made."""
    return Assessment()
