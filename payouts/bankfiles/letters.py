"""Names and texts in the letters that banks take: SEPA's Latin set, and capitals of ASCII for NACHA.

Letters of other scripts are transliterated (the anyascii library), as the bank would otherwise do by blanks or
question marks. For the signs of ASCII that SEPA does not take, the substitutes are those of EPC217-08, "SEPA
requirements for an extended character set: best practices"; what has none becomes a full stop, as it says there.
"""

from __future__ import annotations

import re

from anyascii import anyascii

_SUBSTITUTES = str.maketrans(
    {"&": "+", "_": "-", "~": "-", "`": "'", ";": ",", "\\": "/", "|": "/"}
    | dict.fromkeys("[{", "(")
    | dict.fromkeys("]}", ")")
)
_FOREIGN = re.compile(r"[^A-Za-z0-9/?:().,'+ -]")
_UNPRINTED = re.compile(r"[^ -~]")
_ANYTHING = re.compile(r"[A-Za-z0-9]")


def sepa(text: str, *, most: int) -> str:
    """At most `most` characters of SEPA's Latin set; "" where no letter and no digit is left of it."""
    return _cut(_FOREIGN.sub(".", " ".join(anyascii(text).split()).translate(_SUBSTITUTES)), most)


def capitals(text: str, *, most: int) -> str:
    """At most `most` capitals, digits and signs of ASCII; "" where no letter and no digit is left of it."""
    return _cut(_UNPRINTED.sub(".", " ".join(anyascii(text).split())).upper(), most)


def _cut(text: str, most: int) -> str:
    short = " ".join(text.split())[:most].strip()
    return short if _ANYTHING.search(short) else ""
