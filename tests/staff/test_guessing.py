"""Whoever guesses waits, longer each time, where they are; the owner of the login, elsewhere, does not."""

from datetime import timedelta

import pytest

from kernel.clock import wall
from kernel.shortcuts import client as redis
from paygate.staff import guessing
from paygate.staff.models import Guess
from paygate.staff.tasks import forget

from .conftest import Browser, a_person, a_wrong_code, code_of, said

pytestmark = pytest.mark.django_db
NOW = wall()


def fail(times, name="ada", address="192.0.2.1", what=guessing.PASSWORD, at=NOW):
    for _ in range(times):
        guessing.count(what, name, address, at=at)


def test_after_ten_failures_the_right_password_waits_too(browser, ada):
    for _ in range(10):
        assert browser.password("ada", "wrong").status_code == 200
    answer = browser.password("ada")

    assert answer.status_code == 429
    assert "Try again in 1 minute." in answer.content.decode()
    assert not browser.is_in()
    assert said("log_in")[-1].details == {"login": "ada", "pause begins": True}


def test_nine_failures_are_forgiven_by_a_right_password(browser, ada, settings):
    settings.STAFF_SECOND_FACTOR = False
    for _ in range(2):
        for _ in range(9):
            browser.password("ada", "wrong")
        assert browser.password("ada").status_code == 302
        browser.post("/admin/logout/")


def test_the_owner_elsewhere_does_not_wait(ada, app):
    """ASVS 6.3.1: who guesses cannot keep the owner out."""
    fail(10)
    owner = Browser("198.51.100.7")
    owner.password("ada")
    assert owner.code(code_of(app)).status_code == 302


def test_an_unknown_login_waits_as_a_known_one_does(browser, ada):
    for name in ("ada", "nobody"):
        for _ in range(10):
            browser.password(name, "wrong")
        assert browser.password(name, "wrong").status_code == 429


def test_each_further_failure_doubles_the_pause_up_to_an_hour():
    fail(10)
    at, pauses = NOW, []
    for _ in range(9):
        with pytest.raises(guessing.TooManyGuesses) as refused:
            guessing.count(guessing.PASSWORD, "ada", "192.0.2.1", at=at)
        pauses.append((refused.value.until - at).total_seconds())
        at = refused.value.until
        guessing.count(guessing.PASSWORD, "ada", "192.0.2.1", at=at)
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_what_waits_is_not_counted():
    fail(10)
    for _ in range(5):
        with pytest.raises(guessing.TooManyGuesses):
            fail(1)
    assert Guess.objects.get(name="ada").failures == 10


def test_it_is_forgotten_after_a_day():
    fail(10)
    fail(1, at=NOW + timedelta(hours=25))
    assert Guess.objects.get(name="ada").failures == 1


def test_a_login_is_the_same_however_it_is_written():
    fail(5, name="ADA")
    fail(5, name="ａｄａ")
    with pytest.raises(guessing.TooManyGuesses):
        fail(1, name="ada")


def test_one_ipv6_network_is_one_guesser():
    for last in range(10):
        fail(1, address=f"2001:db8:1:2::{last}")
    with pytest.raises(guessing.TooManyGuesses):
        fail(1, address="2001:db8:1:2:ffff::1")
    fail(1, address="2001:db8:1:3::1")


def test_one_address_does_not_go_through_all_logins():
    for one in range(100):
        fail(1, name=f"login-{one}")
    with pytest.raises(guessing.TooManyGuesses):
        fail(1, name="another")
    fail(1, name="another", address="192.0.2.2")


def test_a_login_of_ones_own_buys_no_more_guesses():
    for one in range(100):
        fail(1, name=f"login-{one}")
        if one % 10 == 0:
            guessing.count(guessing.PASSWORD, "mine", "192.0.2.1", at=NOW)
            guessing.forgive(guessing.PASSWORD, "mine", "192.0.2.1")
    with pytest.raises(guessing.TooManyGuesses):
        fail(1, name="another")


def test_codes_are_guessed_at_ten_times_too(browser, app):
    browser.password("ada")
    for _ in range(10):
        assert browser.code(a_wrong_code(app)).status_code == 403
    assert browser.code(code_of(app)).status_code == 429
    assert not browser.is_in()


def test_codes_are_not_guessed_from_many_addresses(app):
    for one in range(100):
        fail(1, what=guessing.CODE, address=f"192.0.2.{one}")
    with pytest.raises(guessing.TooManyGuesses):
        fail(1, what=guessing.CODE, address="198.51.100.1")


def test_another_password_gives_no_more_codes(browser, app):
    """Logging in anew does not begin the count anew."""
    browser.password("ada")
    for _ in range(9):
        browser.code(a_wrong_code(app))
    browser.password("ada")
    browser.code(a_wrong_code(app))
    assert browser.code(code_of(app)).status_code == 429


def test_an_emptied_redis_frees_nobody(browser, ada):
    for _ in range(10):
        browser.password("ada", "wrong")
    redis().flushdb()
    assert browser.password("ada").status_code == 429


def test_what_is_over_is_cleared_away():
    fail(3, at=NOW - timedelta(days=3))
    fail(1, name="grace")
    forget()
    assert set(Guess.objects.values_list("name", flat=True)) == {"grace", ""}


def test_a_forwarded_address_counts_only_behind_a_proxy_of_ours(settings, db):
    a_person()

    def refused(**headers):
        browser = Browser("10.0.0.1")
        return browser.post(
            "/admin/login/", {"username": "ada", "password": "wrong"}, headers=headers
        ).status_code

    for one in range(10):  # Whoever says so is believed nothing.
        refused(**{"X-Forwarded-For": f"198.51.100.{one}"})
    assert refused(**{"X-Forwarded-For": "198.51.100.99"}) == 429

    settings.PROXIES = 1
    assert refused(**{"X-Forwarded-For": "198.51.100.99"}) == 200
    for one in range(9):  # What stands before the last was written by whoever asks.
        refused(**{"X-Forwarded-For": f"203.0.113.{one}, 198.51.100.99"})
    assert refused(**{"X-Forwarded-For": "203.0.113.77, 198.51.100.99"}) == 429
    assert said("log_in")[-1].address == "198.51.100.99"


def test_blanks_around_a_login_make_it_no_other_one(browser, ada):
    """The form reads all of these as "ada"."""
    for name in (
        "ada",
        " ada",
        "ada ",
        "ada\t",
        "\xa0ada",
        "  ada",
        "ada  ",
        "\u3000ada",
        "ａda",
        "ada\n",
    ):
        assert browser.password(name, "wrong").status_code == 200

    assert browser.password("   ada", "wrong").status_code == 429
    assert [entry.details["login"] for entry in said("log_in")] == ["ada"] * 10
