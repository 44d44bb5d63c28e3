"""What two do at the same moment: a code lets one in, the last authenticator stays, and guesses are counted."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from kernel.clock import wall
from paygate.staff import factors, guessing
from paygate.staff.models import Session

from .conftest import Browser, a_person, add_app, code_of


@pytest.fixture
def db(commits):
    """Threads commit."""


@pytest.fixture
def grace(db):
    user = a_person("grace")
    yield user
    user.delete()


def at_once(work, of):
    def one(what):
        try:
            return work(what)
        except (factors.TheLastOne, guessing.TooManyGuesses):
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(one, of))


def test_of_two_that_go_at_once_one_stays(grace):
    two = [add_app(grace), add_app(grace)]
    at_once(factors.take_away, two)
    assert grace.authenticators.count() == 1


def test_a_code_that_is_shown_by_many_at_once_lets_one_in(grace):
    code = code_of(add_app(grace))
    shown = at_once(lambda _: factors.shows_code(grace, code, at=wall()), range(8))
    assert sum(bool(one) for one in shown) == 1


def test_a_recovery_code_that_is_shown_by_many_at_once_lets_one_in(grace):
    code, *_ = factors.make_recovery_codes(grace, at=wall())
    shown = at_once(lambda _: factors.shows_recovery_code(grace, code, at=wall()), range(8))
    assert sum(shown) == 1


def test_fifty_guesses_at_once_are_no_more_than_ten(db):
    at = wall()

    def guess(_):
        guessing.count(guessing.PASSWORD, "ada", "192.0.2.1", at=at)
        return True

    assert sum(at_once(guess, range(50))) == 10


def test_of_many_logins_at_once_three_sessions_are_left(grace, settings):
    settings.STAFF_SECOND_FACTOR = False
    at_once(lambda one: Browser(f"192.0.2.{one}").password("grace"), range(8))
    assert Session.objects.filter(user=grace).count() == 3
