"""Workers that apply statements at the same time do so one after the other, and each statement once."""

from __future__ import annotations

import time
from typing import Any

import pytest

from kernel.clock import now
from paygate.reconciliation import apply as applying
from paygate.reconciliation.apply import apply
from paygate.reconciliation.models import Break, Cause, Statement
from tests.proof.holds import holds
from tests.races import at_once
from tests.reconciliation.statements import capture_of, received, stand_in


@pytest.fixture
def db(commits):
    """What two workers do at once is committed."""


@pytest.fixture
def slowly(api, monkeypatch) -> Any:
    """Every statement says of the same payment that it was captured, and is read slowly."""
    paid = api.pay(psp="stripe", amount=10_000).json()

    def read(of: Statement) -> Any:
        reading = stand_in(of, [capture_of(paid)])
        time.sleep(0.5)
        return reading

    monkeypatch.setattr(applying, "read", read)
    monkeypatch.setattr(applying, "_accounts", lambda *_: frozenset())


def test_a_statement_that_two_workers_take_is_applied_by_one(slowly):
    statement = received()

    assert sorted(at_once(2, lambda _: apply(statement, at=now()))) == [False, True]

    assert not Break.objects.exists()
    assert holds()


def test_of_two_statements_at_once_the_second_knows_what_the_first_has_settled(slowly):
    statements = [received(), received()]

    assert at_once(2, lambda number: apply(statements[number], at=now())) == [True, True]

    assert Break.objects.get().cause == Cause.CAPTURED_TWICE
    assert holds()
