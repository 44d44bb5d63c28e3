"""How statements, what PSPs paid to our bank, and breaks are found: by our ids, and by what others call them."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from kernel.finding import Finder, Found, id_in, is_id, joined, reference_in
from merchants.names import names_of
from paygate.reconciliation.models import BANK, Batch, Break, Statement


def find_statements(text: str, most: int) -> list[Found]:
    """By stm_…, or by the whole name of the file."""
    if is_id(text):
        id_ = id_in("stm", text)
        found = Statement.objects.filter(id=id_) if id_ else Statement.objects.none()
    else:
        found = Statement.objects.filter(name=text)
    return [
        Found(
            title=f"{statement.name}: {statement.get_state_display().lower()}",
            detail=joined(statement.public_id, statement.psp, f"{statement.lines:,} lines"),
            url=reverse("admin:reconciliation_statement_change", args=[statement.id]),
            at=statement.received_at,
        )
        for statement in found.order_by()[:most]
    ]


def find_batches(text: str, most: int) -> list[Found]:
    """By stl_…, or by what the PSP calls it."""
    if is_id(text):
        id_ = id_in("stl", text)
        found = Batch.objects.filter(id=id_) if id_ else Batch.objects.none()
    elif reference := reference_in(text):
        # All that the key begins with is named, so that it is found by its own index.
        found = Batch.objects.filter(
            psp__in=[*settings.PSPS, BANK], livemode__in=[True, False], reference=reference
        )
    else:
        return []
    return [
        Found(
            title=f"{batch.money} {'awaited' if batch.arrived_at is None else 'arrived'}",
            detail=joined(batch.public_id, batch.psp, batch.reference),
            url=reverse("admin:reconciliation_batch_change", args=[batch.id]),
            at=batch.told_at,
        )
        for batch in found.order_by()[:most]
    ]


def find_breaks(text: str, most: int) -> list[Found]:
    """By brk_…"""
    id_ = id_in("brk", text)
    found = list(Break.objects.filter(id=id_)[:most]) if id_ else []
    names = names_of(found)
    return [
        Found(
            title=f"{one.money} {one.get_cause_display()}: {one.get_state_display().lower()}",
            detail=joined(one.public_id, one.psp, one.subject, names[one.merchant_id]),
            url=reverse("admin:reconciliation_break_change", args=[one.id]),
            at=one.opened_at,
        )
        for one in found
    ]


FINDERS = (
    Finder("Settlement batches", "reconciliation.view_batch", find_batches),
    Finder("Statements", "reconciliation.view_statement", find_statements),
    Finder("Breaks", "reconciliation.view_break", find_breaks),
)
