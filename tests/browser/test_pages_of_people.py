"""Every other page: payments, disputes, merchants, queues, people, as each role comes to it."""

from __future__ import annotations

import pytest

from paygate.staff.roles import ROLES
from tests.browser.sweep import MONEY, sweep
from tests.browser.town import built


@pytest.fixture(scope="module")
def town(site):
    return built()


@pytest.fixture(scope="module")
def seen():
    """The kinds of pages that were looked at as somebody else sees them already."""
    return set()


@pytest.mark.parametrize("role", ["support lead", *sorted(set(ROLES) - {"support lead"})])
def test_every_page_of_people_is_sound(log_in, town, seen, role):
    sweep(log_in, role, seen, lambda room: room not in MONEY)
