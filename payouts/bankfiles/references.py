"""Our references as they travel: "po_01k9…" leaves as "po-01k9…" and comes home as it was.

SEPA's references are of Latin letters, digits and / - ? : ( ) . , ' + only (EPC132-08, "Character set"); a bank may
refuse any other, or replace it by a blank, and then nobody would know what it had paid. An underscore is no such
letter, and every id of ours has one.
"""

from __future__ import annotations

import re

from kernel.ids import homeward as homeward
from payouts.bankfiles.orders import Unwritable

#: What SEPA allows, less what a reference may not begin or end with, or hold twice in a row: a slash.
_SENDABLE = re.compile(r"(?!/)(?!.*//)[A-Za-z0-9/?:().,'+-]{1,35}(?<!/)")


def outward(reference: str) -> str:
    """The reference as it is written into a file.

    Raises Unwritable for one that is longer than 35 characters or holds what no reference may.
    """
    text = reference.replace("_", "-")
    if not _SENDABLE.fullmatch(text):
        raise Unwritable(reference, "is no reference of up to 35 characters that banks pass on")
    return text
