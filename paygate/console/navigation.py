"""What the sidebar shows: the queues with how much waits in them, and the pages, as far as the person may see them.

Whatever else has a page of the admin's own is reached by "All applications" below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from kernel.clock import now
from kernel.queues import Queue
from paygate.console.queue_counts import Length, lengths, queues


@dataclass(frozen=True, slots=True)
class Page:
    """The list of one model's rows."""

    title: str
    icon: str  # Of Material Symbols.
    rows: str  # App and model, as addresses of the admin join them: "payments_payment".

    @property
    def name(self) -> str:
        return f"admin:{self.rows}_changelist"

    @property
    def permission(self) -> str:
        app, _, model = self.rows.partition("_")
        return f"{app}.view_{model}"


SECTIONS: tuple[tuple[str, tuple[Page, ...]], ...] = (
    (
        "Money",
        (
            Page("Payments", "credit_card", "payments_payment"),
            Page("Refunds", "undo", "payments_refund"),
            Page("Disputes", "gavel", "disputes_dispute"),
            Page("Payouts", "outbound", "payouts_payout"),
            Page("Requests", "how_to_reg", "approvals_request"),
        ),
    ),
    (
        "Finance",
        (
            Page("Payout batches", "inventory_2", "payouts_batch"),
            Page("Destinations", "account_balance", "payouts_destination"),
            Page("Settlement batches", "move_to_inbox", "reconciliation_batch"),
            Page("Statements", "description", "reconciliation_statement"),
            Page("Breaks", "difference", "reconciliation_break"),
            Page("Due", "event_available", "funds_due"),
            Page("Reserves", "savings", "funds_reserve"),
            Page("Books", "menu_book", "ledger_ledgertransaction"),
            Page("Proof", "verified", "proof_run"),
        ),
    ),
    (
        "Merchants",
        (
            Page("Merchants", "storefront", "merchants_merchant"),
            Page("Customers", "person", "merchants_customer"),
            Page("Fee plans", "sell", "merchants_feeplan"),
            Page("API keys", "key", "merchants_apikey"),
        ),
    ),
    (
        "Platform",
        (
            Page("Webhooks in", "call_received", "webhooks_pspevent"),
            Page("Webhooks out", "call_made", "merchants_notice"),
            Page("Endpoints", "webhook", "merchants_webhookendpoint"),
            Page("Costs", "request_quote", "costs_paymentcost"),
            Page("Routing", "alt_route", "routing_routingweight"),
            Page("Exchange rates", "currency_exchange", "fx_rate"),
        ),
    ),
    (
        "People",
        (
            Page("Users", "group", "auth_user"),
            Page("Roles", "badge", "auth_group"),
            Page("Limits", "speed", "approvals_limit"),
            Page("Sessions", "devices", "staff_session"),
            Page("Audit log", "history", "kernel_entry"),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar's sections, as the theme takes them. Asked once for each page."""
    waiting = _queues(request)
    taken = any(item["active"] for item in waiting.get("Queues", ()))
    sections: list[dict[str, Any]] = [{"title": "Queues", "items": waiting.pop("Queues", [])}]
    for title, pages in SECTIONS:
        items = [*waiting.pop(title, []), *_pages(request, pages, taken=taken)]
        sections.append({"title": title, "items": items, "separator": True})
    sections += [{"title": title, "items": items} for title, items in waiting.items()]
    return [section for section in sections if section["items"]]


def pages_called(request: HttpRequest, text: str) -> list[dict[str, Any]]:
    """The pages and queues that this person sees, a word of whose title begins so."""
    text = text.lower()
    if len(text) < 2:
        return []
    found = [
        item
        for section in navigation(request)
        for item in section["items"]
        if any(
            word.startswith(text)
            for word in (item["title"].lower(), *item["title"].lower().split())
        )
    ]
    return list({item["link"]: item for item in found}.values())


def environment(request: HttpRequest) -> list[str] | None:
    """The label at the top of each page that tells a stage from the real thing."""
    label = settings.BACK_OFFICE_LABEL
    return [label, "warning"] if label else None


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    """Of the menu beside the person's name."""
    links = (
        ("Second factor and sessions", "staff:account"),
        ("Change password", "admin:password_change"),
    )
    return [
        {"title": title, "link": link}
        for title, name in links
        if (link := _address(name)) is not None
    ]


def _queues(request: HttpRequest) -> dict[str, list[dict[str, Any]]]:
    seen: dict[str, list[dict[str, Any]]] = {}
    asked = queues()
    if not any(_may(request, queue.permission) for queue in asked):
        return seen
    for queue, length in zip(asked, lengths(now()), strict=True):
        if not _may(request, queue.permission):
            continue
        link = _address(queue.page)
        if link is not None:
            seen.setdefault(queue.section, []).append(_queue(request, queue, length, link))
    return seen


def _queue(request: HttpRequest, queue: Queue, length: Length, link: str) -> dict[str, Any]:
    asked = dict(parse_qsl(queue.query, keep_blank_values=True))
    shown = {name: request.GET.get(name) for name in asked}
    return {
        "title": queue.title,
        "icon": queue.icon,
        "link": f"{link}?{queue.query}" if queue.query else link,
        "active": request.path == link and shown == asked,
        "badge": length.written or None,
        "badge_variant": "danger" if length.urgent or length.waiting is None else "primary",
        "badge_style": "solid" if length.urgent else "",
    }


def _pages(request: HttpRequest, pages: tuple[Page, ...], *, taken: bool) -> list[dict[str, Any]]:
    items = []
    for page in pages:
        link = _address(page.name)
        if link is not None and _may(request, page.permission):
            active = not taken and request.path.startswith(link)
            items.append({"title": page.title, "icon": page.icon, "link": link, "active": active})
    return items


def _may(request: HttpRequest, permission: str) -> bool:
    user = request.user
    return bool(user.is_active and user.has_perm(permission))


def _address(name: str) -> str | None:
    """None where there is no such page: its room is not part of this installation."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return None
