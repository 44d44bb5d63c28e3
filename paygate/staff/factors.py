"""Second factors of one person: codes of an authenticator app, codes on paper, and which there are.

An app's code is that of RFC 6238: six digits, each good for half a minute and one on either side, and once. Codes on
paper are 120 random bits each, good once; the table has their digests. Passkeys are in passkeys.py.
"""

from __future__ import annotations

import base64
import os
import secrets
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import segno
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.contrib.auth.models import User
from django.db.models import QuerySet

from kernel.db import atomic
from kernel.sealed import UnableToUnseal, seal, unseal
from paygate.staff.models import Authenticator, RecoveryCode

DIGITS, STEP = 6, 30  # Seconds.
SECRET_BYTES = 20
RECOVERY_CODES = 10
ISSUER = "paygate"
_TABLE = "staff_authenticator"
_LETTERS = 24  # Of a code on paper, five bits each.


def of(user: User) -> QuerySet[Authenticator]:
    """What a person can show."""
    return Authenticator.objects.filter(user=user)


# ------------------------------------------------------------------------------- codes of an app


def new_secret(row: UUID) -> bytes:
    """A secret for an app, sealed for that row to come."""
    return seal(os.urandom(SECRET_BYTES), table=_TABLE, row=row)


def address(sealed: bytes, row: UUID, user: User) -> str:
    """What the app scans: otpauth://… Raises UnableToUnseal."""
    return _codes(sealed, row).get_provisioning_uri(user.get_username(), ISSUER)


def key(sealed: bytes, row: UUID) -> str:
    """The same, to be typed: in groups of four. Raises UnableToUnseal."""
    text = base64.b32encode(unseal(sealed, table=_TABLE, row=row)).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def picture(text: str) -> str:
    """It as a QR code: an SVG for the page."""
    return segno.make(text, error="m", micro=False).svg_inline(
        scale=5, border=4, dark="#000", light="#fff", title="QR code for the authenticator app"
    )


def step_of(code: str, sealed: bytes, row: UUID, *, at: datetime) -> int | None:
    """Of which half minute a code is, if it is one of now. None for a wrong one. Raises UnableToUnseal."""
    codes = _codes(sealed, row)
    this = int(at.timestamp()) // STEP
    matching = [
        step
        for step in (this - 1, this, this + 1)
        if bytes_eq(codes.generate(step * STEP), code.encode())
    ]
    return matching[-1] if matching else None


def shows_code(user: User, code: str, *, at: datetime) -> Authenticator | None:
    """The app whose code of now this is; it is good for nothing afterwards. None for a wrong or used one."""
    for app in of(user).filter(kind=Authenticator.Kind.APP):
        assert app.secret is not None
        try:
            step = step_of(code, bytes(app.secret), app.id, at=at)
        except UnableToUnseal:
            continue  # Sealed under a key that is gone: whoever has it needs another factor.
        # One statement: of two who show the same code at once, one is too late.
        fresh = of(user).filter(pk=app.pk, count__lt=step) if step is not None else of(user).none()
        if fresh.update(count=step, used_at=at):
            return app
    return None


def _codes(sealed: bytes, row: UUID) -> TOTP:
    # SHA-1 is what authenticator apps know; in an HMAC nothing is wrong with it.
    return TOTP(unseal(sealed, table=_TABLE, row=row), DIGITS, SHA1(), STEP)  # noqa: S303


# ------------------------------------------------------------------------------- codes on paper


def make_recovery_codes(user: User, *, at: datetime) -> list[str]:
    """Ten new ones; older ones are good no more. They are shown once."""
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    with atomic():
        RecoveryCode.objects.filter(user=user).delete()
        RecoveryCode.objects.bulk_create(
            RecoveryCode(digest=_digest(code), user=user, made_at=at) for code in codes
        )
    return codes


def shows_recovery_code(user: User, code: str, *, at: datetime) -> bool:
    """Is it one of theirs? Then it is good no more."""
    unused = RecoveryCode.objects.filter(user=user, digest=_digest(code), used_at=None)
    return bool(unused.update(used_at=at))


def codes_left(user: User) -> int:
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def _new_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_LETTERS * 5 // 8)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, _LETTERS, 4))


def _digest(code: str) -> bytes:
    letters = "".join(letter for letter in code.lower() if letter.isalnum())
    return sha256(letters.encode()).digest()


# ------------------------------------------------------------------------------------- taking away


def take_all_away(user: User) -> int:
    """Whoever lost all of them begins anew at the next login; how many there were."""
    with atomic():
        RecoveryCode.objects.filter(user=user).delete()
        gone, _ = of(user).delete()
    return gone


class TheLastOne(Exception):
    """Nobody takes their last authenticator away; an administrator can."""


def take_away(authenticator: Authenticator) -> None:
    """Raises TheLastOne, also for one of two who are taken away at once."""
    with atomic():
        User.objects.select_for_update().get(pk=authenticator.user_id)
        if not of(authenticator.user).exclude(pk=authenticator.pk).exists():
            raise TheLastOne("This is your last one. Add another first, or ask an administrator.")
        authenticator.delete()
