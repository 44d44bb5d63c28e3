"""A login is a password and a second factor; neither alone opens anything, and a failure tells nothing."""

import pytest
from django.contrib.auth.models import User

from kernel.audit.models import Entry
from paygate.staff import factors
from paygate.staff.models import Authenticator, RecoveryCode, Session

from .conftest import PASSWORD, Browser, a_person, a_wrong_code, add_app, code_of, said

pytestmark = pytest.mark.django_db


def test_a_password_and_a_code_let_in_to_where_one_wanted_to_go(browser, app):
    browser.get("/admin/proof/run/")
    answer = browser.password("ada", next="/admin/proof/run/")
    assert answer.url == "/admin/account/prove/"
    page = browser.get(answer.url).content.decode()
    assert "Code from your authenticator app" in page
    assert 'autocomplete="one-time-code"' in page

    assert browser.code(code_of(app)).url == "/admin/proof/run/"
    assert browser.is_in()


def test_a_password_alone_opens_nothing(browser, app):
    browser.password("ada")

    assert "_auth_user_id" not in browser.session
    assert browser.get("/admin/").url.startswith("/admin/login/")


def test_a_wrong_code_opens_nothing_and_is_logged(browser, app):
    browser.password("ada")
    answer = browser.code(a_wrong_code(app))

    assert answer.status_code == 403
    assert "That code is not right" in answer.content.decode()
    assert not browser.is_in()
    (entry,) = said("second_factor.show")
    assert (entry.outcome, entry.by, entry.address) == ("refused", "ada", "192.0.2.1")


def test_a_code_is_good_once(browser, app):
    """ASVS 6.5.1: also within its half minute, and for another browser."""
    code = code_of(app)
    browser.password("ada")
    browser.code(code)

    other = Browser("192.0.2.2")
    other.password("ada")
    assert other.code(code).status_code == 403
    assert not other.is_in()


def test_an_older_code_is_not_good_after_a_newer_one(browser, app):
    browser.password("ada")
    browser.code(code_of(app, steps=1))

    other = Browser("192.0.2.2")
    other.password("ada")
    assert other.code(code_of(app)).status_code == 403


@pytest.mark.parametrize("steps, good", [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_telephone_may_be_half_a_minute_wrong(browser, app, steps, good):
    browser.password("ada")
    assert (browser.code(code_of(app, steps=steps)).status_code == 302) is good


@pytest.mark.parametrize("code", ["", "12345", "1234567", "١٢٣٤٥٦", "\0", "x" * 5000, "-1 234"])
def test_what_is_no_code_is_a_wrong_code(browser, app, code):
    browser.password("ada")
    assert browser.code(code).status_code == 403


def test_a_code_is_read_with_the_space_that_apps_show(browser, app):
    code = code_of(app)
    browser.password("ada")
    assert browser.code(f"{code[:3]} {code[3:]}").status_code == 302


def test_a_code_is_of_the_one_who_gave_the_password(browser, app):
    a_person("grace")
    add_app(User.objects.get(username="grace"))
    browser.password("grace")

    assert browser.code(code_of(app)).status_code == 403


def test_a_recovery_code_lets_in_once_and_tells_how_many_are_left(browser, ada, app):
    codes = factors.make_recovery_codes(ada, at=app.created_at)
    browser.password("ada")
    assert browser.code(codes[3].upper().replace("-", " ")).status_code == 302
    assert "9 are left" in browser.get("/admin/account/").content.decode()

    other = Browser("192.0.2.2")
    other.password("ada")
    assert other.code(codes[3]).status_code == 403
    assert said("log_in")[0].details == {"by": "recovery code"}


def test_recovery_codes_are_not_in_the_database(ada, app):
    codes = factors.make_recovery_codes(ada, at=app.created_at)
    kept = [bytes(one.digest) for one in RecoveryCode.objects.all()]
    assert len(set(kept)) == len(codes) == 10
    assert not any(code.replace("-", "").encode() in one for code in codes for one in kept)


def test_the_secret_of_an_app_is_sealed_to_its_row(app):
    from kernel.ids import uuid7
    from kernel.sealed import UnableToUnseal

    with pytest.raises(UnableToUnseal):
        factors.key(app.secret, uuid7())


def test_the_first_login_adds_an_app_and_shows_the_recovery_codes(browser, ada):
    assert browser.password("ada").url == "/admin/account/prove/"
    assert browser.get("/admin/account/prove/").url == "/admin/account/enrol/"
    assert (
        "A password alone opens nothing here"
        in browser.get("/admin/account/enrol/").content.decode()
    )

    page = browser.get("/admin/account/enrol/app/").content.decode()
    key = page.split('<code class="font-semibold">')[1].split("</code>")[0]
    assert "<svg" in page
    assert not browser.is_in()

    answer = browser.post(
        "/admin/account/enrol/app/", {"code": code_by(key), "name": "  My \n telephone "}
    )
    shown = answer.content.decode()
    assert shown.count("<li><code>") == 10
    assert browser.is_in()
    (app,) = ada.authenticators.all()
    assert (app.name, app.kind) == ("My telephone", "app")
    assert [entry.act for entry in Entry.objects.order_by("position")] == [
        *("second_factor.add", "log_in", "recovery_codes.make"),
    ]


def code_by(key):
    import base64
    import time

    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

    secret = base64.b32decode(key.replace(" ", ""))
    return TOTP(secret, 6, SHA1(), 30).generate(time.time()).decode()


def test_the_code_that_added_an_app_is_used_up(browser, ada):
    browser.password("ada")
    page = browser.get("/admin/account/enrol/app/").content.decode()
    code = code_by(page.split('<code class="font-semibold">')[1].split("</code>")[0])
    browser.post("/admin/account/enrol/app/", {"code": code})

    other = Browser("192.0.2.2")
    other.password("ada")
    assert other.code(code).status_code == 403


def test_a_wrong_code_adds_no_app_and_leaves_the_picture(browser, ada):
    browser.password("ada")
    first = browser.get("/admin/account/enrol/app/").content.decode()
    again = browser.post("/admin/account/enrol/app/", {"code": "12"}).content.decode()

    assert "That is not the code of now" in again
    key = first.split('<code class="font-semibold">')[1].split("</code>")[0]
    assert key in again
    assert not Authenticator.objects.exists()
    assert not browser.is_in()


def test_who_has_one_adds_none_before_showing_it(browser, app):
    """Else a password would be enough: for a new authenticator, and by it for everything."""
    browser.password("ada")
    for page in ("/admin/account/enrol/", "/admin/account/enrol/app/"):
        assert browser.get(page).url == "/admin/account/prove/"
        assert (
            browser.post(page, {"code": "123456", "passkey": "{}"}).url == "/admin/account/prove/"
        )
    assert Authenticator.objects.count() == 1


@pytest.mark.parametrize("page", ["prove/", "enrol/", "enrol/app/"])
def test_nobody_gets_to_the_second_step_without_the_first(browser, app, page):
    for answer in (browser.get(f"/admin/account/{page}"), browser.post(f"/admin/account/{page}")):
        assert answer.url == "/admin/login/"


def test_the_second_step_waits_a_quarter_of_an_hour(browser, app, later):
    browser.password("ada")
    later(minutes=16)
    assert browser.code(code_of(app)).url == "/admin/login/"
    assert not browser.is_in()


def test_another_password_ends_the_way_in(browser, ada, app):
    browser.password("ada")
    ada.set_password("another horse battery")
    ada.save()

    assert browser.code(code_of(app)).url == "/admin/login/"


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil"]
)
def test_nobody_is_led_elsewhere(browser, app, wanted):
    browser.password("ada", next=wanted)
    assert browser.code(code_of(app), next=wanted).url == "/admin/"


def test_all_failures_read_the_same(ada):
    """Unknown, wrong, switched off and no staff: the same words, and as much work."""
    a_person("off", is_active=False)
    a_person("guest", root=False, is_staff=False)
    pages = []
    for at, (name, password) in enumerate(
        [("ada", "wrong"), ("nobody", PASSWORD), ("off", PASSWORD), ("guest", PASSWORD)]
    ):
        answer = Browser(f"192.0.2.{at}").password(name, password)
        assert answer.status_code == 200
        pages.append(stripped(answer, name))
    assert len(set(pages)) == 1


def stripped(answer, name):
    import re

    text = answer.content.decode().replace(f'value="{name}"', "")
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", text)


def test_an_unknown_login_costs_a_hash_too(browser, ada, monkeypatch):
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed = []
    real = MD5PasswordHasher.encode

    def encode(self, password, salt):
        hashed.append(password)
        return real(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
    for name in ("ada", "nobody"):
        browser.password(name, "wrong")
    assert hashed == ["wrong", "wrong"]


def test_what_nobody_is_called_is_not_written_down(browser, ada):
    """It may be a password, typed one field too high."""
    browser.password("hunter2", "ada")
    browser.password("ada", "hunter2")

    unknown, known = said("log_in")
    assert (unknown.outcome, unknown.subject, unknown.details) == (
        "refused",
        "",
        {"login": "(of nobody)"},
    )
    assert (known.subject, known.by, known.details) == (str(ada.pk), "", {"login": "ada"})


@pytest.mark.parametrize("name", ["\0", "a" * 5000, "’; --", ""])
def test_no_login_is_too_odd_to_be_refused(browser, ada, name):
    assert browser.password(name).status_code == 200


def test_logging_in_and_out_is_logged(log_in, ada):
    browser = log_in()
    answer = browser.post("/admin/logout/")

    assert answer.url == "/admin/login/"
    assert not browser.is_in()
    assert not Session.objects.filter(user=ada).exists()
    came, went = *said("log_in"), *said("log_out")
    assert (came.outcome, came.by, came.details) == (
        "done",
        "ada",
        {"by": "Authenticator app “Telephone”"},
    )
    assert (went.by, went.subject) == ("ada", str(ada.pk))


def test_nobody_is_logged_out_by_a_link(log_in):
    browser = log_in()
    assert browser.get("/admin/logout/").status_code == 405
    assert browser.is_in()


def test_where_no_second_factor_is_asked_for_the_password_is_enough(browser, ada, settings):
    settings.STAFF_SECOND_FACTOR = False
    assert browser.password("ada").url == "/admin/"
    assert browser.is_in()
    assert said("log_in")[0].details == {"by": "password"}


def test_whoever_is_in_is_led_past_the_login(log_in):
    assert log_in().get("/admin/login/").url == "/admin/"
