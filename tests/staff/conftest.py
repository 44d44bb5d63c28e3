"""What the tests of logins share: the second factor asked for, people, and a browser that logs in as one does."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.contrib.auth.models import User
from django.test import Client

from kernel.audit.models import Entry
from kernel.clock import wall
from kernel.ids import uuid7
from kernel.sealed import unseal
from paygate.staff import enrol, factors, prove, sessions, step_up
from paygate.staff import log_in as log_in_pages
from paygate.staff.models import Authenticator

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def second_factor(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True


class Browser(Client):
    """A person's browser, somewhere."""

    def __init__(self, address: str = "192.0.2.1", **more: Any) -> None:
        super().__init__(REMOTE_ADDR=address, **more)

    def password(self, username: str, password: str = PASSWORD, next: str = "/admin/") -> Any:
        return self.post(
            "/admin/login/", {"username": username, "password": password, "next": next}
        )

    def code(self, code: str, **more: str) -> Any:
        return self.post("/admin/account/prove/", {"code": code, **more})

    def options(self, page: str) -> str:
        """What a page asks of a passkey."""
        found = re.search(r'data-options="([^"]*)"', self.get(page).content.decode())
        assert found, f"{page} asks for no passkey"
        return unescape(found[1])

    def is_in(self) -> bool:
        return bool(self.get("/admin/").status_code == 200)


@pytest.fixture
def browser(db: None) -> Browser:
    return Browser()


def a_person(name: str = "ada", *, root: bool = True, **more: Any) -> User:
    make = User.objects.create_superuser if root else User.objects.create_user
    return make(name, password=PASSWORD, **{"is_staff": True, **more})


@pytest.fixture
def ada(db: None) -> User:
    """Somebody with no authenticator yet."""
    return a_person()


def add_app(user: User) -> Authenticator:
    row = uuid7()
    return Authenticator.objects.create(
        id=row,
        user=user,
        kind="app",
        name="Telephone",
        secret=factors.new_secret(row),
        created_at=wall(),
    )


@pytest.fixture
def app(ada: User) -> Authenticator:
    """Hers, from now on."""
    return add_app(ada)


def code_of(app: Authenticator, *, steps: int = 0) -> str:
    """What the app shows now, or so many half minutes from now."""
    secret = unseal(app.secret, table="staff_authenticator", row=app.id)
    return TOTP(secret, 6, SHA1(), 30).generate(time.time() + 30 * steps).decode()


def a_wrong_code(app: Authenticator) -> str:
    near = {code_of(app, steps=step) for step in range(-3, 4)}
    return next(code for code in ("000000", *map(str, range(100000, 100010))) if code not in near)


@pytest.fixture
def log_in(app: Authenticator, ada: User) -> Callable[..., Browser]:
    """Ada, in by password and code, in a browser of her own."""

    def _log_in(address: str = "192.0.2.1") -> Browser:
        Authenticator.objects.update(count=0)  # As if half a minute had passed.
        browser = Browser(address)
        browser.password("ada")
        assert browser.code(code_of(app)).status_code == 302
        return browser

    return _log_in


@pytest.fixture
def later(monkeypatch: Any) -> Callable[..., None]:
    """Set the clock that logins go by forward: later(minutes=10)."""
    ahead = [timedelta(0)]
    for module in (enrol, log_in_pages, prove, sessions, step_up):
        monkeypatch.setattr(module, "wall", lambda: wall() + ahead[0])

    def _later(**by: float) -> None:
        ahead[0] += timedelta(**by)

    return _later


def said(act: str, **more: Any) -> list[Entry]:
    """What the audit log has of it, in order."""
    return list(Entry.objects.filter(act=act, **more).order_by("position"))
