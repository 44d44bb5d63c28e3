"""Which events merchants are told of, and how an endpoint says which of them it wants.

An event is public when its family is; the list below is what may be asked for by its full name, so that a
typo is refused and not waited for. `payment.*` is all of a family, also what may be added to it; `*` is all.
"""

from __future__ import annotations

from collections.abc import Collection

EVERYTHING = "*"
#: Sent to one endpoint when its owner wants to see it work; nobody can subscribe to it.
TEST = "webhook_endpoint.test"

TOPICS = {
    "payment": (
        "created",
        "updated",
        "requires_action",
        "in_review",
        "processing",
        "authorized",
        "partially_captured",
        "captured",
        "failed",
        "canceled",
        "expired",
    ),
    "refund": ("created", "updated", "succeeded", "failed", "canceled"),
    "dispute": (
        "created",
        "updated",
        "won",
        "lost",
        "funds_withdrawn",
        "funds_reinstated",
        "evidence_due",
    ),
    "payout": (
        "created",
        "updated",
        "pending_approval",
        "approved",
        "in_transit",
        "paid",
        "failed",
        "returned",
        "canceled",
    ),
    "payout_destination": ("proposed", "approved", "rejected", "retired"),
    "webhook_endpoint": ("disabled",),
}

PATTERNS = frozenset(
    {
        EVERYTHING,
        *(f"{family}.*" for family in TOPICS),
        *(f"{family}.{name}" for family, names in TOPICS.items() for name in names),
    }
)


def is_public(topic: str) -> bool:
    """May the merchant whose event it is see it?"""
    return topic.partition(".")[0] in TOPICS


def patterns_of(topic: str) -> list[str]:
    """The patterns that ask for the topic: itself, its family, everything; none of one that is not public."""
    if not is_public(topic) or topic == TEST:
        return []
    return [topic, f"{topic.partition('.')[0]}.*", EVERYTHING]


def wanted(topic: str, patterns: Collection[str]) -> bool:
    """Do these patterns ask for the topic?"""
    return not set(patterns).isdisjoint(patterns_of(topic))
