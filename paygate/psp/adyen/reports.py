"""Adyen's dispute events as reports of a case: its stage, how it stands, and the money that moved.

All events of a dispute have the dispute's own pspReference. The event is signed and the disputeStatus is not, so
the status is listened to only where the event leaves open how the case stands. Money moves with three events; each
of them moves it once. Sources: Webhooks-v1.json of github.com/Adyen/adyen-openapi; docs.adyen.com/risk-management:
disputes-api/dispute-notifications, understanding-disputes/dispute-process-and-flow and /dispute-reason-codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kernel.money import Money
from paygate.psp.adyen.item import Payload, additional, amount, moment, needed, ours
from paygate.psp.cases import CaseReport, Direction, Movement, Reason, Stage, Standing
from paygate.psp.events import Irrelevant, Item, Unreadable

INQUIRY, CHARGEBACK, PRE_ARBITRATION = Stage.INQUIRY, Stage.CHARGEBACK, Stage.PRE_ARBITRATION
NEEDS, REVIEW = Standing.NEEDS_RESPONSE, Standing.UNDER_REVIEW
WON, LOST = Standing.WON, Standing.LOST


@dataclass(frozen=True, slots=True)
class Event:
    """`stage` None is that of the reason code it names; `unless` is what a disputeStatus makes of it."""

    stage: Stage | None
    standing: Standing
    unless: Mapping[str, Standing]
    moves: Direction | None = None


_DECIDED: Mapping[str, Standing] = {}
_OPEN = {
    "Pending": REVIEW,  # Defended already, by us or by Adyen.
    "Responded": REVIEW,
    "Won": WON,
    "Lost": LOST,  # There was nothing to defend it with.
    "Accepted": LOST,
}
_PROVISIONAL = {"Pending": REVIEW}  # The bank has yet to look.

#: NOTIFICATION_OF_FRAUD and ISSUER_COMMENTS are no disputes, and change none.
EVENTS: Mapping[str, Event | None] = {
    "NOTIFICATION_OF_FRAUD": None,
    "ISSUER_COMMENTS": None,
    "REQUEST_FOR_INFORMATION": Event(INQUIRY, NEEDS, _OPEN),
    "NOTIFICATION_OF_CHARGEBACK": Event(CHARGEBACK, NEEDS, _OPEN),
    "CHARGEBACK": Event(CHARGEBACK, NEEDS, _OPEN, Direction.WITHDRAWN),
    "INFORMATION_SUPPLIED": Event(None, REVIEW, _DECIDED),
    # An inquiry that nobody answered has taken nothing.
    "DISPUTE_DEFENSE_PERIOD_ENDED": Event(None, LOST, {"Expired": WON}),
    "ISSUER_RESPONSE_TIMEFRAME_EXPIRED": Event(None, WON, _DECIDED),
    "CHARGEBACK_REVERSED": Event(CHARGEBACK, WON, _PROVISIONAL, Direction.REINSTATED),
    "SECOND_CHARGEBACK": Event(PRE_ARBITRATION, LOST, _DECIDED, Direction.WITHDRAWN),
    "PREARBITRATION_OPEN": Event(PRE_ARBITRATION, NEEDS, _OPEN),
    "PREARBITRATION_DECLINED": Event(PRE_ARBITRATION, REVIEW, _DECIDED),
    "PREARBITRATION_ISSUER_WITHDRAWN": Event(PRE_ARBITRATION, WON, _DECIDED),
    "PREARBITRATION_WON": Event(PRE_ARBITRATION, WON, _PROVISIONAL),
    "PREARBITRATION_LOST": Event(PRE_ARBITRATION, LOST, _DECIDED),
    "SCHEME_ARBITRATION_WON": Event(PRE_ARBITRATION, WON, _DECIDED),
    "SCHEME_ARBITRATION_LOST": Event(PRE_ARBITRATION, LOST, _DECIDED),
}


def report(item: Item) -> CaseReport | Irrelevant:
    """What an item of one of EVENTS says of its case. Raises Unreadable."""
    event = EVENTS[item.kind]
    if event is None:
        return Irrelevant(f"{item.kind} is no step of a dispute")
    payload, details = item.payload, additional(item.payload)
    case, about = needed(payload, "pspReference"), amount(payload)
    stage = event.stage or _stage(details)
    standing = event.standing
    status = details.get("disputeStatus")
    if isinstance(status, str) and not (status == "Expired" and stage != INQUIRY):
        standing = event.unless.get(status, standing)
    movements: tuple[Movement, ...] = ()
    if event.moves:
        fee = Money.zero(about.currency)  # Adyen's is in the settlement file only.
        movements = (Movement(f"{case}:{item.kind}", event.moves, about, fee),)
    code, scheme = _reason_code(details)
    return CaseReport(
        case=case,
        psp_reference=_disputed(item.kind, payload),
        at=item.at,
        stage=stage,
        standing=standing,
        amount=about,
        reason=reason(scheme or str(payload.get("paymentMethod") or ""), code),
        reason_code=code,
        payment=ours(payload, "pay"),
        evidence_due_by=moment(details.get("defensePeriodEndsAt")) if standing == NEEDS else None,
        movements=movements,
    )


def _disputed(kind: str, payload: Payload) -> str:
    """Of four events it is left out unless the account is set up otherwise; what is then where, nobody says."""
    if not payload.get("originalReference"):
        raise Unreadable(
            f"{kind} without originalReference: in Adyen's Customer Area, Webhooks, Additional settings, Risk,"
            " switch on 'Include the originalReference for CHARGEBACK_REVERSED events'"
        )
    return needed(payload, "originalReference")


def _stage(details: Payload) -> Stage:
    return INQUIRY if _named(details, "rfi") and not _named(details, "chargeback") else CHARGEBACK


def _reason_code(details: Payload) -> tuple[str, str]:
    """The code and whose it is; with Mastercard's comes a space before it."""
    kind = "chargeback" if _named(details, "chargeback") else "rfi"
    return _named(details, kind), str(details.get(f"{kind}SchemeCode") or "")


def _named(details: Payload, kind: str) -> str:
    return str(details.get(f"{kind}ReasonCode") or "").strip()


# ----------------------------------------------------------------------------------------- reasons

_VISA = {
    "10.": Reason.FRAUDULENT,
    "12.6": Reason.DUPLICATE,
    "13.1": Reason.NOT_RECEIVED,
    "13.2": Reason.SUBSCRIPTION_CANCELED,
    "13.3": Reason.UNACCEPTABLE,
    "13.4": Reason.UNACCEPTABLE,  # Counterfeit.
    "13.5": Reason.UNACCEPTABLE,  # Misrepresentation.
    "13.6": Reason.CREDIT_NOT_PROCESSED,
    "13.7": Reason.CREDIT_NOT_PROCESSED,  # Canceled merchandise or services.
    "13.9": Reason.NOT_RECEIVED,  # Cash.
}
_MASTERCARD = {
    "4834": Reason.DUPLICATE,  # Point-of-interaction error.
    "4837": Reason.FRAUDULENT,
    "4840": Reason.FRAUDULENT,
    "4841": Reason.SUBSCRIPTION_CANCELED,
    "4849": Reason.FRAUDULENT,
    "4853": Reason.UNACCEPTABLE,  # Cardholder dispute: most often this.
    "4855": Reason.NOT_RECEIVED,
    "4860": Reason.CREDIT_NOT_PROCESSED,
    "4863": Reason.UNRECOGNIZED,
    "4870": Reason.FRAUDULENT,
    "4871": Reason.FRAUDULENT,
}
_AMEX = {
    "C02": Reason.CREDIT_NOT_PROCESSED,
    "C04": Reason.CREDIT_NOT_PROCESSED,
    "C05": Reason.CREDIT_NOT_PROCESSED,
    "C08": Reason.NOT_RECEIVED,
    "C28": Reason.SUBSCRIPTION_CANCELED,
    "C31": Reason.UNACCEPTABLE,
    "C32": Reason.UNACCEPTABLE,
    "F": Reason.FRAUDULENT,
    "P08": Reason.DUPLICATE,
}
_DISCOVER = {
    "AA": Reason.UNRECOGNIZED,
    "AP": Reason.SUBSCRIPTION_CANCELED,
    "DP": Reason.DUPLICATE,
    "RG": Reason.NOT_RECEIVED,
    "RM": Reason.UNACCEPTABLE,
    "RN": Reason.CREDIT_NOT_PROCESSED,
    "UA": Reason.FRAUDULENT,
}
#: By the scheme as Adyen calls it, and how its code begins.
REASONS: Mapping[str, Mapping[str, Reason]] = {
    "visa": _VISA,
    "mc": _MASTERCARD,
    "amex": _AMEX,
    "discover": _DISCOVER,
    "diners": _DISCOVER,
}


def reason(scheme: str, code: str) -> Reason:
    """Why the payer disputes; GENERAL for what no table has."""
    for beginning, found in REASONS.get(scheme.lower(), {}).items():
        if code.upper().startswith(beginning):
            return found
    return Reason.GENERAL
