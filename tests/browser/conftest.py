"""A server in this process, a browser, and people who are logged in by their role.

The tests of one file share a database of committed rows, which is emptied after them; each test makes what it is about
itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group, User
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import connection
from django.test import Client, override_settings
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, sync_playwright

from paygate.psp import registry
from simulators.run import Simulator
from stack.browser import MISSING, chromium, in_ci
from tests.browser.screen import DESK, PHONE, Screen
from tests.conftest import QUICK, forget_commits


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for a worker. Where there is none the tests are skipped, but in CI they fail."""
    program = chromium()
    if program is None:
        (pytest.fail if in_ci() else pytest.skip)(MISSING)
    # Playwright's loop runs in this thread, and Django takes that for asynchronous code.
    with pytest.MonkeyPatch.context() as patched, sync_playwright() as playwright:
        patched.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        started = playwright.chromium.launch(executable_path=program)
        yield started
        started.close()


@pytest.fixture(scope="module")
def db(browser: Browser, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """What is written is committed, for the server's threads to see, and taken out at the end."""
    with django_db_blocker.unblock():
        yield
        User.objects.all().delete()
        forget_commits()


@pytest.fixture(scope="module")
def simulators(running: dict[str, Simulator]) -> Iterator[dict[str, Simulator]]:
    """As everywhere else, but for as long as the server runs."""
    psps = deepcopy(django_settings.PSPS)
    for psp, simulator in running.items():
        simulator.faults()
        mode = psps[psp]["test"]
        mode |= {name: simulator.url for name in mode if name.endswith("_base")}
        mode |= {"timeout": QUICK, "horizon": 1.0}
    with override_settings(PSPS=psps):
        registry.gateway.cache_clear()
        yield running
    registry.gateway.cache_clear()


@pytest.fixture(scope="module")
def site(
    db: None, simulators: dict[str, Simulator], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where the platform is served by threads of this process; evidence goes to a folder of its own."""
    kept = deepcopy(django_settings.STORAGES)
    kept["evidence"]["OPTIONS"]["location"] = str(tmp_path_factory.mktemp("evidence"))
    with override_settings(STORAGES=kept, OUTCOME_PATIENCE=0.5):
        yield from served()


def served() -> Iterator[str]:
    server = LiveServerThread("localhost", static_handler=StaticFilesHandler)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://localhost:{server.port}"
    server.terminate()
    all_are_gone()


def all_are_gone() -> None:
    """Wait for the server's threads to put down their connections: the database is dropped after this."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute(others)
            if cursor.fetchone() == (0,):
                return
        time.sleep(0.05)


def person(name: str, *roles: str) -> User:
    """A login with these roles; "administrator" may do all that any role may."""
    user, made = User.objects.get_or_create(
        username=name, defaults={"is_staff": True, "email": f"{name}@paygate.test"}
    )
    if made:
        user.groups.set(Group.objects.filter(name__in=roles))
        assert user.groups.count() == len(roles), roles
    return user


def session_of(user: User) -> str:
    """The cookie of somebody who logged in just now."""
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


Logins = Callable[..., Screen]


@pytest.fixture
def log_in(browser: Browser, site: str) -> Iterator[Logins]:
    """log_in("sam", "support"): their window, 1440 wide or a phone's. What went wrong in one fails the test."""
    screens: list[Screen] = []

    def open_window(name: str | None, *roles: str, phone: bool = False) -> Screen:
        context = browser.new_context(
            viewport=PHONE if phone else DESK,  # type: ignore[arg-type]
            has_touch=phone,
            color_scheme="light",
            reduced_motion="reduce",
            timezone_id="UTC",
        )
        if name is not None:
            cookie = session_of(person(name, *roles))
            context.add_cookies([{"name": "sessionid", "value": cookie, "url": site}])
        screens.append(Screen(context, site))
        return screens[-1]

    yield open_window
    faults = [fault for screen in screens for fault in screen.unexpected()]
    for screen in screens:
        with suppress(Exception):
            screen.context.close()
    assert not faults, "\n".join(faults)
