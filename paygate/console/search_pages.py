"""The search page, and the hits of the command palette: the same question, drawn twice.

Instead of the theme's own search, which asks each page's list with LIKE and keeps what it found for minutes.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from kernel.finding import is_id
from paygate.console.navigation import pages_called
from paygate.console.search import MOST, Group, UnfitQuestion, fit, search

IN_PALETTE = 5  # Hits of one kind.

HINTS = (
    ("pay_…, re_…, dp_…, po_…", "any id of ours, in whatever case: straight to its page"),
    (
        "pi_3Q…, 8836…, 7kq2…",
        "what Stripe, Adyen or Braintree call a payment, refund, dispute, payout or event",
    ),
    (
        "4242 24.95 2026-11-25",
        "a card's last four digits with the amount, the currency or the day, in any order",
    ),
    ("1001", "an order number, or any other value of a payment's metadata"),
    (
        "user-1, a@example.com",
        "the payer, as the merchant calls them, or by the whole e-mail address",
    ),
    ("Kiosk, shop.example", "merchants by the beginnings of their names' words; endpoints by host"),
)


def page(request: HttpRequest) -> HttpResponse:
    """What `q` finds, by kind; straight to its page where it is an id, unless all is asked for.

    The first that is called by an id is the thing itself; the books, for instance, name it too. The palette asks by
    `s`, and is answered by its list alone.
    """
    if "s" in request.GET:
        return _palette(request, request.GET["s"])
    asked, refused = request.GET.get("q", ""), ""
    groups: list[Group] = []
    try:
        asked = fit(asked)
        groups = search(asked, request.user)
    except UnfitQuestion as why:
        asked, refused = "", str(why)  # Never shown again: it may be a card number.
    if is_id(asked) and groups and len(groups[0].hits) == 1 and "all" not in request.GET:
        return HttpResponseRedirect(groups[0].hits[0].url)
    context = {
        **admin.site.each_context(request),
        "title": "Search",
        "asked": asked,
        "refused": refused,
        "groups": groups,
        "most": MOST,
        "hints": HINTS,
    }
    return TemplateResponse(request, "console/search.html", context)


def _palette(request: HttpRequest, text: str) -> HttpResponse:
    refused, groups, pages = "", [], []
    try:
        text = fit(text)
        if not text:
            return HttpResponse()
        pages = pages_called(request, text)
        groups = search(text, request.user, most=IN_PALETTE)
    except UnfitQuestion as why:
        text, refused = "", str(why)
    items: list[dict[str, Any]] = [
        *(
            {"title": p["title"], "detail": "Page", "url": p["link"], "icon": p["icon"]}
            for p in pages
        ),
        *(
            {
                "title": hit.title,
                "detail": hit.detail,
                "url": hit.url,
                "kind": group.kind,
                "at": hit.at,
            }
            for group in groups
            for hit in group.hits
        ),
    ]
    context = {"items": items, "asked": text, "refused": refused}
    return TemplateResponse(
        request,
        "console/palette.html",
        context,
        headers={"HX-Trigger": "search"},
    )
