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
    title: str
    icon: str  # Of Material Symbols.
    permission: str
    name: str  # Of the address, behind "admin:".


SECTIONS: tuple[tuple[str, tuple[Page, ...]], ...] = (
    (
        "Money",
        (
            Page("Payments", "credit_card", "payments.view_payment", "payments_payment_changelist"),
            Page("Refunds", "undo", "payments.view_refund", "payments_refund_changelist"),
            Page("Disputes", "gavel", "disputes.view_dispute", "disputes_dispute_changelist"),
            Page("Payouts", "outbound", "payouts.view_payout", "payouts_payout_changelist"),
            Page(
                "Requests", "how_to_reg", "approvals.view_request", "approvals_request_changelist"
            ),
        ),
    ),
    (
        "Finance",
        (
            Page("Payout batches", "inventory_2", "payouts.view_batch", "payouts_batch_changelist"),
            Page(
                *("Destinations", "account_balance", "payouts.view_destination"),
                "payouts_destination_changelist",
            ),
            Page(
                *("Settlement batches", "move_to_inbox", "reconciliation.view_batch"),
                "reconciliation_batch_changelist",
            ),
            Page(
                *("Statements", "description", "reconciliation.view_statement"),
                "reconciliation_statement_changelist",
            ),
            Page(
                *("Breaks", "difference", "reconciliation.view_break"),
                "reconciliation_break_changelist",
            ),
            Page("Due", "event_available", "funds.view_due", "funds_due_changelist"),
            Page("Reserves", "savings", "funds.view_reserve", "funds_reserve_changelist"),
            Page(
                *("Books", "menu_book", "ledger.view_ledgertransaction"),
                "ledger_ledgertransaction_changelist",
            ),
            Page("Proof", "verified", "proof.view_run", "proof_run_changelist"),
        ),
    ),
    (
        "Merchants",
        (
            Page(
                "Merchants",
                "storefront",
                "merchants.view_merchant",
                "merchants_merchant_changelist",
            ),
            Page("Customers", "person", "merchants.view_customer", "merchants_customer_changelist"),
            Page("Fee plans", "sell", "merchants.view_feeplan", "merchants_feeplan_changelist"),
            Page("API keys", "key", "merchants.view_apikey", "merchants_apikey_changelist"),
        ),
    ),
    (
        "Platform",
        (
            Page(
                "Webhooks in",
                "call_received",
                "webhooks.view_pspevent",
                "webhooks_pspevent_changelist",
            ),
            Page(
                "Webhooks out", "call_made", "merchants.view_notice", "merchants_notice_changelist"
            ),
            Page(
                *("Endpoints", "webhook", "merchants.view_webhookendpoint"),
                "merchants_webhookendpoint_changelist",
            ),
            Page(
                "Costs", "request_quote", "costs.view_paymentcost", "costs_paymentcost_changelist"
            ),
            Page("Exchange rates", "currency_exchange", "fx.view_rate", "fx_rate_changelist"),
        ),
    ),
    (
        "People",
        (
            Page("Users", "group", "auth.view_user", "auth_user_changelist"),
            Page("Roles", "badge", "auth.view_group", "auth_group_changelist"),
            Page("Limits", "speed", "approvals.view_limit", "approvals_limit_changelist"),
            Page("Sessions", "devices", "staff.view_session", "staff_session_changelist"),
            Page("Audit log", "history", "kernel.view_entry", "kernel_entry_changelist"),
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
        link = _address(f"admin:{page.name}")
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
