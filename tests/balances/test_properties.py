"""Whatever is posted, whenever it happened: statements add up, follow each other, and agree with every balance."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from merchants.funds.balance import balance_of
from merchants.funds.months import Month
from merchants.funds.own import BUCKETS, NAMES
from merchants.funds.statement import statement_of, statements_of
from merchants.funds.terms import agree_terms
from merchants.funds.transactions import balance_transactions
from merchants.onboard import onboard
from tests.balances.conftest import Book

pytestmark = pytest.mark.django_db

EVER = datetime(2024, 1, 1, tzinfo=UTC)
BEGIN = datetime(2025, 1, 25, tzinfo=UTC)

minors = st.integers(1, 10**9)
hours = st.integers(0, 24 * 75).map(lambda hour: BEGIN + timedelta(hours=hour))
events = st.lists(
    st.tuples(
        st.sampled_from(["capture", "capture", "release", "refund", "dispute"]),
        minors,
        st.integers(0, 100),
        hours,
        hours,
        st.sampled_from(["USD", "JPY"]),
    ),
    max_size=12,
)
zones = st.sampled_from(["UTC", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"])


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=events, zone=zones)
def test_statements_add_up_and_agree_with_balances(db, events, zone):
    merchant = onboard("Kiosk").merchant
    agree_terms(merchant.id, effective_from=EVER, time_zone=zone)
    tally = written(merchant.id, sorted(events, key=lambda event: event[4]))
    whose = {"livemode": False, "at": BEGIN + timedelta(days=400)}

    found: dict[str, list] = {}
    for one in reversed(statements_of(merchant.id, **whose)):
        found.setdefault(one.currency, []).append(one)
    every = []
    for currency, months in found.items():
        last = dict.fromkeys(NAMES, 0)
        for month in months:
            read = statement_of(merchant.id, month.month, currency=currency, **whose)
            assert read.opening == last
            lines = list(read.lines())
            assert lines
            assert sum(one.net for one in read.sums.values()) == sum(
                line.transaction.net for line in lines
            )
            assert lines[-1].balance == sum(read.closing.values())
            assert sum(read.opening.values()) + sum(line.transaction.net for line in lines) == sum(
                read.closing.values()
            )
            last = read.closing
            every += [line.transaction for line in lines]
        assert last == sums(tally, currency)
        assert Month(2024, 12) not in {month.month for month in months}

    # The list has the same lines, and every balance is their sum until then.
    listed = balance_transactions(merchant.id, livemode=False, limit=100)
    assert sorted(every, key=lambda one: one.id) == sorted(listed, key=lambda one: one.id)
    for moment in {event[3] for event in events} | {event[4] for event in events}:
        for asked in (
            {"as_of": moment},
            {"known_at": moment},
            {"as_of": moment, "known_at": moment},
        ):
            shown = balance_of(merchant.id, livemode=False, **asked)
            for balance in shown:
                assert balance.amounts == sums(tally, balance.currency, **asked)
                assert balance.total == sum(
                    one.net
                    for one in listed
                    if one.currency == balance.currency
                    and one.effective_at <= asked.get("as_of", one.effective_at)
                    and one.posted_at <= asked.get("known_at", one.posted_at)
                )


def written(merchant, events) -> list:
    """Post them; (currency, bucket, change, when it happened, when it was posted) of each entry."""
    tally = []
    for kind, minor, share, happened, posted, currency in events:
        book = Book(merchant, currency=currency, written_at=posted)
        part = minor * share // 100
        match kind:
            case "capture":
                event = book.capture(minor, part, at=happened)
            case "release":
                event = book.release(minor, part, at=happened)
            case "refund":
                event = book.refund(minor, at=happened)
            case "dispute":
                event = book.dispute(minor, part, at=happened)
        for entry in event.entries:
            if entry.account in BUCKETS:
                change = entry.amount.minor if entry.type == "CREDIT" else -entry.amount.minor
                tally.append((currency, BUCKETS[entry.account], change, happened, posted))
    return tally


def sums(tally, currency, *, as_of=None, known_at=None) -> dict[str, int]:
    summed: Counter = Counter()
    for one, bucket, change, happened, posted in tally:
        if (
            one == currency
            and (as_of is None or happened <= as_of)
            and (known_at is None or posted <= known_at)
        ):
            summed[bucket] += change
    return {name: summed[name] for name in NAMES}
