"""How rows of these pages are shown in lists: states as badges, merchants by name, ids as links."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from kernel.ids import encode
from kernel.timeline import Tone
from merchants.models import Merchant
from paygate.payments.back_office.words import REFUND_STATES, STATES, called, spaced

#: The theme's colours of badges.
LABELS = {Tone.GOOD: "success", Tone.BAD: "danger", Tone.WAITING: "warning", Tone.PLAIN: "default"}

Badge = tuple[str, str]


def with_merchants(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Each row with its merchant's name, in the same query."""
    name = Merchant.objects.filter(id=OuterRef("merchant_id")).values("name")[:1]
    found: QuerySet[Any] = rows.annotate(merchant_name=Subquery(name))
    return found


@display(description="state", label=LABELS)  # type: ignore[untyped-decorator]
def state(row: Any) -> Badge:
    """Of a payment or a refund."""
    tones = STATES if row.state in STATES else REFUND_STATES
    return tones[row.state], spaced(row.state)


@admin.display(description="merchant")
def merchant(row: Any) -> str:
    page = reverse("admin:merchants_merchant_change", args=[row.merchant_id])
    name = getattr(row, "merchant_name", "") or encode("mer", row.merchant_id)
    return format_html('<a class="text-primary-600" href="{}">{}</a>', page, name)


@admin.display(description="PSP")
def psp(row: Any) -> str:
    return called(row.psp) if row.psp else ""


@admin.display(description="payment")
def payment(row: Any) -> str:
    return format_html(
        '<a class="text-primary-600" href="{}">{}</a>',
        page_of_payment(row.payment_id),
        encode("pay", row.payment_id),
    )


def page_of_payment(payment_id: UUID) -> str:
    return reverse("admin:payments_payment_change", args=[payment_id])
