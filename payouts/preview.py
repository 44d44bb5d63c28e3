"""What a batch would pay, before anybody stands for it: totals, what stands in its way, what is odd, what has changed.

What blocks must be taken out or seen to; what is odd is for a person to judge. A preview is of one moment: its digest
names exactly the payouts it showed and their day, and whoever submits or approves names that digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from uuid import UUID

from django.conf import settings
from django.db import connection

from kernel.db import call
from kernel.money import Money
from merchants.funds.calendars import Calendar, is_business_day
from payouts.acts import Act
from payouts.models import Batch, Payout, Rail, State

LARGEST = 10  # Payouts shown by themselves.

AHEAD = timedelta(days=31)  # More is a slip of the hand.


class Kind(StrEnum):
    """What there is to say of a payout, or of the batch as a whole."""

    EMPTY = "empty"
    DATE_PAST = "date_past"
    DATE_FAR = "date_far"
    DATE_CLOSED = "date_closed"
    NOT_APPROVED = "destination_not_approved"
    COOLING_OFF = "destination_cooling_off"
    SUSPENDED = "merchant_suspended"
    NEW_DESTINATION = "destination_new"
    FIRST_PAYMENT = "first_payment_there"
    UNUSUAL = "unusually_large"
    OWES = "merchant_owes"
    TWICE = "same_destination_twice"


BLOCKING = frozenset(
    {
        Kind.EMPTY,
        Kind.DATE_PAST,
        Kind.DATE_FAR,
        Kind.DATE_CLOSED,
        Kind.NOT_APPROVED,
        Kind.COOLING_OFF,
        Kind.SUSPENDED,
    }
)
WORDS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.EMPTY: "There is nothing in it to be paid.",
        Kind.DATE_PAST: "The value date is past.",
        Kind.DATE_FAR: "The value date is more than a month ahead: what is set aside would wait for it.",
        Kind.DATE_CLOSED: "On the value date the banks are closed for",
        Kind.NOT_APPROVED: "The destination was retired, or never approved.",
        Kind.COOLING_OFF: "The destination is still cooling off.",
        Kind.SUSPENDED: "The merchant is suspended.",
        Kind.NEW_DESTINATION: "The destination is new.",
        Kind.FIRST_PAYMENT: "Nothing was ever paid to the destination before.",
        Kind.UNUSUAL: "It is far more than the merchant is usually paid.",
        Kind.OWES: "The merchant owes us, in this currency or another.",
        Kind.TWICE: "There is another payout to the same destination in the batch.",
    }
)
#: What can come up after a batch was submitted, as nothing is added to it then.
_CAN_APPEAR = BLOCKING | {Kind.UNUSUAL, Kind.OWES}

#: Whose banks must be open on the value date; of other currencies every weekday will do.
CALENDARS = {"EUR": Calendar.TARGET, "USD": Calendar.US, "GBP": Calendar.GB, "JPY": Calendar.JP}


@dataclass(frozen=True, slots=True)
class Total:
    """Payouts in one currency: all of them, or those of one method."""

    payouts: int
    amount: Money
    method: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to be said, and of which payouts (of none: of the batch)."""

    kind: Kind
    payouts: tuple[UUID, ...] = ()
    about: str = ""

    @property
    def blocks(self) -> bool:
        return self.kind in BLOCKING

    @property
    def words(self) -> str:
        return f"{WORDS[self.kind]} {self.about}".strip()


@dataclass(frozen=True, slots=True)
class Preview:
    """A batch at one moment."""

    batch: Batch
    at: datetime
    digest: str
    totals: tuple[Total, ...]
    methods: tuple[Total, ...]
    largest: tuple[Payout, ...]
    findings: tuple[Finding, ...]

    @property
    def payouts(self) -> int:
        return sum(total.payouts for total in self.totals)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.blocks)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if not finding.blocks)

    @property
    def blocked(self) -> tuple[UUID, ...]:
        """The payouts without which nothing of a payout's own would stand in the way."""
        return tuple({id_: None for finding in self.blocking for id_ in finding.payouts})

    @property
    def large(self) -> tuple[Total, ...]:
        """The totals above what one may approve without a special right. A currency without a limit always is."""
        limits = settings.PAYOUT_LARGE_BATCH
        return tuple(t for t in self.totals if t.amount.minor > limits.get(t.amount.currency, 0))


@dataclass(frozen=True, slots=True)
class Changes:
    """What became different since a moment at which somebody looked."""

    since: datetime
    canceled: tuple[UUID, ...]
    removed: tuple[UUID, ...]
    added: int
    dated: bool  # It is to be paid on another day.
    appeared: tuple[Finding, ...]  # Since the batch was submitted.

    def __bool__(self) -> bool:
        return bool(self.canceled or self.removed or self.added or self.dated or self.appeared)

    def __str__(self) -> str:
        parts = [
            (len(self.canceled), "canceled"),
            (len(self.removed), "removed"),
            (self.added, "added"),
            (sum(max(len(f.payouts), 1) for f in self.appeared), "with something new to look at"),
        ]
        told = [f"{count} {what}" for count, what in parts if count]
        return ", ".join([*told, "another value date"] if self.dated else told)


def preview(batch: Batch, *, at: datetime) -> Preview:
    """The batch as it is now. For a batch that is being submitted or approved: under its lock."""
    totals = _totals(batch.id)
    by_currency: dict[str, list[int]] = {}
    for currency, _, count, amount in totals:
        sums = by_currency.setdefault(currency, [0, 0])
        sums[0] += count
        sums[1] += amount
    largest = Payout.objects.filter(batch_id=batch.id).exclude(state=State.CANCELED)
    over = batch.state in (Batch.State.SENT, Batch.State.CANCELED)
    return Preview(
        batch=batch,
        at=at,
        digest=digest_of(batch),
        totals=tuple(
            Total(count, Money(amount, currency))
            for currency, (count, amount) in by_currency.items()
        ),
        methods=tuple(
            Total(count, Money(amount, currency), method)
            for currency, method, count, amount in totals
        ),
        largest=tuple(largest.order_by("-amount", "id")[:LARGEST].prefetch_related("destination")),
        findings=() if over else (*_of_the_whole(batch, list(by_currency), at), *_each(batch, at)),
    )


def digest_of(batch: Batch) -> str:
    """Names the day and the payouts, their amounts and destinations, as they are now; called-off ones left out."""
    [(payouts,)] = call("payout_batch_digest", batch.id)
    return sha256(f"{batch.value_date}:{payouts}".encode()).hexdigest()


def snapshot(shown: Preview) -> dict[str, list[str]]:
    """What must be remembered of a preview to tell later what came up since."""
    return {
        finding.kind.value: [str(id_) for id_ in finding.payouts]
        for finding in shown.findings
        if finding.kind in _CAN_APPEAR
    }


def changes(shown: Preview, *, since: datetime | None = None) -> Changes:
    """What became different since that moment; without one since the batch was submitted, or built."""
    batch = shown.batch
    when = since or batch.submitted_at or batch.created_at
    gone = Payout.objects.filter(batch_id=batch.id, state=State.CANCELED, updated_at__gte=when)
    acts = list(Act.objects.filter(batch=batch, at__gte=when))
    submitted = Act.objects.filter(batch=batch, what=Act.What.SUBMITTED).order_by("id").last()
    appeared: list[Finding] = []
    if submitted is not None and batch.state == Batch.State.PENDING_APPROVAL:
        before = submitted.details["findings"]
        for finding in shown.findings:
            known = set(before.get(finding.kind, ()))
            new = tuple(id_ for id_ in finding.payouts if str(id_) not in known)
            if finding.kind in _CAN_APPEAR and (new or finding.kind not in before):
                appeared.append(Finding(finding.kind, new, finding.about))
    return Changes(
        since=when,
        canceled=tuple(gone.order_by("id").values_list("id", flat=True)),
        removed=tuple(
            UUID(id_)
            for act in acts
            if act.what == Act.What.REMOVED
            for id_ in act.details["removed"]
        ),
        added=sum(act.payouts for act in acts if act.what == Act.What.FILLED),
        dated=any(act.what == Act.What.DATED for act in acts),
        appeared=tuple(appeared),
    )


def _totals(batch_id: UUID) -> list[tuple[str, str, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.currency, p.method, count(*), sum(p.amount)::bigint FROM payout p"
            " WHERE p.batch_id = %s AND p.state <> 'canceled' GROUP BY 1, 2 ORDER BY 1, 2",
            [batch_id],
        )
        rows: list[tuple[str, str, int, int]] = cursor.fetchall()
        return rows


def _of_the_whole(batch: Batch, currencies: list[str], at: datetime) -> list[Finding]:
    """What is to be said of the batch itself."""
    found = []
    if not currencies:
        found.append(Finding(Kind.EMPTY))
    if batch.value_date < at.date():
        found.append(Finding(Kind.DATE_PAST))
    if batch.value_date > at.date() + AHEAD:
        found.append(Finding(Kind.DATE_FAR))
    closed = [currency for currency in currencies if not _open(batch.value_date, currency)]
    if closed and batch.rail == Rail.BANK:
        found.append(Finding(Kind.DATE_CLOSED, about=f"{', '.join(closed)}."))
    return found


def _open(day: date, currency: str) -> bool:
    return is_business_day(day, CALENDARS.get(currency, Calendar.WEEKDAYS))


def _each(batch: Batch, at: datetime) -> list[Finding]:
    """What is to be said of its payouts, what blocks first."""
    new = at - timedelta(days=settings.PAYOUT_NEW_DESTINATION_DAYS)
    rows = call("payout_batch_findings", batch.id, at, new, settings.PAYOUT_UNUSUAL_TIMES)
    found = {Kind(kind): tuple(ids) for kind, ids in rows}
    return [Finding(kind, found[kind]) for kind in Kind if kind in found]
