"""What the desk says: reasons, stages and kinds of evidence in plain words, the clock, a case in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from disputes.find import Parts
from disputes.models import Action, Dispute, Result, Status
from kernel.money import Money

REASONS = {
    "fraudulent": "fraudulent",
    "product_not_received": "product not received",
    "product_unacceptable": "product not as described",
    "duplicate": "charged twice",
    "credit_not_processed": "refund not received",
    "subscription_canceled": "subscription was canceled",
    "unrecognized": "payment not recognized",
    "general": "no reason given",
}
STAGES = {
    "inquiry": "inquiry",
    "chargeback": "chargeback",
    "pre_arbitration": "pre-arbitration",
}
STATUSES = {
    Status.NEEDS_RESPONSE.value: "needs response",
    Status.UNDER_REVIEW.value: "under review",
    Status.WON.value: "won",
    Status.LOST.value: "lost",
}
BASES = {
    "reason_and_evidence": "with the same reason and evidence",
    "reason": "with the same reason",
    "all": "of this merchant, whatever the reason",
}
#: Each kind of evidence: what it is called, and what is wanted there.
KINDS = {
    "explanation": ("Explanation", "Why the payment stands, in a few sentences for the bank."),
    "product_description": ("Product or service", "What was sold, as the customer saw it."),
    "customer_name": ("Customer's name", ""),
    "customer_email": ("Customer's e-mail", ""),
    "customer_purchase_ip": ("IP address of the purchase", ""),
    "billing_address": ("Billing address", ""),
    "refund_policy": (
        "Refund policy",
        "We keep no policies of merchants: paste the merchant's, or give the page as a file.",
    ),
    "refund_refusal_explanation": ("Why no refund was due", ""),
    "cancellation_policy": (
        "Cancellation policy",
        "We keep no policies of merchants: paste the merchant's, or give the page as a file.",
    ),
    "cancellation_rebuttal": ("Why it was not canceled in time", ""),
    "access_activity_log": (
        "Log of use",
        "Log-ins, downloads or visits after the purchase, with times.",
    ),
    "service_date": ("Day of the service", ""),
    "shipping_address": ("Shipping address", ""),
    "shipping_carrier": ("Carrier", ""),
    "shipping_date": ("Day of shipping", ""),
    "shipping_tracking_number": ("Tracking number", ""),
    "duplicate_charge_id": ("The other payment", "The id of the payment it is mistaken for."),
    "duplicate_charge_explanation": ("Why these are two purchases", ""),
    "receipt": ("Receipt", "The receipt or invoice that the customer was given."),
    "customer_communication": (
        "Messages with the customer",
        "E-mails or chats about this purchase.",
    ),
    "customer_signature": ("Customer's signature", "A signed order or note of delivery."),
    "service_documentation": ("Proof of the service", ""),
    "shipping_documentation": ("Proof of delivery", "The carrier's note, with name and address."),
    "duplicate_charge_documentation": ("Proof of both purchases", ""),
    "other": ("Other document", ""),
}
#: What is said of one of our own refusals, where its own words are for programs.
REFUSALS = {
    "dispute_processing": "Something is being sent for this dispute already; the outcome is awaited.",
    "invalid_state": "Nothing can be answered now: it is not our turn any more.",
    "dispute_changed": "The dispute has changed since you looked at it, so nothing was done. Look again.",
    "evidence_missing": "There is no evidence yet: save some first.",
    "past_due": "The time to answer is over, so nothing was done.",
}
RED, AMBER = timedelta(days=1), timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Clock:
    """How much time is left, and how much that matters: "missed", "urgent", "soon", "calm" or "none"."""

    urgency: str
    left: str  # "2 d 3 h left".

    @property
    def tone(self) -> str:
        """The color, as the pages' badges have it."""
        return {"missed": "bad", "urgent": "bad", "soon": "waiting"}.get(self.urgency, "plain")

    @property
    def words(self) -> str:
        """With the urgency said, for whoever sees no color."""
        said = {"missed": "Missed", "urgent": "Urgent", "soon": "Soon"}.get(self.urgency)
        return f"{said}: {self.left}" if said else self.left


def clock(due: datetime | None, at: datetime) -> Clock:
    """The clock of a deadline; None: the PSP has told none."""
    if due is None:
        return Clock("none", "no deadline told")
    left = due - at
    if left <= timedelta(0):
        return Clock("missed", f"over for {span(-left)}")
    urgency = "urgent" if left < RED else "soon" if left < AMBER else "calm"
    return Clock(urgency, f"{span(left)} left")


def span(length: timedelta) -> str:
    """As people say it: "2 d 3 h", "5 h 12 min", "12 min"."""
    minutes = int(length.total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{rest} min" if rest else "less than a minute"


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def bytes_(size: int) -> str:
    """A file's size: "812 bytes", "1.4 MB"."""
    if size < 1_000:
        return f"{size} bytes"
    if size < 1_000_000:
        return f"{size // 1_000} kB"
    return f"{size / 1_000_000:.1f} MB".replace(".0 ", " ")


def kind(name: str) -> str:
    """What a kind of evidence is called."""
    return KINDS[name][0] if name in KINDS else name


def headline(dispute: Dispute, parts: Parts, at: datetime) -> str:
    """What happened, and what is to be done until when."""
    return f"{_happened(dispute, parts)} {_next(dispute, at)}".rstrip()


def _happened(dispute: Dispute, parts: Parts) -> str:
    reason = REASONS[dispute.reason]
    amount = dispute.money(dispute.amount)
    match dispute.status:
        case Status.WON:
            back = dispute.money(sum(one.returned for one in parts.rounds))
            came = f"{back} came back" if back else "nothing had been taken"
            return f"Won on {_day(dispute.closed_at)}: {came}. It was about {amount}, {reason}."
        case Status.LOST:
            how = "Given up" if _given_up(parts) else "Lost"
            gone = dispute.money(dispute.outstanding)
            stays = f"{gone} stays with the cardholder" if gone else "the PSP has taken nothing yet"
            return f"{how} on {_day(dispute.closed_at)}: {stays}{_fee(dispute, parts)}. The reason was: {reason}."
    taken = [one for one in parts.rounds if one.left]
    if taken:
        when = {one.id: one.said_at for one in parts.movements}
        day = _day(when.get(taken[-1].withdrawal))
        again = "has taken the case up again, and " if dispute.stage == "pre_arbitration" else ""
        total = dispute.money(sum(one.left for one in taken))
        return f"The cardholder's bank {again}took {total} back on {day}: {reason}."
    if dispute.stage == "inquiry":
        return f"The cardholder's bank asks about {amount} and has taken nothing: {reason}."
    return f"The cardholder's bank disputes {amount} and has taken nothing yet: {reason}."


def _next(dispute: Dispute, at: datetime) -> str:
    if dispute.status == Status.UNDER_REVIEW:
        sent = f"Answered on {_day(dispute.submitted_at)}. " if dispute.submitted_at else ""
        return f"{sent}The bank has not decided yet."
    if dispute.status != Status.NEEDS_RESPONSE:
        return ""
    if dispute.evidence_due_by is None:
        return "The PSP has told no deadline."
    left = clock(dispute.evidence_due_by, at)
    due = moment(dispute.evidence_due_by)
    if left.urgency == "missed":
        return f"The time to answer ended on {due} ({left.left})."
    return f"Answer by {due} ({left.left})."


def _given_up(parts: Parts) -> bool:
    return any(act.action == Action.ACCEPT and act.outcome == Result.DONE for act in parts.acts)


def _fee(dispute: Dispute, parts: Parts) -> str:
    fee = sum(one.fee for one in parts.rounds if one.reinstatement is None)
    return f", and our fee of {dispute.money(fee)} stays charged" if fee else ""


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else "a day that was not told"


def grouped(money: Money) -> str:
    """With the thousands apart: "12,430.00 EUR"."""
    sign, digits = ("-", money.major[1:]) if money.minor < 0 else ("", money.major)
    whole, point, rest = digits.partition(".")
    return f"{sign}{int(whole):,}{point}{rest} {money.currency}"
