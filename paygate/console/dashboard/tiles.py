"""The figures at the top of the dashboard, each with what it was before, in words and with a sign."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from paygate.console.dashboard.levels import Levels
from paygate.console.dashboard.read import NOTHING, Comparison, Figures, Sum
from paygate.console.dashboard.words import NONE, age, amount, change, count, percent, points, share


@dataclass(frozen=True, slots=True)
class Tile:
    title: str
    figure: str
    beside: str = ""  # What belongs to it.
    change: str = ""
    tone: str = ""  # "bad" or "waiting" where somebody should look.

    @property
    def number(self) -> str:
        return self.figure.partition(" ")[0]

    @property
    def unit(self) -> str:
        return self.figure.partition(" ")[2]


def flows(of: Figures, compared: Comparison, *, currency: str, than: str) -> list[Tile]:
    """What happened in the period."""
    taken, given = of.total("captured"), of.total("refunded")
    net = taken[1] - of.total("capture_reversed")[1]
    approved, declined = of.total("approved")[0], of.total("declined")[0]
    opened = of.total("dispute_opened")
    won, lost = of.total("dispute_won")[0], of.total("dispute_lost")[0]
    paid, failed = of.total("payout_paid"), of.total("payout_failed")[0]
    return [
        Tile(
            "Volume",
            amount(net, currency),
            f"captured; {count(of.total('attempted')[0], 'payment')} tried",
            change(_net(compared.now), _net(compared.before), than),
        ),
        Tile(
            "Success rate",
            percent(share(approved, approved + declined)),
            f"{approved:,} approved, {declined:,} declined",
            points(_rate(compared.now), _rate(compared.before), than),
        ),
        Tile(
            "Refunded",
            amount(given[1], currency),
            _refunds(given[0], given[1], net, of.total("refund_failed")[0]),
            change(_amount(compared.now, "refunded"), _amount(compared.before, "refunded"), than),
        ),
        Tile(
            "Disputes opened",
            f"{opened[0]:,}",
            f"{amount(opened[1], currency)}; {_decided(won, lost)}",
            change(
                _number(compared.now, "dispute_opened"),
                _number(compared.before, "dispute_opened"),
                than,
            ),
        ),
        Tile(
            "Paid out",
            amount(paid[1], currency),
            count(paid[0], "payout") + (f", {failed:,} failed or returned" if failed else ""),
            change(
                _amount(compared.now, "payout_paid"), _amount(compared.before, "payout_paid"), than
            ),
        ),
    ]


def present(levels: Levels, *, currency: str) -> list[Tile]:
    """How things stand now."""
    return [_unknown(levels, currency), _held(levels, currency), _notices(levels)]


def _unknown(levels: Levels, currency: str) -> Tile:
    title = "Unknown outcomes"
    if levels.unknown is None:
        return Tile(title, NONE, "Not read yet")
    number, minor = _sum(levels.unknown.values())
    beside = f"{amount(minor, currency)} at risk" if number else "Every PSP's answer is known"
    if levels.unknown_elsewhere:
        beside += f"; {levels.unknown_elsewhere:,} in other currencies"
    oldest = f"The oldest for {age(levels.oldest)}" if number and levels.oldest else ""
    old = levels.oldest is not None and levels.oldest.total_seconds() >= 3600
    tone = "" if not number else "bad" if old else "waiting"
    return Tile(title, f"{number:,}", beside, oldest, tone)


def _held(levels: Levels, currency: str) -> Tile:
    title = "Captured, not settled"
    if levels.receivable is None:
        return Tile(title, NONE, "Not read yet")
    minor = sum(levels.receivable.values())
    beside, tone = "with the PSPs, by the books", ""
    said = ""
    if levels.overdue is not None:
        number, late = levels.overdue
        said = (
            f"{amount(late, currency)} of {count(number, 'payment')} overdue"
            if number
            else "Nothing is overdue"
        )
        tone = "waiting" if number else ""
    return Tile(title, amount(minor, currency), beside, said, tone)


def _notices(levels: Levels) -> Tile:
    title = "Endpoints failing"
    if levels.failing is None:
        return Tile(title, NONE, "Not read yet")
    beside = (
        f"The longest for {age(levels.failing_for)}"
        if levels.failing and levels.failing_for
        else "All notices arrive"
    )
    said = (
        f"{count(levels.given_up, 'notice')} given up in 4 days"
        if levels.given_up is not None
        else ""
    )
    return Tile(title, f"{levels.failing:,}", beside, said, "waiting" if levels.failing else "")


def _refunds(number: int, minor: int, net: int, failed: int) -> str:
    parts = [count(number, "refund")]
    if (of_volume := share(minor, net)) is not None and minor:
        parts.append(f"{percent(of_volume)} of the volume")
    if failed:
        parts.append(f"{failed:,} failed")
    return ", ".join(parts)


def _decided(won: int, lost: int) -> str:
    if not won + lost:
        return "none decided"
    return f"{won:,} won, {lost:,} lost"


def _net(of: dict[str, Sum]) -> int:
    return _amount(of, "captured") - _amount(of, "capture_reversed")


def _rate(of: dict[str, Sum]) -> Decimal | None:
    approved, declined = _number(of, "approved"), _number(of, "declined")
    return share(approved, approved + declined)


def _number(of: dict[str, Sum], what: str) -> int:
    return of.get(what, NOTHING)[0]


def _amount(of: dict[str, Sum], what: str) -> int:
    return of.get(what, NOTHING)[1]


def _sum(sums: Iterable[Sum]) -> Sum:
    found = list(sums)
    return sum(n for n, _ in found), sum(minor for _, minor in found)
