"""A file for the bank is made: from approved payouts of a batch, once, in one commit with their leaving.

The bytes are kept with their hash, sequence and totals; what is sent, however often, are those bytes. A payout for
which the format has no words is called off, and the merchant may ask again with a better destination.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from types import ModuleType
from typing import Any

from django.conf import settings
from django.db import connection

from kernel.db import atomic
from kernel.ids import uuid7
from kernel.money import Money
from merchants.funds.calendars import add_business_days
from payouts.bankfiles import nacha, pain001
from payouts.bankfiles.orders import CreditTransfer, Order, OwnAccount, Unwritable
from payouts.destinations import number_of
from payouts.models import BankFile, Batch, Destination, Payout, State
from payouts.move import Move, move
from payouts.settle import lock

MOST = 9_999  # Payments in a file: little enough memory.
_TRACES = 9_999_999  # Seven digits, which NACHA leaves us; not all of them zero.
FORMATS: dict[str, tuple[str, ModuleType]] = {
    Destination.Kind.IBAN: ("pain.001", pain001),
    Destination.Kind.US: ("nacha", nacha),
}

log = logging.getLogger(__name__)


class NoAccountOfOurs(LookupError):
    """The settings name no account of ours out of which payouts in this currency and format are paid."""


@dataclass(frozen=True, slots=True)
class Made:
    """What one turn brought: a file, or (None) only payouts that could not be written."""

    file: BankFile | None


def make_file(batch: Batch, *, at: datetime) -> Made | None:
    """The next file of an approved batch, its payouts on their way; None when there is nothing left to be written.

    Raises NoAccountOfOurs.
    """
    with atomic():
        locked = lock(batch)
        if locked.state != Batch.State.APPROVED:
            return None
        chosen = _next(locked)
        if chosen is None:
            return None
        format_, writer = FORMATS[chosen.kind]
        sequence, before = _next_numbers(locked.livemode, format_)
        id_ = uuid7()
        own, currency = chosen.own, chosen.currency
        day = add_business_days(max(locked.value_date, at.date()), 0, chosen.calendar)
        writable, content = _written(
            chosen,
            writer,
            lambda transfers: Order(f"PG{id_.hex.upper()}", sequence, at, day, own, transfers),
            before=before,
            at=at,
        )
        if not writable:
            return Made(None)
        file = BankFile.objects.create(
            id=id_,
            batch=locked,
            livemode=locked.livemode,
            format=format_,
            currency=currency,
            sequence=sequence,
            message_id=f"PG{id_.hex.upper()}",
            payments=len(writable),
            total=sum(payout.amount for payout, _ in writable),
            sha256=sha256(content).hexdigest(),
            content=zlib.compress(content, 6),
            created_at=at,
            next_look_at=at,
        )
        _leave(writable, file, day, at=at)
    log.info("payout_file.made", extra={"file": file.message_id, "payments": file.payments})
    return Made(file)


def bytes_of(file: BankFile) -> bytes:
    """The file as it is sent. Raises ValueError when it is not what was written: nothing may be sent then."""
    content = zlib.decompress(file.content)
    if sha256(content).hexdigest() != file.sha256:
        raise ValueError(f"{file.message_id} is not what was written")
    return content


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The payouts of the next file: one format and one currency, in the order of their ids."""

    kind: str
    currency: str
    own: OwnAccount
    calendar: str
    payouts: list[Payout]


def _next(batch: Batch) -> _Chosen | None:
    """What is left in a currency and format for which we have an account; None when nothing at all is left.

    Raises NoAccountOfOurs when nothing else is.
    """
    rows = Payout.objects.filter(batch_id=batch.id, state=State.APPROVED)
    pairs = rows.values_list("destination__kind", "currency").distinct()
    missing = []
    for kind, currency in pairs.order_by("destination__kind", "currency"):
        try:
            own, calendar = _account(batch.livemode, FORMATS[kind][0], currency)
        except NoAccountOfOurs as none:
            missing.append(str(none))
            continue
        payouts = rows.filter(destination__kind=kind, currency=currency)
        first = payouts.select_related("destination").order_by("id")[:MOST]
        return _Chosen(kind, currency, own, calendar, list(first))
    if missing:
        raise NoAccountOfOurs(", ".join(missing))
    return None


def _account(livemode: bool, format_: str, currency: str) -> tuple[OwnAccount, str]:
    bank: dict[str, Any] | None = settings.BANK["live" if livemode else "test"]
    own = bank and bank["accounts"].get((format_, currency))
    if not own:
        raise NoAccountOfOurs(f"{currency} by {format_}")
    account = dict(own)
    return OwnAccount(**{k: v for k, v in account.items() if k != "calendar"}), account["calendar"]


def _next_numbers(livemode: bool, format_: str) -> tuple[int, int]:
    """The number of the next file, and how many payments are in those before it."""
    with connection.cursor() as cursor:
        # One maker at a time: numbers without a gap, as banks want them.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext(%s))", [f"payout_file {livemode} {format_}"]
        )
        cursor.execute(
            "SELECT coalesce(max(sequence), 0) + 1, coalesce(sum(payments), 0) FROM payout_file"
            " WHERE livemode = %s AND format = %s",
            [livemode, format_],
        )
        number, payments = cursor.fetchone()
    return int(number), int(payments)


def _written(
    chosen: _Chosen,
    writer: ModuleType,
    order: Callable[[tuple[CreditTransfer, ...]], Order],
    *,
    before: int,
    at: datetime,
) -> tuple[list[tuple[Payout, CreditTransfer]], bytes]:
    """What can be written, and the bytes of it; what cannot is called off. `before`: payments in earlier files."""
    left = [(payout, _transfer(payout)) for payout in chosen.payouts]
    while left:
        if chosen.kind == Destination.Kind.US:
            left = [
                (payout, replace(transfer, trace=_trace(chosen.own, number)))
                for number, (payout, transfer) in enumerate(left, start=before)
            ]
        try:
            return left, writer.write(order(tuple(transfer for _, transfer in left)))
        except Unwritable as unfit:
            wrong = [p for p, transfer in left if transfer.reference == unfit.reference]
            if not wrong:
                raise
            log.error("payout.unwritable", extra={"payout": unfit.reference, "why": unfit.why})
            moves = [Move(p.merchant_id, p.id, "destination_unfit", unfit.why) for p in wrong]
            move(State.CANCELED, moves, at=at)
            left = [pair for pair in left if pair[0] not in wrong]
    return [], b""


def _trace(own: OwnAccount, number: int) -> str:
    """Fifteen digits: our bank's eight, and the payment's number among all that we ever sent it, counted round.

    Returns come for months, by this number alone: it must not come again while one is still on its way.
    """
    return f"{own.routing_number[:8]}{number % _TRACES + 1:07d}"


def _transfer(payout: Payout) -> CreditTransfer:
    destination = payout.destination
    number = number_of(destination)
    us = destination.kind == Destination.Kind.US
    return CreditTransfer(
        reference=payout.public_id,
        amount=Money(payout.amount, payout.currency),
        name=destination.holder,
        country=destination.country,
        iban="" if us else number,
        bic=destination.bic,
        routing_number=destination.routing_number,
        account_number=number if us else "",
        account_type=destination.account_type,
        remittance=payout.statement_descriptor or payout.public_id,
    )


def _leave(
    writable: Sequence[tuple[Payout, CreditTransfer]], file: BankFile, day: date, *, at: datetime
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE payout p SET file_id = %s, trace = w.trace, arrives_on = %s"
            " FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS w (merchant_id, id, trace)"
            " WHERE p.merchant_id = w.merchant_id AND p.id = w.id",
            [
                file.id,
                day,
                [payout.merchant_id for payout, _ in writable],
                [payout.id for payout, _ in writable],
                [transfer.trace for _, transfer in writable],
            ],
        )
    moved = move(State.IN_TRANSIT, [Move(p.merchant_id, p.id) for p, _ in writable], at=at)
    if len(moved) != len(
        writable
    ):  # Called off while the file was being written: it must not be in it.
        raise CanceledMeanwhile(file.message_id)


class CanceledMeanwhile(Exception):
    """A payout was called off while its file was being written: nothing is written, and it is done again."""
