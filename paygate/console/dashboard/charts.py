"""The dashboard's charts: what the script draws, and the same as a table for whoever reads or copies it.

Everything that is said is made here, in words and whole minor units; the script only draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kernel.currencies import EXPONENTS
from paygate.console.dashboard.filters import DAY, Period
from paygate.console.dashboard.levels import Levels, in_order
from paygate.console.dashboard.read import NOTHING, Figures, Sum
from paygate.console.dashboard.words import NONE, amount, count, percent, plain, psp, share

MOST_REASONS = 8  # Bars of the chart; the table has all of them.


@dataclass(frozen=True, slots=True)
class Chart:
    """`drawn` is for the script; None where there is nothing to draw, and `empty` says so."""

    name: str
    title: str
    note: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    empty: str
    drawn: dict[str, Any] | None = field(default=None)


def charts(of: Figures, levels: Levels, *, period: Period, currency: str) -> list[Chart]:
    bars = list(of.bars)
    return [
        _volume(of, bars, period, currency),
        _success(of, bars, period),
        _declines(of, currency),
        _refunds(of, bars, period, currency),
        _disputes(of, bars, period, currency),
        _unknown(levels, currency),
    ]


def label(bar: datetime, period: Period) -> str:
    """Of one bar: "14:00", "Wed 25 Nov", or "from 20 Nov" for seven days."""
    if period.step > DAY:
        return f"from {bar.day} {bar:%b}"
    if period.span == "day":
        return f"{bar:%a} {bar.day} {bar:%b}"
    return f"{bar:%H:%M}" if period.days == 1 else f"{bar.day} {bar:%b %H:%M}"


def _volume(of: Figures, bars: list[datetime], period: Period, currency: str) -> Chart:
    by_psp = {}
    for name in of.psps:
        taken, undone = of.by_bar("captured", psp=name), of.by_bar("capture_reversed", psp=name)
        if taken or undone:
            by_psp[name] = {bar: taken[bar][1] - undone[bar][1] for bar in {*taken, *undone}}
    tried = of.by_bar("attempted")
    rows = [
        [
            label(bar, period),
            f"{tried[bar][0]:,}",
            *(amount(of_psp.get(bar, 0), currency) for of_psp in by_psp.values()),
            amount(sum(of_psp.get(bar, 0) for of_psp in by_psp.values()), currency),
        ]
        for bar in bars
    ]
    drawn = {
        "type": "bar",
        "stacked": True,
        "unit": currency,
        "minor": 10 ** EXPONENTS[currency],
        "labels": [label(bar, period) for bar in bars],
        "sets": [
            {
                "label": psp(name),
                "psp": name,
                "values": [of_psp.get(bar, 0) for bar in bars],
                "said": [amount(of_psp.get(bar, 0), currency) for bar in bars],
            }
            for name, of_psp in by_psp.items()
        ],
    }
    return Chart(
        "volume",
        "Volume by PSP",
        f"What was captured, in {currency}",
        ["When (UTC)", "Payments", *map(psp, by_psp), "Captured in all"],
        rows,
        "No payments were captured in this period.",
        drawn if by_psp else None,
    )


def _success(of: Figures, bars: list[datetime], period: Period) -> Chart:
    rates: dict[str, list[tuple[int, int]]] = {}
    for name in of.psps:
        approved, declined = of.by_bar("approved", psp=name), of.by_bar("declined", psp=name)
        if approved or declined:
            rates[name] = [(approved[bar][0], approved[bar][0] + declined[bar][0]) for bar in bars]
    rows = [
        [label(bar, period), *(_rate(*rates[name][n]) for name in rates)]
        for n, bar in enumerate(bars)
    ]
    drawn = {
        "type": "line",
        "unit": "%",
        "labels": [label(bar, period) for bar in bars],
        "sets": [
            {
                "label": psp(name),
                "psp": name,
                "values": [_drawn_share(*pair) for pair in pairs],
                "said": [_rate(*pair) for pair in pairs],
            }
            for name, pairs in rates.items()
        ],
    }
    return Chart(
        "success",
        "Success rate by PSP",
        "Approved of those that were approved or declined",
        ["When (UTC)", *map(psp, rates)],
        rows,
        "No PSP approved or declined a payment in this period.",
        drawn if rates else None,
    )


def _declines(of: Figures, currency: str) -> Chart:
    reasons = sorted(of.by_reason("declined").items(), key=lambda one: (-one[1][0], str(one[0])))
    reasons = [(reason, sums) for reason, sums in reasons if sums[0]]
    declined = sum(sums[0] for _, sums in reasons)
    shown = reasons[:MOST_REASONS]
    if left := reasons[MOST_REASONS:]:
        others = (sum(s[0] for _, s in left), sum(s[1] for _, s in left))
        shown = [*shown, ("other_reasons", others)]
    drawn = {
        "type": "bar",
        "across": True,
        "unit": "",
        "labels": [plain(reason) for reason, _ in shown],
        "sets": [
            {
                "label": "Declined",
                "values": [sums[0] for _, sums in shown],
                "said": [
                    f"{sums[0]:,}, {percent(share(sums[0], declined))} of declines, {amount(sums[1], currency)}"
                    for _, sums in shown
                ],
            }
        ],
    }
    return Chart(
        "declines",
        "Declines by reason",
        f"{count(declined, 'decline')}, in our words for the PSPs' reasons" if declined else "",
        ["Reason", "Declines", "Share", "Amount"],
        [
            [
                plain(reason),
                f"{sums[0]:,}",
                percent(share(sums[0], declined)),
                amount(sums[1], currency),
            ]
            for reason, sums in reasons
        ],
        "Nothing was declined in this period.",
        drawn if reasons else None,
    )


def _refunds(of: Figures, bars: list[datetime], period: Period, currency: str) -> Chart:
    given, failed = of.by_bar("refunded"), of.by_bar("refund_failed")
    drawn = {
        "type": "bar",
        "unit": currency,
        "minor": 10 ** EXPONENTS[currency],
        "labels": [label(bar, period) for bar in bars],
        "sets": [
            {
                "label": "Refunded",
                "values": [given[bar][1] for bar in bars],
                "said": [_said(given[bar], "refund", currency) for bar in bars],
            }
        ],
    }
    return Chart(
        "refunds",
        "Refunds",
        "What was given back and stayed so",
        ["When (UTC)", "Refunds", "Refunded", "Failed"],
        [
            [
                label(bar, period),
                f"{given[bar][0]:,}",
                amount(given[bar][1], currency),
                f"{failed[bar][0]:,}",
            ]
            for bar in bars
        ],
        "Nothing was refunded in this period.",
        drawn if _any([given, failed]) else None,
    )


def _disputes(of: Figures, bars: list[datetime], period: Period, currency: str) -> Chart:
    kinds = {"Opened": "dispute_opened", "Won": "dispute_won", "Lost": "dispute_lost"}
    sums = {words: of.by_bar(what) for words, what in kinds.items()}
    drawn = {
        "type": "bar",
        "unit": "",
        "labels": [label(bar, period) for bar in bars],
        "sets": [
            {
                "label": words,
                "kind": words.lower(),
                "values": [found[bar][0] for bar in bars],
                "said": [_said(found[bar], "dispute", currency) for bar in bars],
            }
            for words, found in sums.items()
        ],
    }
    return Chart(
        "disputes",
        "Disputes",
        "Opened, won and lost, by the PSPs' clocks",
        [
            "When (UTC)",
            *(head for words in kinds for head in (words, f"{words}, amount")),
        ],
        [
            [
                label(bar, period),
                *(
                    cell
                    for found in sums.values()
                    for cell in (f"{found[bar][0]:,}", amount(found[bar][1], currency))
                ),
            ]
            for bar in bars
        ],
        "No dispute was opened or decided in this period.",
        drawn if _any(sums.values()) else None,
    )


def _unknown(levels: Levels, currency: str) -> Chart:
    found = levels.unknown or {}
    ages = in_order({age for _, age in found})
    psps = sorted({name for name, _ in found})
    drawn = {
        "type": "bar",
        "across": True,
        "stacked": True,
        "unit": "",
        "labels": [age.capitalize() for age in ages],
        "sets": [
            {
                "label": psp(name),
                "psp": name,
                "values": [found.get((name, age), NOTHING)[0] for age in ages],
                "said": [
                    _said(found.get((name, age), NOTHING), "outcome", currency) for age in ages
                ],
            }
            for name in psps
        ],
    }
    return Chart(
        "unknown",
        "Unknown outcomes by age",
        "Now: asked again by itself until the PSP can tell",
        ["Age", *(head for name in psps for head in (psp(name), f"{psp(name)}, at risk"))],
        [
            [
                age.capitalize(),
                *(
                    cell
                    for name in psps
                    for number, minor in (found.get((name, age), NOTHING),)
                    for cell in (f"{number:,}", amount(minor, currency))
                ),
            ]
            for age in ages
        ],
        "Every PSP's answer is known."
        if levels.unknown is not None
        else "Not read yet: the task that reads it runs every few seconds.",
        drawn if found else None,
    )


def _rate(approved: int, decided: int) -> str:
    if not decided:
        return NONE
    return f"{percent(share(approved, decided))} of {decided:,}"


def _drawn_share(approved: int, decided: int) -> float | None:
    """Where the line goes; there is a gap where nothing was decided."""
    found = share(approved, decided)
    return None if found is None else float(found)  # A share to draw, no money.


def _said(of: Sum, one: str, currency: str) -> str:
    return f"{count(of[0], one)}, {amount(of[1], currency)}"


def _any(found: Iterable[dict[datetime, Sum]]) -> bool:
    return any(sums != NOTHING for by_bar in found for sums in by_bar.values())
