"""Logging in by a browser: a passkey made and shown by its own dialog, a code typed, and how those pages look."""

from __future__ import annotations

import base64
import time

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.contrib.auth.models import User

from paygate.staff.models import Authenticator
from tests.browser.conftest import person

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def second_factor(settings):
    settings.STAFF_SECOND_FACTOR = True


@pytest.fixture
def olga(site):
    """Somebody new, who was given a password."""
    user = person("olga", "support")
    user.set_password(PASSWORD)
    user.save()
    yield user
    User.objects.filter(pk=user.pk).delete()


def with_authenticator(screen):
    """A device that has a finger on its sensor always."""
    devices = screen.context.new_cdp_session(screen.page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def give_password(screen, user):
    page = screen.open("/admin/")
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    return screen.settled()


def looked_at(screen, name):
    """As it should be: nothing sideways, nothing that axe minds, light and dark."""
    screen.shot(f"login-{name}")
    problems = [*screen.overflow()]
    for scheme in ("light", "dark"):
        screen.wear(scheme)
        problems += screen.axe()
    screen.wear("light")
    assert not problems, "\n".join(problems)


def test_a_passkey_is_made_at_the_first_login_and_lets_in_at_the_second(log_in, olga):
    screen = log_in(None)
    screen.open("/admin/")
    looked_at(screen, "password")
    with_authenticator(screen)
    page = give_password(screen, olga)
    looked_at(screen, "enrol")
    page.fill("[name=name]", "Laptop")
    page.click("text=Add a passkey")
    page.wait_for_selector("text=They are not shown again")
    looked_at(screen, "codes")
    page.click("text=I have kept them")
    assert page.url.endswith("/admin/")

    page = screen.open("/admin/account/")
    looked_at(screen, "account")
    screen.context.clear_cookies()
    page = give_password(screen, olga)
    looked_at(screen, "passkey")
    page.click("text=Use a passkey")
    page.wait_for_url("**/admin/")
    assert Authenticator.objects.get(user=olga).count > 0


def test_who_gives_no_passkey_is_told_so_and_stays(log_in, olga):
    screen = log_in(None)
    page = give_password(screen, olga)
    page.evaluate(
        "() => { navigator.credentials.create = () => Promise.reject(new DOMException('', 'NotAllowedError')); }"
    )
    page.click("text=Add a passkey")
    page.wait_for_selector("text=No passkey was given")
    assert not Authenticator.objects.filter(user=olga).exists()


def test_an_app_is_scanned_and_its_next_code_typed(log_in, olga):
    screen = log_in(None, phone=True)
    page = give_password(screen, olga)
    page.click("text=Use an authenticator app")
    screen.settled()
    looked_at(screen, "app")
    key = base64.b32decode(page.inner_text("code").replace(" ", ""))
    codes = TOTP(key, 6, SHA1(), 30)
    page.fill("[name=code]", codes.generate(time.time()).decode())
    page.click("text=Add it")
    page.wait_for_selector("text=They are not shown again")

    screen.context.clear_cookies()
    page = give_password(screen, olga)
    looked_at(screen, "code")
    screen.expects.append("403")
    page.fill("[name=code]", codes.generate(time.time()).decode())
    page.click("text=Continue")
    page.wait_for_selector("text=That code is not right, or was used before")
    looked_at(screen, "refused")
    page.fill("[name=code]", codes.generate(time.time() + 30).decode())
    page.click("text=Continue")
    page.wait_for_url("**/admin/")

    screen.expects.append("404")
    screen.open("/admin/no/such/")
    looked_at(screen, "no-such-page")
