"""How entries of the audit log are shown: in words, with what was before beside what it became."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from django.apps import apps
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from kernel.audit.models import Entry

#: How an outcome is coloured; its word stands in it.
TONES = {
    Entry.Outcome.ASKED: "warning",
    Entry.Outcome.DONE: "success",
    Entry.Outcome.REFUSED: "danger",
    Entry.Outcome.FAILED: "danger",
    Entry.Outcome.SEEN: "info",
}
NOTHING = "–"
_MOMENT = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)?\+00:00$")  # As a column's is kept.


def act_in_words(act: str) -> str:
    """ "batch.take_back" is "Batch: take back"."""
    kind, dot, verb = act.rpartition(".")
    words = f"{kind}: {verb}" if dot else verb
    return words.replace("_", " ").replace(".", " ").capitalize()


@cache
def _names() -> dict[str, str]:
    return {str(one._meta.model_name): str(one._meta.verbose_name) for one in apps.get_models()}


def kind_in_words(kind: str) -> str:
    """ "webhookendpoint" is "webhook endpoint"; what is no model's name stays as it is."""
    return _names().get(kind, kind.replace("_", " "))


def outcome(entry: Entry) -> SafeString:
    return render_to_string(
        "unfold/helpers/label.html",
        {"text": entry.outcome, "type": TONES[Entry.Outcome(entry.outcome)]},
    )


def changes(entry: Entry) -> list[tuple[str, Any, Any]]:
    """The columns that changed: name, before, after."""
    before, after = entry.before or {}, entry.after or {}
    return [
        (name.replace("_", " "), _plain(before.get(name)), _plain(after.get(name)))
        for name in {**before, **after}
    ]


def changes_in_short(entry: Entry) -> SafeString:
    return format_html_join("", "<div>{}: {} → {}</div>", changes(entry))


def details(entry: Entry) -> SafeString:
    """What else was written down, a line each."""
    told = ((name.replace("_", " "), _plain(value)) for name, value in entry.details.items())
    return format_html("<div>{}</div>", format_html_join("", "<div>{}: {}</div>", told))


def _plain(value: Any) -> str:
    match value:
        case None | "" | [] | {}:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_plain(one) for one in value)
        case dict():
            return "; ".join(f"{name}: {_plain(one)}" for name, one in value.items())
    return _MOMENT.sub(r"\1 UTC", str(value))
