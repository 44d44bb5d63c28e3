"""What PostgreSQL refuses of payouts and destinations, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import Error, transaction

from kernel.clock import now
from kernel.ids import uuid7
from kernel.sealed import seal
from payouts.destinations import TABLE, Account, propose
from payouts.models import BankFile, Destination, Payout, Report, State
from payouts.move import Move, move
from payouts.send import send_batch
from tests.payouts.conftest import IBAN, settle_in
from tests.payouts.in_batches import batch_of
from tests.payouts.test_send import owed

pytestmark = pytest.mark.django_db


def refused(do: Callable[..., object], *args: Any, **values: Any) -> str:
    """The SQLSTATE with which it is refused; "" where it is not."""
    try:
        with transaction.atomic():
            do(*args, **values)
    except Error as error:
        return str(getattr(error.__cause__, "sqlstate", "?"))
    return ""


@pytest.mark.parametrize(
    "begins",
    [
        {"state": "approved", "batch_id": uuid7()},
        {"state": "in_transit", "batch_id": uuid7()},
        {"sequence": 7},
        {"batch_id": uuid7()},
        {"file_id": uuid7()},
    ],
)
def test_a_payout_begins_as_a_draft_of_nobodys(payee, begins):
    given = {
        "merchant_id": payee.merchant.id,
        "livemode": False,
        "amount": 5_00,
        "currency": "EUR",
        "destination_id": Destination.objects.get().id,
        "rail": "bank",
        "method": "api",
        "created_at": now(),
        "updated_at": now(),
    }

    assert refused(Payout.objects.create, **given, **begins) == "PG111"
    assert refused(Payout.objects.create, **given) == ""


def test_nothing_leaves_of_a_batch_that_there_is_not(payee):
    payout = owed(payee.merchant.id)
    moves = [Move(payout.merchant_id, payout.id)]
    Payout.objects.update(batch_id=uuid7())
    for state in (State.PENDING_APPROVAL, State.APPROVED):
        move(state, moves, at=now())

    assert refused(move, State.IN_TRANSIT, moves, at=now()) == "PG121"


def test_where_money_goes_is_not_changed_under_the_approval(merchant, settings):
    destination = settle_in(merchant.merchant.id)
    rows = Destination.objects.filter(id=destination.id)

    def sealed_anew() -> None:
        rows.update(sealed=seal(b"FR1420041010050500013M02606", table=TABLE, row=destination.id))

    changes: list[dict[str, Any]] = [
        {"last4": "0000"},
        {"holder": "Mallory"},
        {"rail": "adyen"},
        {"usable_from": now() - timedelta(days=90)},
        {"decided_by": "ada"},
    ]
    assert {refused(rows.update, **change) for change in changes} == {"PG114"}
    assert refused(sealed_anew) == "PG114"
    settings.SEALING_KEYS = ["bmV3IGtleSBuZXcga2V5IG5ldyBrZXkgbmV3IGtleSE=", *settings.SEALING_KEYS]
    assert refused(sealed_anew) == ""  # When a key is rolled, all is sealed again.


def test_what_became_of_a_file_never_goes_back(payee, bank):
    send_batch(batch_of([owed(payee.merchant.id)]), at=now())
    for state, before in (("sent", "made"), ("accepted", "sent"), ("rejected", "accepted")):
        assert refused(BankFile.objects.update, state=state) == ""
        assert refused(BankFile.objects.update, state=before) == "PG112"

    assert refused(BankFile.objects.update, livemode=True) == "PG112"


def test_a_destination_begins_as_a_proposal_and_cools_off_after_its_approval(merchant):
    proposed = propose(
        merchant.merchant.id,
        Account(currency="EUR", holder="Kiosk", iban=IBAN),
        livemode=False,
        by="ada",
        at=now(),
    )
    copy = Destination.objects.get(id=proposed.id)
    copy.id, copy.decided_by, copy.decided_at, copy.usable_from = uuid7(), "grace", now(), now()
    copy.__dict__["state"] = "approved"
    assert refused(copy.save, force_insert=True) == "PG111"

    approved = {"state": "approved", "decided_by": "grace", "decided_at": now()}
    rows = Destination.objects.filter(id=proposed.id)
    assert refused(rows.update, **approved, usable_from=now() - timedelta(days=1)) == "23514"
    assert refused(rows.update, **approved, usable_from=now() + timedelta(days=1)) == ""


def test_what_the_bank_said_is_never_applied_again(payee, bank):
    report = Report.objects.create(
        livemode=False,
        number=500_000,
        name="n.xml",
        kind="camt.054",
        sha256="",
        content=b"",
        received_at=now(),
    )
    rows = Report.objects.filter(id=report.id)
    assert refused(rows.update, content=b"other") == "PG112"
    assert refused(rows.update, state="applied") == ""
    assert refused(rows.update, state="received") == "PG112"
