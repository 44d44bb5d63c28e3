"""Nobody passes below /admin/ without a second factor: every address, by every way of not quite being in."""

import pytest
from django.urls import reverse

from paygate.staff.gate import OPEN

from .conftest import PASSWORD, Browser, a_person
from .pages import addresses

pytestmark = pytest.mark.django_db


def nobody():
    return Browser()


def half_way(ada):
    browser = Browser()
    browser.password("ada")
    return browser


def without_second_factor(ada):
    """A session of before it was asked for, say."""
    browser = Browser()
    browser.force_login(ada)
    return browser


def no_staff():
    browser = Browser()
    browser.force_login(a_person("guest", root=False, is_staff=False))
    return browser


def led(answer, *, to):
    return answer.status_code == 302 and answer.url.split("?")[0] == to


LOGIN, PROVE = "/admin/login/", "/admin/account/prove/"


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_address_opens_to_who_is_not_in(ada, method):
    opened = {reverse(name) for name in OPEN}
    for browser, way in (
        (nobody(), LOGIN),
        (half_way(ada), LOGIN),
        (no_staff(), LOGIN),
        (without_second_factor(ada), PROVE),
    ):
        past = [
            path
            for path in (*addresses(), "/admin", "/admin/no/such", "/administration")
            if path not in opened and not led(getattr(browser, method)(path), to=way)
        ]
        assert not past, way


def test_what_is_open_shows_nothing_of_the_house(ada):
    browser = without_second_factor(ada)
    for name in OPEN:
        if name == "admin:logout":
            continue
        answer = browser.get(reverse(name), follow=True)
        assert "Payments" not in answer.content.decode(), name


def test_a_dialog_is_told_by_its_own_header(ada):
    answer = nobody().post("/admin/proof/run/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == LOGIN


def test_a_script_that_asks_for_no_page_is_told_no(ada):
    answer = nobody().get("/admin/autocomplete/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.content) == (403, b"Log in first.")


def test_the_login_leads_back_to_the_page(ada):
    answer = nobody().get("/admin/proof/run/?q=a%26b")
    assert answer.url == "/admin/login/?next=%2Fadmin%2Fproof%2Frun%2F%3Fq%3Da%2526b"


def test_a_form_that_was_sent_without_a_token_does_nothing(ada, app):
    browser = Browser(enforce_csrf_checks=True)
    answer = browser.post("/admin/login/", {"username": "ada", "password": PASSWORD})
    assert answer.status_code == 403
    assert "This form is too old" in answer.content.decode()


def test_pages_that_say_no_are_pages(log_in):
    browser = log_in()
    answer = browser.get("/admin/no/such/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()
    assert 'id="main"' in answer.content.decode() or "sidebar" in answer.content.decode().lower()


def test_who_may_not_is_told_on_a_page(ada, settings):
    settings.STAFF_SECOND_FACTOR = False
    browser = Browser()
    browser.force_login(a_person("new", root=False))
    answer = browser.get("/admin/proof/run/")
    assert answer.status_code == 403
    assert "This is not for your role" in answer.content.decode()


def test_a_mistake_of_ours_is_a_page_that_names_its_line_in_the_log(log_in, monkeypatch):
    browser = log_in()
    browser.raise_request_exception = False
    monkeypatch.setattr("paygate.staff.account.factors.codes_left", lambda _: 1 / 0)
    answer = browser.get("/admin/account/")
    assert answer.status_code == 500
    assert answer.headers["Request-Id"] in answer.content.decode()


@pytest.mark.parametrize("path", ["/v1/no/such", "/no/such"])
def test_programs_are_still_told_as_programs_are(path, client):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
