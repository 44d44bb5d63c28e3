"""What was said to PSPs about a payment, as it was kept: redacted. That somebody looked is written down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import patch_cache_control

from kernel.audit.record import saw
from kernel.timeline import Tone
from paygate.payments.back_office.words import called
from paygate.payments.models import Attempt, Exchange, Payment

VIEW = "payments.view_wire"
MOST = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """An exchange with its bodies as people read JSON."""

    exchange: Exchange
    asked: str
    answered: str

    @property
    def psp(self) -> str:
        return called(self.exchange.psp)

    @property
    def said(self) -> str:
        """The status of the answer; why there was none."""
        return str(self.exchange.status or self.exchange.error)

    @property
    def tone(self) -> Tone:
        return Tone.GOOD if 200 <= (self.exchange.status or 0) < 300 else Tone.BAD


def answer(page: Any, request: HttpRequest, row: Payment | Attempt) -> HttpResponse:
    """The page of all that was said about the payment, or the attempt."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    saw(request, row, "wire")
    shown = TemplateResponse(
        request,
        "payments/wire.html",
        {
            **page.admin_site.each_context(request),
            "opts": page.opts,
            "title": f"Wire of {row.public_id}",
            "original": row,
            "row": row,
            "back": f"admin:payments_{page.opts.model_name}_change",
            "exchanges": [_shown(one) for one in _of(row)],
            "days": settings.PSP_EXCHANGES_KEPT_DAYS,
        },
    )
    patch_cache_control(shown, private=True, no_store=True)
    return shown


def _of(row: Payment | Attempt) -> Sequence[Exchange]:
    attempts: list[UUID] = (
        [row.id]
        if isinstance(row, Attempt)
        else list(
            Attempt.objects.filter(merchant_id=row.merchant_id, payment_id=row.id).values_list(
                "id", flat=True
            )
        )
    )
    return list(
        Exchange.objects.filter(merchant_id=row.merchant_id, attempt_id__in=attempts).order_by(
            "at", "id"
        )[:MOST]
    )


def _shown(exchange: Exchange) -> Shown:
    asked = [_pretty(exchange.query), _pretty(exchange.asked)]
    return Shown(exchange, "\n".join(filter(None, asked)), _pretty(exchange.answered))


def _pretty(kept: str) -> str:
    """Indented; what was cut off is no JSON any more, and is shown as it is."""
    try:
        return json.dumps(json.loads(kept), indent=2, ensure_ascii=False) if kept else ""
    except ValueError:
        return kept
