"""A break's graph is drawn on the model and in the database; they are one."""

from __future__ import annotations

import pytest

from kernel.db import call
from paygate.reconciliation.models import arrows


@pytest.mark.django_db
def test_the_database_knows_the_arrows_of_the_model():
    assert set(call("reconciliation_break_arrows")) == arrows()
