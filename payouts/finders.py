"""How payouts, batches, destinations and files for the bank are found: by our ids, and by what others call them."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse

from kernel.finding import Finder, Found, id_in, is_id, joined, reference_in
from merchants.names import names_of
from payouts.models import BankFile, Batch, Destination, Payout


def find_payouts(text: str, most: int) -> list[Found]:
    """By po_… (as a bank gives it back, too), the PSP's reference, or the trace number."""
    found: list[Payout] = []
    if is_id(text):
        if id_ := id_in("po", text):
            found = list(Payout.objects.filter(id=id_).order_by())
    elif reference := reference_in(text):
        for named in (Q(psp_reference=reference), Q(trace=reference)):
            found += Payout.objects.filter(named).order_by()[:most]
    names = names_of(found)
    return [
        Found(
            title=f"Payout of {payout.money}: {payout.get_state_display().lower()}",
            detail=joined(payout.public_id, payout.psp_reference, names[payout.merchant_id]),
            url=reverse("admin:payouts_payout_change", args=[payout.id]),
            at=payout.created_at,
        )
        for payout in {payout.id: payout for payout in found}.values()
    ][:most]


def find_batches(text: str, most: int) -> list[Found]:
    """By pb_…"""
    id_ = id_in("pb", text)
    return [
        Found(
            title=f"Batch by {batch.get_rail_display().lower()}: "
            f"{batch.get_state_display().lower()}",
            detail=joined(batch.public_id, f"to be paid on {batch.value_date}", batch.note),
            url=reverse("admin:payouts_batch_change", args=[batch.id]),
            at=batch.created_at,
        )
        for batch in (Batch.objects.filter(id=id_)[:most] if id_ else ())
    ]


def find_destinations(text: str, most: int) -> list[Found]:
    """By pd_…"""
    id_ = id_in("pd", text)
    found = list(Destination.objects.filter(id=id_)[:most]) if id_ else []
    names = names_of(found)
    return [
        Found(
            title=f"{destination.holder} …{destination.last4}: "
            f"{destination.get_state_display().lower()}",
            detail=joined(
                destination.public_id, destination.currency, names[destination.merchant_id]
            ),
            url=reverse("admin:payouts_destination_change", args=[destination.id]),
            at=destination.created_at,
        )
        for destination in found
    ]


def find_files(text: str, most: int) -> list[Found]:
    """By the message's id, which our bank repeats in all that it says of the file."""
    reference = reference_in(text)
    found = BankFile.objects.filter(message_id=reference).defer("content") if reference else ()
    return [
        Found(
            title=f"{file.format} of {file.money}: {file.get_state_display().lower()}",
            detail=joined(file.message_id, f"{file.payments:,} payments"),
            url=reverse("admin:payouts_bankfile_change", args=[file.id]),
            at=file.created_at,
        )
        for file in found[:most]
    ]


FINDERS = (
    Finder("Payouts", "payouts.view_payout", find_payouts),
    Finder("Payout batches", "payouts.view_batch", find_batches),
    Finder("Destinations", "payouts.view_destination", find_destinations),
    Finder("Files for the bank", "payouts.view_bankfile", find_files),
)
