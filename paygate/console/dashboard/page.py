"""What the theme's first page is given: the dashboard, and what waits for whoever looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from kernel.clock import now
from merchants.models import Merchant
from paygate.console.dashboard import levels as standing
from paygate.console.dashboard.charts import charts
from paygate.console.dashboard.filters import PERIODS, Asked, Period, read
from paygate.console.dashboard.read import (
    OfCurrency,
    comparison,
    currencies,
    figures,
    mode_of,
)
from paygate.console.dashboard.tiles import flows, present
from paygate.console.dashboard.words import amount, count
from paygate.console.figures.rebuild import hours_kept_since
from paygate.console.queue_counts import lengths, queues
from paygate.monitoring.models import Taken
from paygate.proof.models import Run

PERMISSION = "console.view_dashboard"
OFFERED = 100  # Merchants that are offered by name while one types, where there are no more.

PERIOD_NAMES = {"today": "Today", "7": "7 days", "30": "30 days", "90": "90 days"}


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The theme's DASHBOARD_CALLBACK."""
    at = now()
    context |= {
        "title": "Dashboard",
        "waiting": _waiting(request, at),
        "nights": _nights(request, at),
    }
    if request.user.has_perm(PERMISSION):
        context["dashboard"] = _drawn(read(request.GET, at=at), at)
    return context


def _drawn(asked: Asked, at: datetime) -> dict[str, Any]:
    livemode = mode_of(asked.whose) if asked.livemode is None else asked.livemode
    period = asked.period
    known = currencies(asked.whose, livemode=livemode, period=period)
    currency = asked.currency or _usual(asked.merchant, known)
    of = figures(asked.whose, livemode=livemode, currency=currency, period=period)
    kept = hours_kept_since(at)
    current, before = period.comparable(kept)
    compared = comparison(
        asked.whose, livemode=livemode, currency=currency, now=current, before=before
    )
    levels = (
        standing.of_one(asked.merchant, livemode=livemode, currency=currency, at=at)
        if asked.merchant
        else standing.of_all(livemode=livemode, currency=currency, at=at)
    )
    drawn = charts(of, levels, period=period, currency=currency)
    chosen = _Chosen(asked, livemode, currency)
    return {
        "asked": asked,
        "livemode": livemode,
        "currency": currency,
        "period": period,
        "compares": _compares(period, current[-1].until),
        "tiles": flows(of, compared, currency=currency, than=period.before_words),
        "present": present(levels, currency=currency),
        "read_at": min(levels.read_at.values(), default=None),
        "charts": drawn,
        "data": {one.name: one.drawn for one in drawn if one.drawn},
        "empty": not of,
        "others": [_other(one, chosen) for one in known if one.currency != currency],
        "currencies": sorted({currency, *(one.currency for one in known)}),
        "periods": [
            {
                "name": words,
                "query": chosen.query(period=name),
                "active": period.name == name,
            }
            for name, words in PERIOD_NAMES.items()
            if name in PERIODS
        ],
        "merchants": _offered(),
        "meant": [
            {"name": one.name, "id": one.public_id, "query": chosen.query(merchant=one.public_id)}
            for one in asked.meant
        ],
    }


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What the address says, for links that change one part of it."""

    asked: Asked
    livemode: bool
    currency: str

    def query(self, **changed: str) -> str:
        period = self.asked.period
        days = (
            {"period": period.name}
            if period.name
            else {"since": str(period.since), "until": str(period.until)}
        )
        if "period" in changed:
            days = {}
        merchant = {"merchant": self.asked.merchant.public_id} if self.asked.merchant else {}
        mode = "live" if self.livemode else "test"
        return urlencode({**merchant, "mode": mode, "currency": self.currency, **days, **changed})


def _usual(merchant: Merchant | None, known: list[OfCurrency]) -> str:
    """The merchant's own where anything was in it, or there is nothing at all; else the busiest."""
    own = merchant.settlement_currency if merchant else None
    if own and (not known or own in {one.currency for one in known}):
        return own
    return known[0].currency if known else "EUR"


def _other(one: OfCurrency, chosen: _Chosen) -> dict[str, str]:
    return {
        "currency": one.currency,
        "payments": f"{one.attempted:,}",
        "captured": amount(one.captured, one.currency),
        "refunded": amount(one.refunded, one.currency),
        "query": chosen.query(currency=one.currency),
    }


def _compares(period: Period, until: datetime) -> str:
    """What is compared with what, said once for all."""
    if not period.running:
        return f"Compared with {period.before.words}."
    return f"Compared with {period.before.words}, both up to {until:%H:%M} UTC of the last day."


def _offered() -> list[str]:
    named = list(Merchant.objects.order_by("name").values_list("name", flat=True)[: OFFERED + 1])
    return named if len(named) <= OFFERED else []


def _waiting(request: HttpRequest, at: datetime) -> dict[str, Any]:
    """The queues that this person sees, as long as the sidebar says they are; those that cannot wait come first."""
    found = []
    for queue, length in zip(queues(), lengths(at), strict=True):
        if not request.user.has_perm(queue.permission):
            continue
        try:
            link = reverse(queue.page)
        except NoReverseMatch:
            continue
        found.append(
            {
                "title": queue.title,
                "icon": queue.icon,
                "url": f"{link}?{queue.query}" if queue.query else link,
                "waiting": length.written,
                "urgent": length.urgent or 0,
            }
        )
    waiting = sorted((one for one in found if one["waiting"]), key=lambda one: not one["urgent"])
    return {"queues": waiting, "empty": len(found) - len(waiting)}


def _nights(request: HttpRequest, at: datetime) -> list[dict[str, str]]:
    """How the last proof and the last reconciliation went."""
    said = []
    if request.user.has_perm("proof.view_run"):
        said.append(_proof(Run.objects.order_by("-at").first()))
    if request.user.has_perm("reconciliation.view_break"):
        said.append(_reconciliation())
    return said


def _proof(run: Run | None) -> dict[str, str]:
    one = {"title": "Proof", "url": reverse("admin:proof_run_changelist")}
    if run is None:
        return one | {"said": "It has not run yet.", "badge": "never", "tone": ""}
    holds = "It holds" if run.holds else count(run.discrepancies, "discrepancy", "discrepancies")
    return one | {
        "said": f"{holds}: {count(run.payments, 'payment')}, {run.at:%Y-%m-%d %H:%M} UTC.",
        "badge": "holds" if run.holds else "does not hold",
        "tone": "good" if run.holds else "bad",
    }


def _reconciliation() -> dict[str, str]:
    """From what was read last: breaks that are open, statements that nobody could read, batches that are late."""
    names = {
        "paygate_breaks_open": "open break",
        "paygate_statements_refused": "refused statement",
        "paygate_batches_late": "late batch",
    }
    one = {"title": "Reconciliation", "url": reverse("admin:reconciliation_break_changelist")}
    taken = {row.name: row for row in Taken.objects.filter(name__in=names)}
    if "paygate_breaks_open" not in taken:
        return one | {"said": "Not read yet.", "badge": "unknown", "tone": ""}
    numbers = {name: sum(int(n) for _, n in row.samples) for name, row in taken.items()}
    at = taken["paygate_breaks_open"].taken_at
    many = {"late batch": "late batches"}
    parts = [
        count(numbers[name], words, many.get(words, ""))
        for name, words in names.items()
        if numbers.get(name)
    ]
    said = ", ".join(parts) or "Nothing is open"
    return one | {
        "said": f"{said}, as of {at:%Y-%m-%d %H:%M} UTC.",
        "badge": "to do" if parts else "agrees",
        "tone": "waiting" if parts else "good",
    }
