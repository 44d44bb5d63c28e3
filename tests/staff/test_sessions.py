"""Sessions end when nobody uses them, at the day's end, with the password, and when there are too many."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from kernel.clock import wall
from kernel.shortcuts import client as redis
from paygate.staff.models import Session
from paygate.staff.sessions import named
from paygate.staff.tasks import forget

from .conftest import PASSWORD, a_person, said

pytestmark = pytest.mark.django_db


def test_a_session_gets_a_new_key_at_each_step_of_the_login(browser, app):
    from .conftest import code_of

    keys = []
    browser.password("ada")
    keys.append(browser.session.session_key)
    browser.code(code_of(app))
    keys.append(browser.session.session_key)
    assert len(set(keys)) == 2
    assert not Session.objects.filter(pk=named(keys[0])).exists()


def test_a_key_that_was_planted_is_not_taken_up(browser, ada, settings):
    """Session fixation: whoever knows the key before the login knows nothing after it."""
    settings.STAFF_SECOND_FACTOR = False
    browser.cookies["sessionid"] = "plantedplantedplantedplanted1234"
    browser.password("ada")
    assert browser.cookies["sessionid"].value != "plantedplantedplantedplanted1234"
    assert not Session.objects.filter(pk=named("plantedplantedplantedplanted1234")).exists()


def test_the_table_does_not_hold_the_key(log_in):
    browser = log_in()
    assert not Session.objects.filter(pk=browser.session.session_key).exists()
    assert Session.objects.filter(pk=named(browser.session.session_key)).exists()


def test_it_ends_after_half_an_hour_without_use(log_in, later):
    browser = log_in()
    later(minutes=29)
    assert browser.is_in()
    later(minutes=29)
    assert browser.is_in()
    later(minutes=31)
    assert not browser.is_in()


def test_it_ends_after_twelve_hours_however_busy(log_in, later):
    browser = log_in()
    for _ in range(24):
        assert browser.is_in()
        later(minutes=29)
    later(minutes=29)
    assert not browser.is_in()


def test_what_is_written_into_it_does_not_make_it_last(log_in, later, app):
    """A step-up saves the session anew; twelve hours are of the login."""
    from .conftest import code_of

    browser = log_in()
    for _ in range(24):
        later(minutes=29)
        browser.get("/admin/account/enrol/app/")
    session = Session.objects.get(user__isnull=False)
    assert session.expire_date <= session.begun_at + timedelta(hours=12)
    assert code_of(app)


def test_use_is_written_once_a_minute(log_in, later, django_assert_num_queries):
    browser = log_in()
    before = Session.objects.get().seen_at
    browser.get("/admin/account/")
    assert Session.objects.get().seen_at == before
    later(seconds=61)
    browser.get("/admin/account/")
    assert Session.objects.get().seen_at > before


def test_of_four_at_once_the_oldest_ends(log_in):
    browsers = [log_in(f"192.0.2.{one}") for one in range(4)]

    assert [browser.is_in() for browser in browsers] == [False, True, True, True]
    (ended,) = said("session.end")
    assert (ended.because, ended.details["from"]) == ("More than 3 at once.", "192.0.2.0")


def test_another_password_ends_all_sessions_whoever_writes_it(log_in, ada):
    browsers = [log_in("192.0.2.1"), log_in("192.0.2.2")]
    User.objects.filter(pk=ada.pk).update(password="anything else")
    assert not any(browser.is_in() for browser in browsers)
    assert not Session.objects.filter(user=ada).exists()


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
def test_who_is_switched_off_is_out_at_once_and_not_back_when_switched_on(log_in, ada, change):
    browser = log_in()
    User.objects.filter(pk=ada.pk).update(**change)
    assert not browser.is_in()
    User.objects.filter(pk=ada.pk).update(**dict.fromkeys(change, True))
    assert not browser.is_in()


def test_other_changes_end_nothing(log_in, ada):
    browser = log_in()
    User.objects.filter(pk=ada.pk).update(first_name="Ada", password=ada.password)
    assert browser.is_in()


def test_an_emptied_redis_logs_nobody_out(log_in):
    browser = log_in()
    redis().flushdb()
    assert browser.is_in()


def test_a_session_that_ends_while_it_is_used_is_not_written_again(log_in, ada, monkeypatch):
    """The request that was under way is told so, on a page."""
    browser = log_in()
    browser.raise_request_exception = False

    def end_them_all(_):
        Session.objects.all().delete()
        return 0

    monkeypatch.setattr("paygate.staff.account.factors.codes_left", end_them_all)
    monkeypatch.setattr("paygate.staff.gate.Gate.__call__", modified(browser))
    answer = browser.get("/admin/account/")
    assert answer.status_code == 400
    assert "your session ended" in answer.content.decode()
    assert not Session.objects.exists()


def modified(browser):
    def call(self, request):
        request.session.modified = True
        return self.get_response(request)

    return call


def test_ended_ones_are_cleared_away(log_in, ada):
    browser = log_in()
    Session.objects.create(
        session_key="old", session_data="", expire_date=wall() - timedelta(hours=1),
        begun_at=wall(), seen_at=wall(), address="", agent="",
    )  # fmt: skip
    forget()
    assert Session.objects.count() == 1
    assert browser.is_in()


def test_ones_own_are_seen_and_ended(log_in):
    here, there = log_in("192.0.2.1"), log_in("192.0.2.2")
    page = here.get("/admin/account/").content.decode()
    assert "(this one)" in page
    assert "From 192.0.2.2" in page

    here.post("/admin/account/sessions/end/", {"session": named(there.session.session_key)})
    assert here.is_in()
    assert not there.is_in()
    (ended,) = said("session.end")
    assert (ended.by, ended.because, ended.details["from"]) == ("ada", "By its owner.", "192.0.2.2")


def test_all_others_end_at_once(log_in):
    browsers = [log_in(f"192.0.2.{one}") for one in range(3)]
    browsers[1].post("/admin/account/sessions/end/")
    assert [browser.is_in() for browser in browsers] == [False, True, False]


def test_nobody_ends_somebody_elses_by_that_page(log_in, settings):
    from .conftest import Browser

    browser = log_in()
    grace = a_person("grace")
    theirs = Browser("192.0.2.5")
    settings.STAFF_SECOND_FACTOR = False
    theirs.password("grace")
    settings.STAFF_SECOND_FACTOR = True
    answer = browser.post(
        "/admin/account/sessions/end/", {"session": named(theirs.session.session_key)}
    )
    assert answer.status_code == 404
    assert grace.sessions.count() == 1


class TestByAnAdministrator:
    @pytest.fixture
    def theirs(self, log_in):
        return log_in("192.0.2.2")

    @pytest.fixture
    def lena(self, theirs, settings):
        """An administrator who has just shown a second factor."""
        from paygate.staff.step_up import PROVED_AT

        from .conftest import Browser

        browser = Browser("192.0.2.3")
        browser.force_login(a_person("lena"))
        session = browser.session
        session[PROVED_AT] = wall().timestamp()
        session.save()
        return browser

    def page(self, ada):
        return f"/admin/staff/session/{ada.sessions.get().pk}"

    def test_it_is_ended_for_a_reason(self, lena, theirs, ada):
        assert "192.0.2.2" in lena.get("/admin/staff/session/").content.decode()
        assert lena.get(f"{self.page(ada)}/change/").status_code == 200
        lena.post(f"{self.page(ada)}/end/", {"_form_submitted": "True", "reason": "Lost laptop."})

        assert not theirs.is_in()
        (ended,) = said("session.end")
        assert (ended.by, ended.because, ended.subject) == ("lena", "Lost laptop.", str(ada.pk))

    def test_it_is_not_ended_without_one(self, lena, theirs, ada):
        lena.post(f"{self.page(ada)}/end/", {"_form_submitted": "True", "reason": ""})
        assert theirs.is_in()

    def test_it_wants_a_fresh_second_factor(self, lena, theirs, ada, later):
        later(minutes=11)
        answer = lena.post(
            f"{self.page(ada)}/end/", {"_form_submitted": "True", "reason": "Lost laptop."}
        )
        assert "/admin/account/prove/" in (answer.headers.get("HX-Redirect") or answer.url)
        assert ada.sessions.exists()

    def test_nobody_else_may(self, lena, theirs, ada):
        User.objects.filter(username="lena").update(is_superuser=False)
        answer = lena.post(
            f"{self.page(ada)}/end/", {"_form_submitted": "True", "reason": "Lost laptop."}
        )
        assert answer.status_code == 403
        assert theirs.is_in()

    def test_a_lost_second_factor_is_reset_and_begins_anew(self, lena, theirs, ada, app):
        from .conftest import Browser

        page = f"/admin/staff/authenticator/{app.pk}"
        assert lena.get(f"{page}/change/").status_code == 200
        lena.post(f"{page}/reset/", {"_form_submitted": "True", "reason": "Telephone lost."})

        assert not theirs.is_in()
        assert not ada.authenticators.exists()
        again = Browser("192.0.2.4")
        again.password("ada")
        assert again.get("/admin/account/prove/").url == "/admin/account/enrol/"
        asked, done = said("second_factor.reset")
        assert (done.outcome, done.by, done.because) == ("done", "lena", "Telephone lost.")
        assert done.details == {"taken away": ["Authenticator app “Telephone”"]}
        assert asked.subject == str(ada.pk)

    def test_nobody_resets_their_own(self, lena):
        from .conftest import add_app

        own = add_app(User.objects.get(username="lena"))
        lena.post(
            f"/admin/staff/authenticator/{own.pk}/reset/",
            {"_form_submitted": "True", "reason": "Mine."},
        )
        assert User.objects.get(username="lena").authenticators.exists()
        assert [entry.outcome for entry in said("second_factor.reset")] == ["asked", "refused"]


def test_the_last_administrator_is_let_in_by_the_machine(log_in, ada, capsys):
    from .conftest import Browser

    browser = log_in()
    for _ in range(10):
        browser.post("/admin/login/", {"username": "ada", "password": "wrong"})
    call_command("reset_second_factor", "ada", because="All telephones are in the sea.")

    assert not browser.is_in()
    again = Browser("192.0.2.1")
    again.password("ada", PASSWORD)
    assert again.get("/admin/account/prove/").url == "/admin/account/enrol/"
    (done,) = said("second_factor.reset")
    assert done.because == "All telephones are in the sea."
    assert done.by.endswith("(on the machine)")
