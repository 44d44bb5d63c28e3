"""Passkeys (WebAuthn): what the browser is asked for, and whether what it answers is right.

The asking is remembered in the session, for one answer. A passkey belongs to the host at which it was made, and to no
other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db.models import Q
from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from kernel.db import atomic
from paygate.staff.factors import ISSUER, of
from paygate.staff.models import Authenticator

_ASKED = "staff_passkey_asked"
_LONGEST = 16_384  # Characters of an answer.


class NotAPasskey(Exception):
    """What the browser answered is not what was asked for; the words are for the person."""


def ask_to_make(request: HttpRequest, user: User) -> str:
    """Options for navigator.credentials.create(), as JSON: of a device that has none of theirs yet."""
    options, state = _server(request).register_begin(
        PublicKeyCredentialUserEntity(
            id=str(user.pk).encode(),
            name=user.get_username(),
            display_name=user.get_full_name() or user.get_username(),
        ),
        credentials=_credentials(user),
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    request.session[_ASKED] = {"make": state}
    return json.dumps(dict(options))


def made(
    request: HttpRequest, user: User, answer: str, *, name: str, at: datetime
) -> Authenticator:
    """Keep what the browser made. Raises NotAPasskey."""
    server, state = _server(request), _asked(request, "make")
    found = _checked(lambda: server.register_complete(state, _read(answer)))
    credential = found.credential_data
    try:
        with atomic():
            return Authenticator.objects.create(
                user=user,
                kind=Authenticator.Kind.PASSKEY,
                name=name,
                credential_id=credential.credential_id,
                credential=bytes(credential),
                count=found.counter,
                created_at=at,
            )
    except IntegrityError:
        raise NotAPasskey("This passkey is known here already.") from None


def ask_to_show(request: HttpRequest, user: User) -> str:
    """Options for navigator.credentials.get(), as JSON; empty for somebody who has no passkey."""
    if not (credentials := _credentials(user)):
        return ""
    options, state = _server(request).authenticate_begin(
        credentials, user_verification=UserVerificationRequirement.PREFERRED
    )
    request.session[_ASKED] = {"show": state}
    return json.dumps(dict(options))


def shown(request: HttpRequest, user: User, answer: str, *, at: datetime) -> Authenticator:
    """The passkey by which the browser answered. Raises NotAPasskey; also for a copy, whose count lags behind."""
    server, state, given = _server(request), _asked(request, "show"), _read(answer)
    credentials = _credentials(user)
    found = _checked(lambda: server.authenticate_complete(state, credentials, given))
    told = _checked(
        lambda: AuthenticationResponse.from_dict(given).response.authenticator_data.counter
    )
    passkey = of(user).get(credential_id=found.credential_id)
    # Many never count: they say 0 always.
    fresh = of(user).filter(Q(count__lt=told) | Q(count=0), pk=passkey.pk)
    if not fresh.update(count=told, used_at=at):
        raise NotAPasskey("This passkey seems to have been copied. Use another factor.")
    return passkey


def _server(request: HttpRequest) -> Fido2Server:
    host = request.get_host()
    origin = f"{request.scheme}://{host}"
    name = PublicKeyCredentialRpEntity(id=host.rpartition(":")[0] or host, name=ISSUER)
    return Fido2Server(name, verify_origin=lambda told: told == origin)


def _credentials(user: User) -> list[AttestedCredentialData]:
    kept = of(user).filter(kind=Authenticator.Kind.PASSKEY).values_list("credential", flat=True)
    return [AttestedCredentialData(bytes(one or b"")) for one in kept]


def _asked(request: HttpRequest, what: str) -> Any:
    """What was asked; it is not asked a second time."""
    asked = request.session.pop(_ASKED, {}).get(what)
    if asked is None:
        raise NotAPasskey("This took too long, or was done in another window. Try again.")
    return asked


def _read(answer: str) -> Any:
    if len(answer) > _LONGEST:
        raise NotAPasskey("That is no passkey.")
    return _checked(lambda: json.loads(answer))


def _checked(check: Callable[[], Any]) -> Any:
    """The browser's answer is anybody's text: whatever cannot be read in it is a wrong answer."""
    try:
        return check()
    except Exception:
        raise NotAPasskey("That passkey did not answer as asked. Try again.") from None
