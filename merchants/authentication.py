"""Who is asking, and may they: an API key becomes a Principal, and a view says which scope it needs.

DRF loads this module while it loads its own views; so nothing here may import rest_framework.views.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from kernel.clock import now
from kernel.ids import encode
from kernel.logs import about
from kernel.problems import Problem
from merchants import last_used
from merchants.briefly import Briefly
from merchants.keys import PREFIXES, digest, well_formed
from merchants.models import ApiKey, Merchant

if TYPE_CHECKING:
    from rest_framework.views import APIView

EVERYTHING = "*"  # The scope of a secret key.


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose key it was, in which mode, and what it may do: what request.user is in the API."""

    merchant_id: UUID
    livemode: bool
    scopes: frozenset[str]
    key_id: UUID

    @property
    def is_authenticated(self) -> bool:
        return True

    def may(self, scope: str | None) -> bool:
        """Does the key carry the scope? One that is not named (None) needs a secret key."""
        return EVERYTHING in self.scopes or scope in self.scopes


@dataclass(frozen=True, slots=True)
class _Known:
    principal: Principal
    suspended: bool
    expires_at: datetime | None


def principal_of(request: Request) -> Principal:
    """Who is asking, in a view that HasScope guards."""
    return cast("Principal", request.user)


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer sk_…`, or HTTP Basic with the key as the user name."""

    def authenticate(self, request: Request) -> tuple[Principal, None] | None:
        """Raises AuthenticationFailed, in the same words for unknown, malformed, revoked and expired."""
        if any(text.startswith(tuple(PREFIXES.values())) for text in _query(request)):
            raise AuthenticationFailed(
                "Never put an API key in a URL: it ends up in logs. Roll this key.",
                code="api_key_in_url",
            )
        secret = _presented(request)
        if secret is None:
            return None
        # The digest is compared by the index, and tells nothing of the secret by how long that takes.
        known = _known(digest(secret)) if well_formed(secret) else None
        at = now()
        if known is None or (known.expires_at is not None and known.expires_at <= at):
            raise AuthenticationFailed("This API key is not valid.", code="api_key_invalid")
        if known.suspended:
            raise Problem(
                status=403,
                type="permission_error",
                code="merchant_suspended",
                message="This account is suspended.",
            )
        last_used.note(known.principal.key_id, at=at)
        about(merchant=encode("mer", known.principal.merchant_id))
        return known.principal, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="paygate"'


class HasScope(BasePermission):
    """The view names the scope of each method: required_scopes = {"GET": "payments:read"}.

    A method without a scope is for secret keys alone, so that what is forgotten is closed.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        principal: Any = request.user
        if not isinstance(principal, Principal):
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        if getattr(view, method.lower(), None) is None:
            return True  # It will be answered 405.
        scopes: Mapping[str, str] = getattr(view, "required_scopes", {})
        scope = scopes.get(method)
        if not principal.may(scope):
            raise Problem(
                status=403,
                type="permission_error",
                code="scope_missing",
                message=f"This restricted key lacks the scope {scope}."
                if scope
                else "This needs a secret key.",
            )
        return True


def forget() -> None:
    """Forget the keys that this process knows; the next request of each asks the database."""
    _known.forget()
    last_used.forget()


def _load(sha256: bytes) -> _Known | None:
    key = (
        ApiKey.objects.select_related("merchant")
        .filter(sha256=sha256, revoked_at__isnull=True)
        .first()
    )
    if key is None:
        return None
    secret = key.kind == ApiKey.Kind.SECRET
    scopes = frozenset({EVERYTHING} if secret else key.scopes)
    return _Known(
        Principal(key.merchant_id, key.livemode, scopes, key.id),
        suspended=key.merchant.status != Merchant.Status.ACTIVE,
        expires_at=key.expires_at,
    )


# A revoked key ends within these seconds in every process: five are promised, three are the default.
_known = Briefly(_load, seconds=lambda: getattr(settings, "API_KEY_CACHE_SECONDS", 3.0))


def _query(request: Request) -> list[str]:
    if not request.META.get("QUERY_STRING"):
        return []
    return [text for values in request.query_params.lists() for text in (values[0], *values[1])]


def _presented(request: Request) -> str | None:
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return rest.strip() or None
        case "basic":
            try:
                name = base64.b64decode(rest.strip(), validate=True).partition(b":")[0]
                return name.decode("ascii") or None
            except (binascii.Error, UnicodeDecodeError):
                return None
    return None
