"""Disputes as the PSPs see them, in our words: what they report of a case, and what we can do about it.

Money and standing are told apart. `movements` are what a dispute really did to our balance at the PSP, each with an
id of its own, so that hearing of one twice, or late, changes nothing; `standing` is what the PSP said last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from kernel.money import Money
from paygate.psp.gateway import Declined, NotSent, Unknown

# ------------------------------------------------------------------------------------ what we hear


class Stage(StrEnum):
    """How far a case has gone."""

    INQUIRY = "inquiry"  # The bank asks; no money has moved (retrieval, request for information).
    CHARGEBACK = "chargeback"
    PRE_ARBITRATION = "pre_arbitration"  # Won once, and taken up again (second chargeback).


class Standing(StrEnum):
    """Whose turn it is, or how it ended. In this order within one round: the later is further on."""

    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"


class Reason(StrEnum):
    """Why the payer disputes, in our words; the PSP's own code is kept beside it."""

    FRAUDULENT = "fraudulent"
    NOT_RECEIVED = "product_not_received"
    UNACCEPTABLE = "product_unacceptable"
    DUPLICATE = "duplicate"
    CREDIT_NOT_PROCESSED = "credit_not_processed"
    SUBSCRIPTION_CANCELED = "subscription_canceled"
    UNRECOGNIZED = "unrecognized"
    GENERAL = "general"  # No reason given; also every code we do not know.


class Direction(StrEnum):
    """Which way the money of a dispute went."""

    WITHDRAWN = "withdrawn"  # Taken from us.
    REINSTATED = "reinstated"  # Given back to us.


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that a dispute moved at the PSP."""

    id: str  # The same however often, in whatever order and by whatever event it is told.
    direction: Direction
    amount: Money  # Above zero.
    fee: Money  # What the PSP charged us with a withdrawal, or gave back with a reinstatement; often zero.


@dataclass(frozen=True, slots=True)
class CaseReport:
    """What a PSP says of a dispute at one moment."""

    case: str  # The PSP's id of the dispute.
    psp_reference: str  # Of the disputed payment, or of one capture of it (refunds_each_capture).
    at: datetime  # When the PSP said so, by its clock. What it said last counts.
    stage: Stage
    standing: Standing
    amount: Money  # In dispute.
    reason: Reason
    reason_code: str = ""  # The PSP's or the card network's own.
    payment: str = ""  # "pay_…", where the PSP repeats our reference.
    evidence_due_by: datetime | None = None
    movements: tuple[Movement, ...] = ()
    continues: str = (
        ""  # The earlier case of which this is the next round (Braintree's pre-arbitration).
    )


# -------------------------------------------------------------------------------------- what we do


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A document for the bank."""

    kind: str  # One of disputes' evidence kinds: "receipt", "shipping_documentation", …
    name: str
    media_type: str  # "application/pdf", "image/jpeg" or "image/png".
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SubmitEvidence:
    """Answer the dispute with this, for good."""

    key: str  # "act_…": the PSP's idempotency key, where it has one. Files append to it.
    case: str
    reason: Reason
    reason_code: str
    amount: Money
    texts: Mapping[str, str]  # By evidence kind: "explanation", "refund_policy", …
    files: tuple[EvidenceFile, ...] = ()


@dataclass(frozen=True, slots=True)
class AcceptCase:
    """Give in: the dispute is lost."""

    key: str
    case: str


@dataclass(frozen=True, slots=True)
class Done:
    """The PSP has taken it; how the case stands by that."""

    standing: Standing


ActOutcome: TypeAlias = Done | Declined | NotSent | Unknown


class Desk(Protocol):
    """What a PSP's adapter can do about disputes; the same object as its Gateway, as thread-safe."""

    #: Can the PSP be asked how a case stands, and which cases there are? Not so at Adyen.
    knows_cases: bool

    #: The media types of files that it takes, and how large one may be, in bytes.
    evidence_types: frozenset[str]
    evidence_largest: int

    def submit_evidence(self, request: SubmitEvidence) -> ActOutcome:
        """Send texts and files and submit them. Where the PSP has no idempotency, it looks before it adds."""
        ...

    def accept_case(self, request: AcceptCase) -> ActOutcome:
        """Irreversible. Accepting what is accepted already is Done."""
        ...

    def read_case(self, case: str) -> CaseReport | Unknown:
        """How it stands now. Raises NotImplementedError where knows_cases is false."""
        ...

    def cases_since(self, moment: datetime) -> list[CaseReport] | Unknown:
        """Every case opened since, as it stands now. Raises NotImplementedError where knows_cases is false."""
        ...
