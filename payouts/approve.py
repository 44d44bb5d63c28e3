"""Two people stand for a batch: one submits what they saw, another approves what they saw, and it must still be that.

What each of them saw has a name, the preview's digest. Where the batch is another by then, nothing is decided, and
it is said what changed. The database refuses an approval by whoever built or submitted it, and that anything of a batch
leaves that is not approved.
"""

from __future__ import annotations

from datetime import datetime

from kernel.db import atomic
from payouts.acts import Act, who_had_a_say, write_down
from payouts.batch import Refused, must_be, must_be_undecided, must_say_why
from payouts.models import Batch
from payouts.preview import Changes, Finding, Preview, Total, changes, preview, snapshot
from payouts.settle import lock, settle


class PreviewChanged(Refused):
    """The batch is not what was seen any more; `changes` says what became different."""

    def __init__(self, found: Changes) -> None:
        what = f" any more: {found}" if found else ""
        super().__init__(f"It is not what you saw{what}. Look at it again.")
        self.changes = found


class Blocked(Refused):
    """Something stands in its way."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(" ".join(finding.words for finding in findings))


class TooLarge(Refused):
    """It is above what this person may approve."""

    def __init__(self, totals: tuple[Total, ...]) -> None:
        sums = ", ".join(str(total.amount) for total in totals)
        super().__init__(f"{sums} is above what you may approve.")


def submit(
    batch: Batch, *, by: str, digest: str, seen_at: datetime | None = None, at: datetime
) -> Batch:
    """Ask a second person to approve what was previewed (`digest`, `seen_at`). Killed in the middle, call it again.

    Raises Refused: PreviewChanged, Blocked, or not as the batch stands.
    """
    settle(batch, at=at)
    with atomic():
        locked = lock(batch)
        if locked.state == Batch.State.PENDING_APPROVAL and (
            (locked.submitted_by, locked.digest) == (by, digest)
        ):
            return locked
        must_be(locked, Batch.State.DRAFT)
        shown = _still(locked, digest, seen_at, at)
        locked.submit()
        locked.submitted_by, locked.submitted_at, locked.digest = by, at, digest
        locked.updated_at = at
        locked.save()
        write_down(
            locked,
            Act.What.SUBMITTED,
            by=by,
            at=at,
            payouts=shown.payouts,
            digest=digest,
            findings=snapshot(shown),
        )
    return settle(locked, at=at)


def approve(
    batch: Batch,
    *,
    by: str,
    because: str,
    digest: str,
    seen_at: datetime | None = None,
    may_approve_large: bool = False,
    at: datetime,
) -> Batch:
    """Stand for it as the second person: what was previewed leaves. Killed in the middle, call it again.

    Raises Refused: PreviewChanged, Blocked, TooLarge, by somebody who had a say in it, or not as the batch stands.
    """
    must_say_why(because)
    settle(batch, at=at)
    with atomic():
        locked = lock(batch)
        if locked.state == Batch.State.APPROVED and locked.approved_by == by:
            return locked
        must_be(locked, Batch.State.PENDING_APPROVAL)
        must_be_undecided(locked)
        if by in who_had_a_say(locked):
            raise Refused("Whoever built, filled or submitted it does not approve it: ask another.")
        shown = _still(locked, digest, seen_at, at)
        if shown.large and not may_approve_large:
            raise TooLarge(shown.large)
        locked.approved_by, locked.approved_at, locked.approved_because = by, at, because
        locked.updated_at = at
        locked.save()
        write_down(
            locked,
            Act.What.APPROVED,
            by=by,
            because=because,
            at=at,
            payouts=shown.payouts,
            digest=digest,
        )
    return settle(locked, at=at)


def _still(batch: Batch, digest: str, seen_at: datetime | None, at: datetime) -> Preview:
    """The batch as it is, which is what was seen and may go. Raises PreviewChanged, Blocked."""
    shown = preview(batch, at=at)
    if shown.digest != digest:
        raise PreviewChanged(changes(shown, since=seen_at))
    if shown.blocking:
        raise Blocked(shown.blocking)
    return shown
