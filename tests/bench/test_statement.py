"""What the bench says of a very large settlement file is of work that was done: counted here for a few lines."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.db import connection

from bench.statement import reconcile
from paygate.reconciliation.models import Break, Cause


@pytest.fixture
def db(commits: None) -> Iterator[None]:
    """The payments are written over a connection of their own."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS bench CASCADE")


def test_all_lines_are_taken_and_those_that_do_not_agree_are_found(db: None) -> None:
    at = connection.settings_dict
    owner = f"postgresql://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"

    measured = reconcile(lines=60, owner=owner, postgres=os.getpid(), odd=20)

    assert (measured["taken"], measured["breaks"]) == (61, 3)
    assert set(Break.objects.values_list("cause", "amount")) == {(Cause.AMOUNT, 1_00)}
    assert min(measured[f"{what}_seconds"] for what in ("copy", "receive", "apply")) > 0
