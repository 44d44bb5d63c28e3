"""Who did what to a payment: what the audit log has of it, but for who looked at it."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.audit.models import Entry
from kernel.timeline import MOST, About, Moment, Tone

_ENDED = {
    Entry.Outcome.ASKED: ("asked for, and not ended", Tone.WAITING),
    Entry.Outcome.DONE: ("done", Tone.GOOD),
    Entry.Outcome.REFUSED: ("refused", Tone.BAD),
    Entry.Outcome.FAILED: ("failed", Tone.BAD),
}


def tell(about: About) -> Iterable[Moment]:
    """One moment for each act: the end that it came to, or that it was begun."""
    entries = list(
        Entry.objects.filter(subject__in=about.ids, outcome__in=[*_ENDED]).order_by("-position")[
            :MOST
        ]
    )
    ended = {entry.answers for entry in entries}
    for entry in entries:
        if entry.position in ended:
            continue
        how, tone = ended_so(entry)
        said = entry.details.get("said", "")
        yield Moment(
            entry.at,
            f"{in_words(entry.act)}: {how}",
            " · ".join(filter(None, [entry.because, said])),
            tone=tone,
            by=entry.by,
        )


def ended_so(entry: Entry) -> tuple[str, Tone]:
    """How the act ended, and how that looks: one that waits for a second person (`details["waits"]`) is not done."""
    if entry.outcome == Entry.Outcome.DONE and entry.details.get("waits"):
        return "waits for a second person", Tone.WAITING
    return _ENDED[Entry.Outcome(entry.outcome)]


def in_words(act: str) -> str:
    """ "refund.approve" is "Refund approve"."""
    return act.replace(".", " ").replace("_", " ").capitalize()
