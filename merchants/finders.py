"""How merchants, their payment methods, endpoints and notices are found."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import F, Func, QuerySet, TextField
from django.urls import reverse

from kernel.clock import now, wall
from kernel.finding import Finder, Found, id_in, is_id, joined
from kernel.ids import moment
from merchants.models import Merchant
from merchants.names import names_of
from merchants.notices.models import Notice, WebhookEndpoint
from merchants.payment_methods.models import PaymentMethod

_WORD = re.compile(r"\w+")
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]{1,5})?")
WORDS = 6  # Of a name.
#: Notices are looked for by their event among those that were made so soon after it: an index by time is a small one.
TOLD_WITHIN = timedelta(hours=1)


def find_merchants(text: str, most: int) -> list[Found]:
    """By mer_…, or by the beginnings of words of the name."""
    if is_id(text):
        id_ = id_in("mer", text)
        found = Merchant.objects.filter(id=id_) if id_ else Merchant.objects.none()
    else:
        words = _WORD.findall(text)[:WORDS]
        if not words:
            return []
        begins = " & ".join(f"{word}:*" for word in words)
        asked = SearchQuery(begins, config="simple", search_type="raw")
        named = SearchVector("name", config="simple")  # As merchant_name has it.
        found = Merchant.objects.annotate(words=named).filter(words=asked)
    return [
        Found(
            title=merchant.name,
            detail=joined(merchant.public_id, merchant.country, merchant.get_status_display()),
            url=reverse("admin:merchants_merchant_change", args=[merchant.id]),
            at=merchant.created_at,
        )
        for merchant in found.order_by()[:most]
    ]


def find_payment_methods(text: str, most: int) -> list[Found]:
    """By pm_…"""
    id_ = id_in("pm", text)
    found = list(PaymentMethod.objects.filter(id=id_).order_by()[:most]) if id_ else []
    names = names_of(found)
    return [
        Found(
            title=f"{method.brand or 'Card'} …{method.last4}",
            detail=joined(method.public_id, method.user_id, names[method.merchant_id]),
            url=reverse("admin:merchants_paymentmethod_change", args=[method.id]),
            at=method.created_at,
        )
        for method in found
    ]


def find_endpoints(text: str, most: int) -> list[Found]:
    """By we_…, or by the beginning of the host: of a whole address, of that."""
    found: QuerySet[WebhookEndpoint]
    if is_id(text):
        id_ = id_in("we", text)
        found = WebhookEndpoint.objects.filter(id=id_) if id_ else WebhookEndpoint.objects.none()
    elif host := _host_in(text):
        # A range, which an index answers however the database collates.
        found = WebhookEndpoint.objects.annotate(host=_HostOf(F("url"))).filter(
            host__gte=host, host__lt=host + "\x7f"
        )
    else:
        return []
    shown = list(found.order_by()[:most])
    names = names_of(shown)
    return [
        Found(
            title=f"{endpoint.url} {endpoint.get_status_display().lower()}",
            detail=joined(endpoint.public_id, names[endpoint.merchant_id]),
            url=reverse("admin:merchants_webhookendpoint_change", args=[endpoint.id]),
            at=endpoint.created_at,
        )
        for endpoint in shown
    ]


def find_notices(text: str, most: int) -> list[Found]:
    """By evt_…: the notices of one event, one for each endpoint that was to hear of it."""
    id_ = id_in("evt", text)
    if id_ is None:
        return []
    made = moment(id_)
    found = Notice.objects.filter(
        event_id=id_,
        created_at__gte=made - timedelta(minutes=1),
        created_at__lt=made + (now() - wall()) + TOLD_WITHIN,  # Ids go by the wall.
    )
    shown = list(found.select_related("webhook_endpoint").order_by()[:most])
    return [
        Found(
            title=f"{notice.topic}: {notice.get_status_display().lower()}",
            detail=joined(notice.public_event, notice.subject, notice.webhook_endpoint.url),
            url=reverse("admin:merchants_notice_change", args=[notice.id]),
            at=notice.created_at,
        )
        for notice in shown
    ]


class _HostOf(Func):
    """The host of an endpoint's address, as webhook_endpoint_host has it."""

    function = "webhook_host"
    arity = 1
    output_field = TextField()


def _host_in(text: str) -> str:
    """Of an address the host; "" where there is none."""
    try:
        host = urlsplit(text).netloc if "://" in text else text
    except ValueError:  # No address after all.
        return ""
    host = host.lower()
    return host if _HOST.fullmatch(host) else ""


FINDERS = (
    Finder("Merchants", "merchants.view_merchant", find_merchants),
    Finder("Payment methods", "merchants.view_paymentmethod", find_payment_methods),
    Finder("Endpoints", "merchants.view_webhookendpoint", find_endpoints),
    Finder("Notices", "merchants.view_notice", find_notices),
)
