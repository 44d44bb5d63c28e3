"""Every page of the books, payouts, reconciliation and the proof, as each role comes to it."""

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


@pytest.mark.parametrize("role", ["finance lead", *sorted(set(ROLES) - {"finance lead"})])
def test_every_page_of_money_is_sound(log_in, town, seen, role):
    sweep(log_in, role, seen, lambda room: room in MONEY)
