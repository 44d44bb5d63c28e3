"""What moves money wants a second factor of the last ten minutes, and leads back to where one was."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.test import RequestFactory

from kernel.clock import wall
from paygate.staff.models import Authenticator
from paygate.staff.step_up import PROVED_AT, step_up

from .conftest import a_wrong_code, code_of, said

pytestmark = pytest.mark.django_db


def a_post(*, minutes_ago=None, **headers):
    request = RequestFactory().post("/admin/x/7/refund/?a=1", headers=headers)
    request.session = SessionStore()
    if minutes_ago is not None:
        request.session[PROVED_AT] = wall().timestamp() - 60 * minutes_ago
    return request


def back(answer):
    url = urlsplit(answer.headers.get("HX-Redirect") or answer.url)
    assert url.path == "/admin/account/prove/"
    return parse_qs(url.query)["next"][0]


@pytest.mark.parametrize(
    "minutes, fresh", [(0, True), (9.9, True), (10.1, False), (-5, False), (None, False)]
)
def test_ten_minutes_are_fresh(minutes, fresh):
    assert (step_up(a_post(minutes_ago=minutes)) is None) is fresh


def test_nothing_is_asked_where_no_second_factor_is(settings):
    settings.STAFF_SECOND_FACTOR = False
    assert step_up(a_post()) is None


def test_it_leads_back_to_the_page_that_asked():
    answer = step_up(a_post(Referer="http://testserver/admin/x/7/change/?tab=2"))
    assert answer.status_code == 302
    assert back(answer) == "/admin/x/7/change/?tab=2"


def test_a_dialog_is_led_by_its_own_header_back_to_the_page_below_it():
    answer = step_up(
        a_post(**{"HX-Request": "true", "HX-Current-URL": "http://testserver/admin/x/7/change/"})
    )
    assert answer.status_code == 200
    assert back(answer) == "/admin/x/7/change/"


@pytest.mark.parametrize(
    "there", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", None]
)
def test_it_leads_nowhere_else(there):
    headers = {"Referer": there} if there else {}
    assert back(step_up(a_post(**headers))) == "/admin/x/7/refund/?a=1"


def eleven_minutes_later(browser):
    session = browser.session
    session[PROVED_AT] -= 11 * 60
    session.save()


def test_the_second_factor_is_asked_for_again_and_everything_goes_on(log_in):
    browser = log_in()
    eleven_minutes_later(browser)
    assert browser.is_in()  # To look at.
    answer = browser.post(
        "/admin/account/codes/", headers={"Referer": "http://testserver/admin/account/"}
    )
    assert back(answer) == "/admin/account/"

    Authenticator.objects.update(count=0)
    app = Authenticator.objects.get()
    key = browser.session.session_key
    assert "Show your second factor again" in browser.get(answer.url).content.decode()
    assert browser.code(a_wrong_code(app)).status_code == 403
    assert browser.code(code_of(app), next="/admin/account/").url == "/admin/account/"
    assert browser.session.session_key != key
    assert browser.post("/admin/account/codes/").status_code == 200
    assert [entry.outcome for entry in said("second_factor.show")] == ["refused", "done"]


def test_a_code_of_the_login_does_not_do_for_the_step_up(log_in):
    browser = log_in()
    app = Authenticator.objects.get()
    used = code_of(app)
    eleven_minutes_later(browser)
    assert browser.code(used).status_code == 403
