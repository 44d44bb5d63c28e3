"""An act on many rows as a person does it: look at the page that it asks with, then send that page's form."""

from __future__ import annotations

from typing import Any


def choose(client: Any, page: str, action: str, *rows: Any) -> Any:
    """The page that shows what would be done."""
    return client.post(page, {"action": action, "_selected_action": [str(row.pk) for row in rows]})


def carry_out(
    client: Any, page: str, action: str, *rows: Any, because: str = "Mended.", **changed: Any
) -> Any:
    """What came of it."""
    shown = choose(client, page, action, *rows)
    return send(client, page, shown, because=because, **changed)


def send(client: Any, page: str, shown: Any, *, because: str = "Mended.", **changed: Any) -> Any:
    """Send the form that a page shows."""
    form = shown.context["form"].initial | {
        "action": shown.context["action"],
        "_selected_action": shown.context["ids"],
        "because": because,
    }
    return client.post(page, form | changed)
