"""What Prometheus reads of merchants' funds."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

RELEASED = Counter(
    "paygate_funds_transactions",
    "Transactions by which the passing of time moved merchants' money, by kind.",
    ["kind", "livemode"],
)
OWING = Gauge(
    "paygate_merchants_owing",
    "Merchants whose available balance is below zero, by what had to go through.",
    ["livemode", "currency"],
    multiprocess_mode="mostrecent",
)
OWED = Gauge(
    "paygate_owed_minor",
    "What merchants owe us in all, in minor units of the currency.",
    ["livemode", "currency"],
    multiprocess_mode="mostrecent",
)
