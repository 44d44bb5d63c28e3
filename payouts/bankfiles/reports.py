"""A file of the bank's, whatever it is: its kind is read off its first bytes."""

from __future__ import annotations

from kernel.xml_documents import message_name
from payouts.bankfiles import camt, nacha_returns, pain002
from payouts.bankfiles.orders import Report, Unreadable


def read(content: bytes) -> Report:
    """What the file says, by pain002, camt or nacha_returns. Raises Unreadable, also for any other kind of file."""
    if content[:3] == b"101":
        return nacha_returns.read(content)
    name = message_name(content)
    if name in pain002.VERSIONS:
        return pain002.read(content)
    if name in camt.KINDS:
        return camt.read(content)
    raise Unreadable(f"{name} is no report that is read here")
