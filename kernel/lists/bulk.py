"""Acts on many rows at once: first a page that shows which rows and what they add up to, then exactly those rows.

    SEND_AGAIN = Bulk(act="notice.send_again", title="Send again", asks="Why?", do=_send, watches=("status",))

    @admin.action(description="Send again", permissions=["send"])
    def send_again(self, request, queryset):
        return answer(self, request, queryset, SEND_AGAIN)

The page's form names the rows and the digest of what it showed of them. Where one of them has become another since, or
is not there any more, nothing is done: the page comes again and says so. Each row has an entry of its own in the audit
log. A form that is sent twice does nothing twice: the rows have changed by then, and `do` is given the form's key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from kernel.audit.record import audited, name_of
from kernel.ids import uuid7
from kernel.money import Money
from kernel.reasons import ReasonOnly

NAMED = 5  # Refusals that are told one by one.


@dataclass(frozen=True, slots=True)
class Asked:
    """By whom, why, and under which key the deed is done: the same when the same form comes twice."""

    request: HttpRequest
    because: str
    key: str

    @property
    def by(self) -> str:
        return self.request.user.get_username()


class Waits(str):
    """What came of it: somebody else has to decide, and it is not done yet. The audit log says so."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """One act on many rows."""

    act: str  # As the audit log names it.
    title: str  # The button's words: "Send again".
    asks: str  # What is said over the field for the reason.
    #: The verb, for one row. A text that it returns says what came of it instead of being done.
    do: Callable[[Any, Asked], Any]
    refusals: tuple[type[Exception], ...] = ()  # What the verb says no with; their words are shown.
    watches: tuple[
        str, ...
    ] = ()  # Columns on which the decision rests: a row with others is another row.
    money: Callable[[Any], Money | None] | None = None  # What the deed moves, for one row.
    cannot: Callable[[Any], str] | None = None  # Why it cannot be done to a row; "" where it can.
    #: What would come of each row, were this person to do it now: shown beside them.
    foretells: Callable[[HttpRequest, Sequence[Any]], Sequence[str]] | None = None
    #: Asked before the page is shown and before anything is done: an answer of its own goes first
    #: (paygate.staff.step_up).
    fresh: Callable[[HttpRequest], HttpResponse | None] | None = None
    most: int | None = None  # Rows; BACK_OFFICE_BULK_MOST unless said otherwise.


class _Form(ReasonOnly):
    digest = forms.CharField(widget=forms.HiddenInput)
    key = forms.CharField(max_length=36, widget=forms.HiddenInput)


@dataclass(slots=True)
class _Shown:
    """What the page shows."""

    rows: list[Any]
    left_out: list[tuple[Any, str]] = field(default_factory=list)

    def digest(self, bulk: Bulk) -> str:
        told = [
            (str(row.pk), *(str(getattr(row, one)) for one in bulk.watches)) for row in self.rows
        ]
        return sha256(repr(sorted(told)).encode()).hexdigest()

    def totals(self, bulk: Bulk) -> list[tuple[int, Money]]:
        """How many rows and how much, for each currency."""
        sums: dict[str, tuple[int, Money]] = {}
        for row in self.rows:
            money = bulk.money(row) if bulk.money else None
            if money is not None:
                count, total = sums.get(money.currency, (0, Money.zero(money.currency)))
                sums[money.currency] = (count + 1, total + money)
        return [sums[currency] for currency in sorted(sums)]


def answer(
    page: Any, request: HttpRequest, queryset: QuerySet[Any], bulk: Bulk
) -> HttpResponse | None:
    """For the method of an admin action, to be returned: the page that asks, or what came of it."""
    if bulk.fresh is not None and (first := bulk.fresh(request)):
        return first
    most = bulk.most or settings.BACK_OFFICE_BULK_MOST
    found = list(queryset[: most + 1])
    if len(found) > most:
        messages.error(request, f"At most {most} at once: choose fewer, or filter the list.")
        return redirect(request.get_full_path())
    shown = _sorted_out(found, bulk)
    if "digest" not in request.POST:
        return _page(page, request, bulk, shown, _form(bulk, shown))
    form = _Form(request.POST)
    if not form.is_valid():
        return _page(page, request, bulk, shown, form)
    named = set(request.POST.getlist(ACTION_CHECKBOX_NAME))
    if form.cleaned_data["digest"] != shown.digest(bulk) or named != {
        str(row.pk) for row in shown.rows
    }:
        messages.warning(
            request, "Something changed since you looked: nothing was done. Look again."
        )
        again = _form(bulk, shown, because=form.cleaned_data["because"])
        return _page(page, request, bulk, shown, again)
    asked = Asked(request, form.cleaned_data["because"], form.cleaned_data["key"])
    _carry_out(asked, bulk, shown.rows)
    return redirect(request.get_full_path())


def _sorted_out(found: Iterable[Any], bulk: Bulk) -> _Shown:
    shown = _Shown([])
    for row in found:
        if why := bulk.cannot(row) if bulk.cannot else "":
            shown.left_out.append((row, why))
        else:
            shown.rows.append(row)
    return shown


def _carry_out(asked: Asked, bulk: Bulk, rows: Sequence[Model]) -> None:
    done, refused = 0, []
    otherwise: Counter[str] = Counter()
    for row in rows:
        try:
            with audited(
                asked.request,
                bulk.act,
                row,
                because=asked.because,
                refusals=bulk.refusals,
                among=len(rows),
            ) as deed:
                came = bulk.do(row, asked)
                if isinstance(came, Waits):
                    deed.details["waits"] = str(came)
        except bulk.refusals as refusal:
            refused.append(f"{name_of(row)}: {refusal}")
        else:
            if isinstance(came, str) and came:
                otherwise[came] += 1
            else:
                done += 1
    if done:
        messages.success(asked.request, f"{bulk.title}: {done} of {len(rows)} done.")
    for came, count in otherwise.items():
        messages.warning(asked.request, f"{bulk.title}: {count} of {len(rows)} {came}.")
    if refused:
        more = f" … and {len(refused) - NAMED} more." if len(refused) > NAMED else ""
        told = "; ".join(refused[:NAMED])
        messages.error(asked.request, f"{len(refused)} refused. {told}{more}")


def _form(bulk: Bulk, shown: _Shown, *, because: str = "") -> _Form:
    return _Form(initial={"digest": shown.digest(bulk), "key": str(uuid7()), "because": because})


def _page(page: Any, request: HttpRequest, bulk: Bulk, shown: _Shown, form: _Form) -> HttpResponse:
    form.fields["because"].help_text = f"{bulk.asks} Kept in the audit log, beside your name."
    foretold = bulk.foretells(request, shown.rows) if bulk.foretells else None
    return TemplateResponse(
        request,
        "back_office/bulk.html",
        {
            **page.admin_site.each_context(request),
            "opts": page.opts,
            "title": bulk.title,
            "count": len(shown.rows),
            "what": page.opts.verbose_name
            if len(shown.rows) == 1
            else page.opts.verbose_name_plural,
            "ids": [str(row.pk) for row in shown.rows],
            "checkbox": ACTION_CHECKBOX_NAME,
            "action": request.POST.get("action", ""),
            "list": request.get_full_path(),
            "form": form,
            "totals": {
                "headers": ["Currency", "Rows", "Total"],
                "rows": [[sum_.currency, count, sum_] for count, sum_ in shown.totals(bulk)],
            },
            "rows": {
                "headers": [
                    str(page.opts.verbose_name),
                    *(["Amount"] if bulk.money else []),
                    *(["What happens"] if foretold is not None else []),
                ],
                "rows": [
                    [
                        _link(page, row),
                        *([bulk.money(row) or ""] if bulk.money else []),
                        *([foretold[number]] if foretold is not None else []),
                    ]
                    for number, row in enumerate(shown.rows)
                ],
            },
            "left_out": {
                "headers": [str(page.opts.verbose_name), "Why not"],
                "rows": [[_link(page, row), why] for row, why in shown.left_out],
            },
        },
    )


def _link(page: Any, row: Model) -> str:
    """To the page of a row."""
    name = f"admin:{page.opts.app_label}_{page.opts.model_name}_change"
    return format_html(
        '<a class="text-primary-600 dark:text-primary-400" href="{}">{}</a>',
        reverse(name, args=[row.pk]),
        str(row),
    )
