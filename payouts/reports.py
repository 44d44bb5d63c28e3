"""What the bank says: its files are fetched, kept as they came, and applied, once each and in any order.

    accepted   the file, or a payment of it, was checked: nothing moved yet
    paid       our account was debited: in transit -> paid
    rejected   never paid: in transit -> failed
    returned   paid and sent back: in transit or paid -> returned

A line that says again what we know changes nothing. One that contradicts it, is of another amount, names nothing of
ours, or says of a payment twice in one report what happens once, is kept as an exception for a person.
"""

from __future__ import annotations

import logging
import zlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import TypeAlias
from uuid import UUID

from django.db.models import Max

from kernel.db import atomic, outside_transaction
from kernel.ids import InvalidId, decode, uuid7
from kernel.money import Money
from paygate.reconciliation.models import BANK, Statement
from paygate.reconciliation.receive import receive
from payouts.bank.channel import BankUnavailable, ReportName
from payouts.bank.registry import BankNotConfigured, bank
from payouts.bankfiles.orders import Became, Reported, Unreadable
from payouts.bankfiles.orders import Report as Read
from payouts.bankfiles.reports import read
from payouts.models import BankFile, Payout, Report, ReportException, State
from payouts.move import Move, move
from payouts.transmit import reject_file

log = logging.getLogger(__name__)

#: Where what is said leads; and where a payout may be by then without a contradiction.
LEADS = {Became.PAID: State.PAID, Became.REJECTED: State.FAILED, Became.RETURNED: State.RETURNED}
CONSISTENT = {
    Became.PAID: {
        State.PAID,
        State.RETURNED,
    },  # It may have come back before we heard that it left.
    Became.REJECTED: {State.FAILED},
    Became.RETURNED: {State.RETURNED},
}

TWICE = "The report says so of our payout twice."

#: A line that a person must look at: its place in the report, what it says, and why.
Odd: TypeAlias = tuple[int, Reported, str]


@outside_transaction
def hear_the_bank(*, livemode: bool, at: datetime) -> int:
    """Fetch what is new and apply what was not; how many reports were applied."""
    try:
        channel = bank(livemode=livemode)
    except BankNotConfigured:
        return 0
    try:
        while names := channel.reports(_newest(livemode)):
            for name in names:
                keep(name, channel.fetch(name.number), livemode=livemode, at=at)
    except BankUnavailable as why:  # What is kept is applied; the rest is still there next time.
        log.warning("bank.unavailable", extra={"why": str(why)})
    applied = 0
    waiting = Report.objects.filter(livemode=livemode, state=Report.State.RECEIVED)
    for report in waiting.defer("content").order_by("number"):
        try:
            applied += apply(report, at=at)
        except Exception:  # What one of them trips over is nothing to the others.
            log.exception("payout_report.left_open", extra={"number": report.number})
    return applied


def _newest(livemode: bool) -> int:
    """The number of the newest report that is kept; 0 for none."""
    kept = Report.objects.filter(livemode=livemode).aggregate(newest=Max("number"))
    return kept["newest"] or 0


def keep(name: ReportName, content: bytes, *, livemode: bool, at: datetime) -> None:
    """Keep a report as it came, before anybody believes it; one that is kept already is left alone.

    A statement of our accounts is handed on to reconciliation in the same commit: all that is booked is its, and of
    what is said of payouts here nothing need be true there.
    """
    report = Report(
        id=uuid7(),
        livemode=livemode,
        number=name.number,
        name=name.name,
        kind=name.kind,
        sha256=sha256(content).hexdigest(),
        content=zlib.compress(content),
        received_at=at,
    )
    with atomic():
        Report.objects.bulk_create([report], ignore_conflicts=True)
        if name.kind == "camt.053":
            receive(
                BANK,
                name.name,
                [content],
                livemode=livemode,
                source=Statement.Source.BANK,
                at=at,
            )


def apply(report: Report, *, at: datetime) -> bool:
    """Apply one report, all of it in one commit; False when somebody else did, or it cannot be read."""
    with atomic():
        locked = Report.objects.select_for_update().get(id=report.id)
        if locked.state != Report.State.RECEIVED:
            return False
        try:
            said = read(zlib.decompress(locked.content))
        except Unreadable as fault:
            locked.state, locked.message = Report.State.UNREADABLE, str(fault)[:500]
            locked.save(update_fields=["state", "message"])
            log.error("payout_report.unreadable", extra={"number": locked.number})
            return False
        odd = _items(said.items, livemode=locked.livemode, at=at)
        # After what is said of single payments: they have reasons of their own.
        odd += _whole(said, livemode=locked.livemode, at=at)
        by_place = {place: (item, why) for place, item, why in odd}
        ReportException.objects.bulk_create(
            [_exception(locked, place, *line, at=at) for place, line in by_place.items()]
        )
        locked.state, locked.items, locked.applied_at = Report.State.APPLIED, len(said.items), at
        locked.save(update_fields=["state", "items", "applied_at"])
    if odd:
        log.error("payout_report.exceptions", extra={"number": locked.number, "count": len(odd)})
    return True


def _whole(said: Read, *, livemode: bool, at: datetime) -> list[Odd]:
    """What is said of a file of ours as a whole. A bank that has accepted it may still reject it."""
    if said.whole is None or not said.of_message:
        return []
    file = _file(said.of_message, livemode=livemode)
    why = ""
    if file is None:
        why = "It names no file of ours."
    elif said.whole == Became.REJECTED:
        if file.state == BankFile.State.REJECTED:
            return []
        if Payout.objects.filter(file_id=file.id, state__in=CONSISTENT[Became.PAID]).exists():
            why = "Of our file something is paid."
        else:
            reject_file(file, code=said.code, message=said.message, at=at)
    elif file.state == BankFile.State.REJECTED:
        why = "Our file is rejected."
    elif file.state != BankFile.State.ACCEPTED:
        file.state, file.outcome, file.next_look_at = BankFile.State.ACCEPTED, "taken", None
        file.sent_at = file.sent_at or at
        file.save()
    if not why:
        return []
    line = Reported(said.of_message, said.whole, code=said.code, message=said.message)
    return [(len(said.items), line, why)]


def _file(message_id: str, *, livemode: bool) -> BankFile | None:
    """The file of ours in that mode, and nobody else's until the transaction ends."""
    files = BankFile.objects.filter(message_id=message_id, livemode=livemode)
    found: BankFile | None = files.select_for_update().defer("content").first()
    return found


def _items(items: Sequence[Reported], *, livemode: bool, at: datetime) -> list[Odd]:
    """Move the payouts that are spoken of; the lines that a person must look at: (place, line, why)."""
    payouts = _spoken_of(items, livemode=livemode)
    odd: list[Odd] = []
    moves: dict[Became, dict[tuple[UUID, UUID], tuple[int, Reported, Move]]] = defaultdict(dict)
    for place, item in enumerate(items):
        if item.became == Became.ACCEPTED:
            continue
        if item.of_message and not item.reference:
            of_file, why = _of_file(item, livemode=livemode)
            several = {(one.merchant_id, one.id): (place, item, one) for one in of_file}
            if several.keys() & moves[item.became].keys():
                several, why = {}, TWICE
            moves[item.became] |= several
            odd += [(place, item, why)] if why else []
            continue
        payout = payouts.get(item.reference) or payouts.get(item.trace)
        if payout is None:
            odd.append((place, item, "It names no payout of ours."))
        elif item.amount is not None and item.amount != payout.money:
            odd.append((place, item, f"Our payout is of {payout.money}."))
        elif (payout.merchant_id, payout.id) in moves[item.became]:
            odd.append((place, item, TWICE))
        else:
            one = Move(payout.merchant_id, payout.id, item.code or None, item.message or None)
            moves[item.became][payout.merchant_id, payout.id] = place, item, one
    for became in (Became.PAID, Became.REJECTED, Became.RETURNED):  # A payment before its return.
        if not moves[became]:
            continue
        moved = move(LEADS[became], [one for _, _, one in moves[became].values()], at=at)
        done = {(m.merchant_id, m.id) for m in moved}
        odd += _contradicting(became, {k: v for k, v in moves[became].items() if k not in done})
    return odd


def _of_file(item: Reported, *, livemode: bool) -> tuple[list[Move], str]:
    """The payouts of a file of ours that was booked as one sum, or why they are not moved by it."""
    file = _file(item.of_message, livemode=livemode)
    if file is None or item.became != Became.PAID:
        return [], "It names no payout of ours."
    rows = Payout.objects.filter(file_id=file.id).exclude(state=State.FAILED)
    sum_ = Money(sum(rows.values_list("amount", flat=True)), file.currency)
    if item.amount != sum_:
        return [], f"What has not failed of our file is {sum_}."
    going = rows.filter(state=State.IN_TRANSIT).order_by("merchant_id", "id")
    return [Move(*pair) for pair in going.values_list("merchant_id", "id")], ""


def _contradicting(
    became: Became, unmoved: dict[tuple[UUID, UUID], tuple[int, Reported, Move]]
) -> list[Odd]:
    """Of what could not be moved, what does not stand as the bank says."""
    if not unmoved:
        return []
    found = Payout.objects.filter(
        merchant_id__in={m for m, _ in unmoved}, id__in={i for _, i in unmoved}
    )
    return [
        (*unmoved[p.merchant_id, p.id][:2], f"Our payout is {p.state}.")
        for p in found
        if p.state not in CONSISTENT[became]
    ]


def _spoken_of(items: Sequence[Reported], *, livemode: bool) -> dict[str, Payout]:
    """The payouts that the lines name, by our reference or by the trace that the format has instead."""
    ids = []
    for item in items:
        try:
            ids.append(decode("po", item.reference))
        except InvalidId:
            continue
    traces = [item.trace for item in items if item.trace]
    sent = Payout.objects.filter(livemode=livemode, file_id__isnull=False)
    found = {p.public_id: p for p in sent.filter(id__in=ids)} if ids else {}
    if traces:  # Traces come round again after years: the newest is meant.
        found |= {p.trace: p for p in sent.filter(trace__in=traces).order_by("id")}
    return found


def _exception(
    report: Report, place: int, item: Reported, why: str, *, at: datetime
) -> ReportException:
    return ReportException(
        id=uuid7(),
        report=report,
        place=place,
        reference=(item.reference or item.trace)[:100],
        became=item.became,
        amount=None if item.amount is None else item.amount.minor,
        currency=None if item.amount is None else item.amount.currency,
        code=item.code[:100],
        message=item.message.replace("\0", "")[:500],
        why=why,
        created_at=at,
    )
