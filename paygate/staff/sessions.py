"""Sessions of staff, in PostgreSQL (settings.SESSION_ENGINE): how long they last, and how many a person has.

A session ends when nobody used it for STAFF_IDLE_MINUTES, STAFF_SESSION_HOURS after the login whatever is done, when
its owner gets another password or is staff no longer (a trigger sees to that), and when its owner logs in elsewhere
for the fourth time. The table knows a session by a digest of its key: who reads the table cannot take a session over.

Sessions go by the clock on the wall: a stage's is set forward by days.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import F
from django.db.models.functions import Least
from django.http import HttpRequest

from kernel.audit.models import Entry
from kernel.audit.record import write_down
from kernel.clock import wall
from kernel.db import atomic
from paygate.staff.step_up import PROVED_AT

BACKEND = "django.contrib.auth.backends.ModelBackend"
BEFORE_LOGIN = timedelta(minutes=15)  # For which a login may be under way.
SEEN_EVERY = timedelta(minutes=1)  # So often is written down that a session is in use.

_BEGUN, _ADDRESS, _AGENT = "staff_begun_at", "staff_address", "staff_agent"
_OWNER = "_auth_user_id"  # Django's name for it.
_LONGEST_AGENT = 300


class SessionStore(DatabaseStore):
    """Django's, with a row that says whose it is and since when."""

    row: Any = None  # As it was read for this request.

    @classmethod
    def get_model_class(cls) -> Any:
        from paygate.staff.models import Session  # Models are not there yet when Django loads this.

        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        now = wall()
        begun = data.get(_BEGUN)
        return self.get_model_class()(
            session_key=named(self._get_or_create_session_key()),  # type: ignore[attr-defined]
            session_data=self.encode(data),
            user_id=data.get(_OWNER),
            begun_at=datetime.fromtimestamp(begun, UTC) if begun else now,
            seen_at=now,
            expire_date=_end(begun, now) if data.get(_OWNER) else now + BEFORE_LOGIN,
            address=data.get(_ADDRESS, ""),
            agent=data.get(_AGENT, ""),
        )

    def exists(self, session_key: str) -> bool:
        return bool(self.model.objects.filter(session_key=named(session_key)).exists())

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            self.model.objects.filter(session_key=named(key)).delete()

    def _get_session_from_db(self) -> Any:
        """The row, if it has not ended; Django's own looks for the key itself."""
        key = named(self.session_key) if self.session_key else ""
        self.row = self.model.objects.filter(session_key=key, expire_date__gt=wall()).first()
        if self.row is None:
            self._session_key = None
        return self.row

    def touch(self) -> None:
        """It is in use: it lasts on. Written at most once a minute, beside the data, which others may be writing."""
        now = wall()
        if self.row is None or self.row.user_id is None or now - self.row.seen_at < SEEN_EVERY:
            return
        idle, longest = _limits()
        self.get_model_class().objects.filter(pk=self.row.pk).update(
            seen_at=now, expire_date=Least(now + idle, F("begun_at") + longest)
        )


def named(key: str) -> str:
    """How the table, the pages and the log name the session whose key this is."""
    return sha256(key.encode()).hexdigest()[:40]


def begin(request: HttpRequest, user: User, *, proved: bool) -> None:
    """Log in, under a new key. `proved` is whether a second factor was shown just now.

    Of more sessions than STAFF_SESSIONS the oldest end.
    """
    login(request, user, backend=BACKEND)
    now = wall().timestamp()
    request.session[_BEGUN] = now
    request.session[_ADDRESS] = request.META.get("REMOTE_ADDR", "")
    request.session[_AGENT] = request.headers.get("User-Agent", "")[:_LONGEST_AGENT]
    if proved:
        request.session[PROVED_AT] = now
    request.session.save()
    # Of many at once whoever looks last sees them all, for each is there before it looks.
    too_many = user.sessions.order_by("-begun_at", "-pk")[settings.STAFF_SESSIONS :]
    end(request, too_many, because=f"More than {settings.STAFF_SESSIONS} at once.")


def end(request: HttpRequest, sessions: Iterable[Any], *, because: str) -> int:
    """End these, at once; how many there were. Each is in the audit log."""
    ended = 0
    for session in sessions:
        with atomic():
            gone, _ = type(session).objects.filter(pk=session.pk).delete()
            if gone:
                write_down(
                    request,
                    "session.end",
                    Entry.Outcome.DONE,
                    kind="user",
                    subject=str(session.user_id),
                    because=because,
                    details={
                        "session": session.pk,
                        "since": session.begun_at,
                        "from": session.address,
                        "browser": session.agent,
                    },
                )
                ended += 1
    return ended


def _limits() -> tuple[timedelta, timedelta]:
    return (
        timedelta(minutes=settings.STAFF_IDLE_MINUTES),
        timedelta(hours=settings.STAFF_SESSION_HOURS),
    )


def _end(begun: float | None, now: datetime) -> datetime:
    idle, longest = _limits()
    return min(now + idle, (datetime.fromtimestamp(begun, UTC) if begun else now) + longest)
