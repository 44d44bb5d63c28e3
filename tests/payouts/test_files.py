"""What is written into files for the bank, on which day, under which numbers; one batch is no other's trouble."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from kernel.clock import now
from kernel.money import Money
from payouts import files
from payouts.files import bytes_of
from payouts.models import BankFile, Batch, Payout, State
from payouts.move import move_one
from payouts.send import send_approved, send_batch
from payouts.transmit import transmit_due
from tests.bankfiles.made import ANKARA
from tests.payouts.conftest import earn, settle_in
from tests.payouts.in_batches import batch_of
from tests.payouts.test_send import US, again, hear, owed

pytestmark = pytest.mark.django_db


def in_dollars(merchant_id: UUID, *, holder: str = "Diner Inc.") -> Payout:
    earn(merchant_id, Money(60_00, "USD"))
    settle_in(merchant_id, currency="USD", holder=holder, **US)
    return owed(merchant_id, currency="USD")


def test_euros_go_to_accounts_within_sepa_and_beyond_in_one_file(payees, bank):
    near, far = payees(2)
    settle_in(far, iban=ANKARA)
    payouts = [owed(near), owed(far)]

    assert send_batch(batch_of(payouts), at=now())
    transmit_due(at=now())
    hear(bank, days=9)

    file = BankFile.objects.get()
    assert (file.payments, file.state) == (2, "accepted")
    assert [again(payout).state for payout in payouts] == [State.PAID, State.PAID]


def test_a_batch_that_trips_us_up_does_not_keep_the_others_waiting(payees, bank, monkeypatch):
    first, second = payees(2)
    bad, good = batch_of([owed(first)]), batch_of([owed(second)])
    real = files.make_file

    def make_file(batch: Batch, *, at: datetime) -> Any:
        if batch.id == bad.id:
            raise ValueError("its key is gone")
        return real(batch, at=at)

    monkeypatch.setattr("payouts.send.make_file", make_file)

    assert send_approved(at=now()) == 1

    states = dict(Batch.objects.values_list("id", "state"))
    assert states == {bad.id: "approved", good.id: "sent"}


def test_a_currency_without_an_account_of_ours_does_not_keep_the_others_waiting(payees, bank):
    """However early its name stands in the alphabet."""
    first, second = payees(2)
    earn(first, Money(100_00, "AUD"))
    settle_in(first, currency="AUD")
    stuck, going = owed(first, currency="AUD"), owed(second)

    assert not send_batch(batch_of([stuck, going]), at=now())

    assert again(going).state == State.IN_TRANSIT
    assert again(stuck).state == State.APPROVED
    move_one(again(stuck), State.CANCELED, at=now())
    assert send_batch(Batch.objects.get(), at=now())


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 11, 24, 10, tzinfo=UTC), date(2026, 11, 30)),  # Its value date, a Monday.
        (datetime(2026, 12, 3, 10, tzinfo=UTC), date(2026, 12, 3)),  # Later: on the day itself.
        (datetime(2026, 12, 5, 10, tzinfo=UTC), date(2026, 12, 7)),  # On a Saturday: on Monday.
    ],
)
def test_the_bank_is_asked_to_pay_on_the_value_date_or_as_soon_as_it_can(payee, bank, at, day):
    payout = owed(payee.merchant.id)

    assert send_batch(batch_of([payout]), at=at)

    assert again(payout).arrives_on == day
    assert f"<ReqdExctnDt><Dt>{day}</Dt></ReqdExctnDt>".encode() in bytes_of(BankFile.objects.get())


def test_a_trace_number_goes_on_from_file_to_file(payees, bank):
    shops = payees(4)
    files_ = [[shops[0], shops[1]], [shops[2]], [shops[3]]]
    holders = {shops[0]: "…!?…"}  # Which cannot be written: its number is the next one's.
    traces = []
    for number, merchants in enumerate(files_, start=1):
        payouts = [in_dollars(shop, holder=holders.get(shop, "Diner Inc.")) for shop in merchants]
        assert send_batch(batch_of(payouts), at=now())
        assert BankFile.objects.filter(sequence=number, payments=1).exists()
        traces += [again(payout).trace for payout in payouts]

    assert traces == ["", *(f"11000000{number:07d}" for number in (1, 2, 3))]


def test_trace_numbers_are_counted_round_and_never_of_zeros_alone(payees, bank, monkeypatch):
    monkeypatch.setattr(files, "_TRACES", 2)
    traces = []
    for shop in payees(3):
        payout = in_dollars(shop)
        assert send_batch(batch_of([payout]), at=now())
        traces.append(again(payout).trace[-7:])

    assert traces == ["0000001", "0000002", "0000001"]
