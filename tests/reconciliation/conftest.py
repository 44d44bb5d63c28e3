"""Statements applied by the real code, and two people who close what is found."""

from __future__ import annotations

from typing import Any

import pytest

from kernel.clock import now
from paygate.reconciliation.breaks import propose
from paygate.reconciliation.close import approve
from paygate.reconciliation.drafted import digest
from paygate.reconciliation.models import Break, Statement
from tests.costs.conftest import price, relay
from tests.reconciliation.statements import applied

__all__ = ["price", "relay"]

DRAFT = Break.Proposal.DRAFT


@pytest.fixture
def apply(monkeypatch, db):
    def of(*lines: Any, **how: Any) -> Statement:
        statement = applied(monkeypatch, list(lines), **how)
        assert statement.state == "applied", statement.refused_because
        return statement

    return of


@pytest.fixture
def approve_all():
    """Two people close every open break by its draft."""

    def close() -> None:
        for one in Break.objects.filter(closed_at=None).order_by("id"):
            seen = digest(one, DRAFT)
            propose(one, DRAFT, by="ada", because="as drafted", digest=seen, at=now())
            approve(one, by="grace", because="agreed", digest=seen, at=now())

    return close
