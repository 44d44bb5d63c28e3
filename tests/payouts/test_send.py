"""A batch leaves by files, the bank answers, and whatever is killed on the way pays once."""

from __future__ import annotations

import zlib
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from kernel.clock import now
from kernel.ids import uuid7
from kernel.money import Money
from ledger import chart
from payouts import transmit
from payouts.bank.channel import Taken
from payouts.create import Wanted, create
from payouts.destinations import retire
from payouts.files import bytes_of
from payouts.models import BankFile, Batch, Destination, Payout, Report, ReportException, State
from payouts.move import move_one
from payouts.reports import apply, hear_the_bank, keep
from payouts.send import send_batch
from payouts.transmit import transmit_due
from tests.payouts.conftest import available, earn, on, settle_in
from tests.payouts.in_batches import batch_of

pytestmark = pytest.mark.django_db

US = {"routing_number": "021000021", "account_number": "123456789"}


def owed(merchant_id: UUID, amount: int = 60_00, currency: str = "EUR") -> Payout:
    return create(merchant_id, Wanted(currency, amount), id_=uuid7(), livemode=False, at=now())


def later(**time: float) -> Any:
    return now() + timedelta(**time)


def again(payout: Payout) -> Payout:
    return Payout.objects.get(merchant_id=payout.merchant_id, id=payout.id)


def paid_by(bank: Any, payout: Payout) -> list[int]:
    """Each payment of this payout in the bank's own books; a NACHA file tells it only the trace."""
    names = {payout.public_id, again(payout).trace or payout.public_id}
    return [
        entry["amount"]
        for entry in bank.books()["entries"]
        if entry["payment"] in names and entry["kind"] == "paid_out"
    ]


def hear(bank: Any, *, days: float) -> None:
    bank.clock(advance=days * 86400)
    hear_the_bank(livemode=False, at=now())


def test_a_file_is_made_sent_and_paid(payee, bank):
    payout = owed(payee.merchant.id)
    batch = batch_of([payout])

    assert send_batch(batch, at=now())
    file = BankFile.objects.get()
    assert (file.state, file.format, file.payments, file.total) == ("made", "pain.001", 1, 60_00)
    assert again(payout).state == State.IN_TRANSIT
    assert again(payout).file_id == file.id
    assert sha256(bytes_of(file)).hexdigest() == file.sha256
    assert payout.public_id.replace("_", "-").encode() in bytes_of(file)

    assert transmit_due(at=now()) == 1
    file.refresh_from_db()
    assert (file.state, file.outcome) == ("sent", "taken")
    hear(bank, days=0.01)
    file.refresh_from_db()
    assert file.state == "accepted"
    assert again(payout).state == State.IN_TRANSIT

    hear(bank, days=9)
    assert again(payout).state == State.PAID
    assert paid_by(bank, payout) == [60_00]
    assert on(payee.merchant.id, chart.operating_bank()) == 60_00
    assert not ReportException.objects.exists()


def test_dollars_leave_by_nacha_and_are_known_by_their_trace(merchant, bank):
    earn(merchant.merchant.id, Money(100_00, "USD"))
    settle_in(merchant.merchant.id, currency="USD", **US)
    payout = owed(merchant.merchant.id, currency="USD")
    send_batch(batch_of([payout]), at=now())
    transmit_due(at=now())

    assert BankFile.objects.get().format == "nacha"
    trace = again(payout).trace
    assert len(trace) == 15
    assert trace.encode() in bytes_of(BankFile.objects.get())
    hear(bank, days=9)
    assert again(payout).state == State.PAID
    assert paid_by(bank, payout) == [60_00]


@pytest.mark.parametrize(
    ("currency", "account"), [("EUR", {"iban": "DE89370400440532013000"}), ("USD", US)]
)
def test_what_the_merchants_bank_sends_back_is_available_again(merchant, bank, currency, account):
    earn(merchant.merchant.id, Money(100_00, currency))
    reason = "AC04" if currency == "EUR" else "R02"
    settle_in(merchant.merchant.id, currency=currency, holder=f"Kiosk RETURN {reason}", **account)
    payout = owed(merchant.merchant.id, currency=currency)
    send_batch(batch_of([payout]), at=now())
    transmit_due(at=now())

    hear(bank, days=15)

    assert (again(payout).state, again(payout).failure_code) == (State.RETURNED, reason)
    assert available(merchant.merchant.id, currency) == 100_00
    assert on(merchant.merchant.id, chart.operating_bank(), currency) == 0


def test_what_the_bank_rejects_was_never_paid(merchant, bank):
    earn(merchant.merchant.id, Money(100_00, "EUR"))
    settle_in(merchant.merchant.id, holder="Kiosk REJECT AC06")
    payout = owed(merchant.merchant.id)
    send_batch(batch_of([payout]), at=now())
    transmit_due(at=now())

    hear(bank, days=9)

    assert (again(payout).state, again(payout).failure_code) == (State.FAILED, "AC06")
    assert available(merchant.merchant.id) == 100_00
    assert paid_by(bank, payout) == []


@pytest.mark.parametrize("fault", ["timeout_after", "error_after", "reset_after", "malformed"])
def test_a_file_that_was_not_answered_is_looked_for_and_not_sent_again(payee, bank, fault):
    payout = owed(payee.merchant.id)
    send_batch(batch_of([payout]), at=now())
    bank.faults(next=[fault], hang_seconds=2)
    transmit_due(at=now())
    assert BankFile.objects.get().outcome == "unknown"

    bank.faults()
    transmit_due(at=later(hours=1))
    assert BankFile.objects.get().state == "sent"
    hear(bank, days=9)
    assert paid_by(bank, payout) == [60_00]


@pytest.mark.parametrize("fault", ["timeout_before", "error_before", "reset_before"])
def test_a_file_that_never_arrived_is_sent_again_once_that_is_certain(payee, bank, fault):
    payout = owed(payee.merchant.id)
    send_batch(batch_of([payout]), at=now())
    bank.faults(next=[fault], hang_seconds=2)
    transmit_due(at=now())
    assert BankFile.objects.get().state == "made"

    bank.faults()
    for hour in (1, 2):
        transmit_due(at=later(hours=hour))
    assert BankFile.objects.get().state == "sent"
    hear(bank, days=9)
    assert paid_by(bank, payout) == [60_00]


def test_a_crash_between_the_call_and_its_answer_pays_once(payee, bank, monkeypatch):
    payout = owed(payee.merchant.id)
    send_batch(batch_of([payout]), at=now())

    def die(*_: Any, **__: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(transmit, "settle", die)
        with pytest.raises(SystemExit):
            transmit_due(at=now())
    assert BankFile.objects.get().state == "made"

    transmit_due(at=later(hours=1))
    assert BankFile.objects.get().state == "sent"
    hear(bank, days=9)
    assert paid_by(bank, payout) == [60_00]


def test_the_same_file_sent_twice_pays_once(payee, bank):
    """What no path of ours does: even then the bank knows its message id."""
    from payouts.bank.registry import bank as channel

    payout = owed(payee.merchant.id)
    send_batch(batch_of([payout]), at=now())
    file = BankFile.objects.get()
    sending = {"message_id": file.message_id, "name": "again.xml", "content": bytes_of(file)}
    answers = [channel(livemode=False).submit(**sending) for _ in range(3)]

    assert all(isinstance(answer, Taken) for answer in answers)
    transmit_due(at=now())
    hear(bank, days=9)
    assert paid_by(bank, payout) == [60_00]


def test_a_batch_sent_again_makes_no_second_file(payee, bank):
    batch = batch_of([owed(payee.merchant.id)])
    assert send_batch(batch, at=now())
    content = bytes(BankFile.objects.get().content)

    assert not send_batch(batch, at=now())

    assert [bytes(f.content) for f in BankFile.objects.all()] == [content]


def test_files_are_by_currency_and_format_and_numbered_without_a_gap(payees, merchant, bank):
    payouts = [owed(shop) for shop in payees(3)]
    earn(merchant.merchant.id, Money(100_00, "USD"))
    settle_in(merchant.merchant.id, currency="USD", **US)
    payouts.append(owed(merchant.merchant.id, currency="USD"))
    earn(merchant.merchant.id, Money(100_00, "GBP"))
    settle_in(merchant.merchant.id, currency="GBP", iban="GB29NWBK60161331926819")
    payouts.append(owed(merchant.merchant.id, currency="GBP"))

    send_batch(batch_of(payouts), at=now())

    files = {(f.format, f.currency, f.sequence, f.payments) for f in BankFile.objects.all()}
    assert files == {("pain.001", "EUR", 1, 3), ("pain.001", "GBP", 2, 1), ("nacha", "USD", 1, 1)}


def test_what_was_called_off_after_the_approval_is_in_no_file(payees, bank):
    payouts = [owed(shop) for shop in payees(3)]
    batch = batch_of(payouts)
    move_one(payouts[1], State.CANCELED, at=now())

    assert send_batch(batch, at=now())

    assert BankFile.objects.get().payments == 2
    assert again(payouts[1]).file_id is None


def test_what_would_go_to_a_retired_destination_is_called_off(payees, bank):
    shops = payees(2)
    payouts = [owed(shop) for shop in shops]
    batch = batch_of(payouts)
    gone = Destination.objects.get(merchant_id=shops[0])
    retire(gone, by="grace", because="The merchant's phone was stolen.", at=now())

    assert send_batch(batch, at=now())

    stayed = again(payouts[0])
    assert (stayed.state, stayed.failure_code) == (State.CANCELED, "destination_retired")
    assert available(shops[0]) == 100_00
    assert again(payouts[1]).state == State.IN_TRANSIT


def test_a_name_the_format_has_no_words_for_is_called_off_and_the_rest_leaves(payees, bank):
    shops = payees(2)
    settle_in(shops[0], holder="…!?…")
    payouts = [owed(shop) for shop in shops]

    assert send_batch(batch_of(payouts), at=now())

    unfit = again(payouts[0])
    assert (unfit.state, unfit.failure_code) == (State.CANCELED, "destination_unfit")
    assert again(payouts[1]).state == State.IN_TRANSIT
    assert available(shops[0]) == 100_00


def test_without_an_account_of_ours_the_batch_waits(merchant, bank, settings):
    earn(merchant.merchant.id, Money(100_00, "PLN"))
    settle_in(merchant.merchant.id, currency="PLN", iban="PL61109010140000071219812874")
    payout = owed(merchant.merchant.id, currency="PLN")
    batch = batch_of([payout])

    assert not send_batch(batch, at=now())
    assert again(payout).state == State.APPROVED
    assert Batch.objects.get().state == Batch.State.APPROVED


def test_a_file_the_bank_refuses_as_a_whole_gives_everything_back(payees, bank, settings):
    shops = payees(2)
    payouts = [owed(shop) for shop in shops]
    send_batch(batch_of(payouts), at=now())
    file = BankFile.objects.get()

    transmit.settle(file, transmit.Refused("FF01", "Not a file of ours."), at=now())

    file.refresh_from_db()
    assert (file.state, file.message) == ("rejected", "FF01 Not a file of ours.")
    assert [again(p).state for p in payouts] == [State.FAILED, State.FAILED]
    assert [available(shop) for shop in shops] == [100_00, 100_01]


def camt(reference: str, amount: str = "60.00", currency: str = "EUR", sign: str = "DBIT") -> bytes:
    """The least of a camt.054 that says one payment was booked."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>
<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-24T10:00:00Z</CreDtTm></GrpHdr>
<Ntfctn><Id>N1</Id><CreDtTm>2026-11-24T10:00:00Z</CreDtTm>
<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>
<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls><TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>
<Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd></TxDtls></NtryDtls></Ntry>
</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>""".encode()


_numbers = iter(range(100_000, 200_000))


def told(content: bytes) -> Report:
    """The bank's report, kept and applied."""
    from payouts.bank.channel import ReportName

    number = next(_numbers)
    keep(ReportName(number, "camt.054", "n.xml"), content, livemode=False, at=now())
    report = Report.objects.get(number=number)
    apply(report, at=now())
    report.refresh_from_db()
    return report


@pytest.fixture
def sent(payee, bank) -> Payout:
    payout = owed(payee.merchant.id)
    send_batch(batch_of([payout]), at=now())
    return again(payout)


def test_a_report_heard_twice_pays_once(sent):
    content = camt(sent.public_id)
    for _ in range(2):
        assert told(content).state == "applied"

    assert again(sent).state == State.PAID
    assert not ReportException.objects.exists()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"amount": "60.01"}, "Our payout is of 60.00 EUR."),
        ({"currency": "USD"}, "Our payout is of 60.00 EUR."),
        ({"reference": "po-01k9v3d7t3e6h8m0q2s4w6y8za"}, "It names no payout of ours."),
    ],
)
def test_a_line_that_does_not_fit_waits_for_a_person(sent, change, why):
    told(camt(**{"reference": sent.public_id} | change))

    assert again(sent).state == State.IN_TRANSIT
    assert ReportException.objects.get().why == why


def test_a_payment_of_what_we_hold_for_failed_waits_for_a_person(sent):
    move_one(sent, State.FAILED, at=now())

    told(camt(sent.public_id))

    assert again(sent).state == State.FAILED
    assert ReportException.objects.get().why == "Our payout is failed."


def test_a_report_that_cannot_be_read_is_kept_as_it_came(sent):
    report = told(b"<html>maintenance</html>")

    assert report.state == "unreadable"
    assert zlib.decompress(report.content) == b"<html>maintenance</html>"
    assert again(sent).state == State.IN_TRANSIT


def test_bytes_that_are_not_what_was_written_are_never_sent(sent, monkeypatch):
    file = BankFile.objects.get()
    file.sha256 = "0" * 64
    with pytest.raises(ValueError, match="not what was written"):
        bytes_of(file)
