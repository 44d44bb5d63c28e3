"""A request waits for its outcome in one of a few places, so that slow PSPs do not take the web server."""

import pytest

from paygate.api import waiting
from paygate.api.waiting import Place


@pytest.fixture(autouse=True)
def few_places(settings):
    settings.WAITING_PLACES, settings.WAITING_PLACES_IN_ALL = 2, 3
    waiting._places.cache_clear()
    yield
    waiting._places.cache_clear()


def test_a_slow_psp_has_its_own_places_and_no_more():
    slow = [Place("stripe") for _ in range(3)]

    assert [place.free for place in slow] == [True, True, False]
    assert Place("adyen").free


def test_two_slow_psps_leave_room_between_them():
    slow = [Place(psp) for psp in ("stripe", "adyen") for _ in range(2)]

    assert [place.free for place in slow] == [True, True, True, False]
    assert not Place("braintree").free


def test_a_place_is_free_again_once_left():
    for _ in range(10):
        with Place("stripe") as one, Place("stripe") as two, Place("stripe") as three:
            assert (one, two, three) == (True, True, False)


def test_who_finds_no_place_is_answered_at_once(api, simulators, settings):
    settings.WAITING_PLACES_IN_ALL = 0
    simulators["stripe"].faults(next=["timeout_after"], hang_seconds=1)

    assert api.pay(psp="stripe").status_code == 202
