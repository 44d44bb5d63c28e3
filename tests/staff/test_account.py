"""The page of one's own login: what one may add and take away, and that the last authenticator stays."""

import pytest

from kernel.clock import wall
from paygate.staff import factors
from paygate.staff.models import Authenticator

from .conftest import PASSWORD, a_person, add_app, said

pytestmark = pytest.mark.django_db

ACCOUNT = "/admin/account/"


def test_it_shows_what_one_has(log_in, ada, app):
    factors.make_recovery_codes(ada, at=wall())
    page = log_in().get(ACCOUNT).content.decode()
    assert "Telephone" in page
    assert "10 unused codes left" in page


def test_the_last_one_stays(log_in, app):
    browser = log_in()
    answer = browser.post(f"{ACCOUNT}remove/{app.pk}/", follow=True)
    assert "This is your last one" in answer.content.decode()
    assert Authenticator.objects.filter(pk=app.pk).exists()
    assert [entry.outcome for entry in said("second_factor.remove")] == ["refused"]


def test_another_one_goes(log_in, ada, app):
    browser = log_in()
    second = add_app(ada)
    answer = browser.post(f"{ACCOUNT}remove/{app.pk}/", follow=True)
    assert "was removed" in answer.content.decode()
    assert list(ada.authenticators.all()) == [second]
    (entry,) = said("second_factor.remove")
    assert (entry.outcome, entry.by, entry.details) == (
        "done",
        "ada",
        {"kind": "app", "name": "Telephone"},
    )


def test_somebody_elses_stays(log_in, ada):
    browser = log_in()
    theirs = add_app(a_person("grace"))
    add_app(theirs.user)
    assert browser.post(f"{ACCOUNT}remove/{theirs.pk}/").status_code == 404
    assert Authenticator.objects.filter(pk=theirs.pk).exists()


@pytest.mark.parametrize("path", ["remove/{}/", "codes/", "enrol/", "enrol/app/"])
def test_changes_want_a_fresh_second_factor(log_in, ada, app, later, path):
    browser = log_in()
    second = add_app(ada)
    later(minutes=11)
    answer = browser.post(ACCOUNT + path.format(second.pk), {"code": "123456"})
    assert answer.url.startswith(f"{ACCOUNT}prove/")
    assert ada.authenticators.count() == 2
    assert not ada.recovery_codes.exists()


def test_another_password_wants_a_fresh_second_factor_and_is_logged(log_in, ada, later):
    here, there = log_in("192.0.2.1"), log_in("192.0.2.2")
    form = {
        "old_password": PASSWORD,
        "new_password1": "a staple and a battery",
        "new_password2": "a staple and a battery",
    }
    assert here.get("/admin/password_change/").status_code == 200
    assert here.post("/admin/password_change/", form).url == ACCOUNT

    assert here.is_in()
    assert not there.is_in()
    assert [entry.by for entry in said("password.change")] == ["ada"]
    assert "staple" not in str([vars(entry) for entry in said("password.change")])
    later(minutes=11)
    assert here.post("/admin/password_change/", form).url.startswith(f"{ACCOUNT}prove/")


def test_new_recovery_codes_take_the_place_of_the_old(log_in, ada):
    old = factors.make_recovery_codes(ada, at=wall())
    page = log_in().post(f"{ACCOUNT}codes/").content.decode()
    assert page.count("<li><code>") == 10
    assert old[0] not in page
    assert not factors.shows_recovery_code(ada, old[0], at=wall())
    assert factors.codes_left(ada) == 10


@pytest.mark.parametrize("path", ["remove/{}/", "codes/", "sessions/end/"])
def test_a_link_changes_nothing(log_in, app, path):
    assert log_in().get(ACCOUNT + path.format(app.pk)).status_code == 405


def test_a_page_for_whom_no_second_factor_is_asked_works_too(browser, ada, settings):
    settings.STAFF_SECOND_FACTOR = False
    browser.password("ada")
    assert "None yet" in browser.get(ACCOUNT).content.decode()
    assert browser.get(f"{ACCOUNT}enrol/").status_code == 200
    assert browser.post(f"{ACCOUNT}codes/").url == ACCOUNT
