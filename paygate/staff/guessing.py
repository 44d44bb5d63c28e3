"""Guessing is made slow: after ten failures for a login from one address each further try waits longer.

Whoever guesses is kept waiting where they are; the login's owner, at another address, is not. Nor does anybody go
through many logins from one address, or (once the password is known) through codes from many: those are counted
together, up to a hundred. It is kept in PostgreSQL, since Redis may be emptied.

A try is counted before it is looked at, and forgiven when it was right: so fifty at once are fifty.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest

from kernel.db import atomic
from paygate.staff.models import Guess

PASSWORD, CODE = "password", "code"
FREE, FREE_TOGETHER = 10, 100  # Failures, one after the other, before there is a pause.
PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)  # The first, then twice as long.
FORGOTTEN_AFTER = timedelta(hours=24)

_TAKE = """
INSERT INTO staff_guess AS guess (what, name, address, failures, last_at, free_at)
VALUES (%(what)s, %(name)s, %(address)s, 1, %(at)s, %(at)s)
ON CONFLICT (what, name, address) DO UPDATE SET
    failures = CASE WHEN guess.last_at < %(forgotten)s THEN 1 ELSE guess.failures + 1 END,
    last_at = %(at)s,
    free_at = CASE WHEN guess.last_at < %(forgotten)s OR guess.failures + 1 < %(free)s THEN %(at)s
        ELSE %(at)s + least(%(longest)s, %(pause)s * power(2, least(guess.failures + 1 - %(free)s, 20))) END
WHERE guess.free_at <= %(at)s
RETURNING failures
"""


class TooManyGuesses(Exception):
    """Nothing is looked at before `until`; the words are for the person."""

    def __init__(self, until: datetime, *, at: datetime) -> None:
        minutes = max(1, -(-int((until - at).total_seconds()) // 60))
        self.until = until
        super().__init__(
            f"Too many failed tries from here. Try again in {minutes} minute{'' if minutes == 1 else 's'}."
        )


def count(what: str, name: str, address: str, *, at: datetime) -> bool:
    """Before a try is looked at; whether a failure now begins a pause. Raises TooManyGuesses."""
    begins = False
    with atomic():
        for who, where, free in _counted(what, name, address):
            values: dict[str, Any] = {
                "what": what,
                "name": who,
                "address": where,
                "at": at,
                "free": free,
                "pause": PAUSE,
                "longest": LONGEST_PAUSE,
                "forgotten": at - FORGOTTEN_AFTER,
            }
            with connection.cursor() as cursor:
                cursor.execute(_TAKE, values)
                taken = cursor.fetchone()
            if taken is None:
                until = Guess.objects.get(what=what, name=who, address=where).free_at
                raise TooManyGuesses(until, at=at)
            begins = begins or taken[0] >= free
    return begins


def forgive(what: str, name: str, address: str) -> None:
    """It was right: this login's count from here begins anew; of what is counted together, this one is taken off."""
    (alone, together) = _counted(what, name, address)
    Guess.objects.filter(what=what, name=alone[0], address=alone[1]).delete()
    Guess.objects.filter(what=what, name=together[0], address=together[1]).update(
        failures=Greatest(F("failures") - 1, 0), free_at=F("last_at")
    )


def pardon(name: str) -> None:
    """All pauses of a login end."""
    Guess.objects.filter(name=_folded(name)).delete()


def forget(*, at: datetime) -> None:
    """What was long ago counts no more."""
    Guess.objects.filter(last_at__lt=at - FORGOTTEN_AFTER, free_at__lt=at).delete()


def _counted(what: str, name: str, address: str) -> list[tuple[str, str, int]]:
    """Under whom and where a try counts, and how many are free. Always in this order, so that no two wait crosswise."""
    name = _folded(name)
    address = _network(address)
    return [
        (name, address, FREE),
        ("", address, FREE_TOGETHER) if what == PASSWORD else (name, "", FREE_TOGETHER),
    ]


def _folded(name: str) -> str:
    """The same for all the ways to type a login that let its owner in, blanks around it among them."""
    return unicodedata.normalize("NFKC", name).replace("\0", "").strip().casefold()[:150]


def _network(address: str) -> str:
    """Whoever has one IPv6 address has a network of them."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:100]
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
