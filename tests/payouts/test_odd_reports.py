"""What a bank may say that fits no payout, or says of a whole file: nothing is lost, nothing believed of another."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from kernel.clock import now
from kernel.ids import encode, uuid7
from ledger import chart
from payouts.bank import registry
from payouts.bank.channel import ReportName
from payouts.models import BankFile, Payout, Report, ReportException, State
from payouts.move import move_one
from payouts.reports import apply, hear_the_bank, keep
from payouts.send import send_batch
from tests.bankfiles.reported import camt, details, entry, pain002, returns, status
from tests.payouts.conftest import available, on
from tests.payouts.in_batches import batch_of
from tests.payouts.test_send import again, owed

pytestmark = pytest.mark.django_db

REJECTED = "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AM05</Cd></Rsn></StsRsnInf>"
_numbers = count(700_000)


def kept(content: bytes, *, livemode: bool = False) -> Report:
    """The bank's report, as it came."""
    number = next(_numbers)
    keep(ReportName(number, "pain.002", "a report"), content, livemode=livemode, at=now())
    return Report.objects.get(livemode=livemode, number=number)


def told(content: bytes, *, livemode: bool = False) -> None:
    assert apply(kept(content, livemode=livemode), at=now())


def why() -> list[str]:
    return list(ReportException.objects.order_by("place").values_list("why", flat=True))


@pytest.fixture
def sent(payees: Any, bank: Any) -> list[Payout]:
    """Three payouts of 60.00 EUR in one file."""
    payouts = [owed(shop) for shop in payees(3)]
    assert send_batch(batch_of(payouts), at=now())
    return [again(payout) for payout in payouts]


@pytest.fixture
def file(sent: list[Payout]) -> BankFile:
    return BankFile.objects.get()


def states(payouts: list[Payout]) -> list[str]:
    return [again(payout).state for payout in payouts]


def test_a_file_that_was_accepted_may_still_be_rejected(sent, file):
    told(pain002(original=file.message_id))
    file.refresh_from_db()
    assert file.state == "accepted"

    told(pain002(original=file.message_id, group=REJECTED))

    file.refresh_from_db()
    assert (file.state, file.message) == ("rejected", "AM05")
    assert states(sent) == [State.FAILED] * 3
    assert available(sent[0].merchant_id) == 100_00
    told(pain002(original=file.message_id, group=REJECTED))
    assert why() == []


def test_a_file_of_which_something_is_paid_is_not_rejected_as_a_whole(sent, file):
    told(camt(entry("60.00 EUR", "DBIT", [details(sent[0].public_id)])))

    told(pain002(original=file.message_id, group=REJECTED))

    assert states(sent) == [State.PAID, State.IN_TRANSIT, State.IN_TRANSIT]
    assert why() == ["Of our file something is paid."]


def test_a_file_that_was_rejected_is_not_accepted_any_more(sent, file):
    told(pain002(original=file.message_id, group=REJECTED))

    told(pain002(original=file.message_id))

    assert states(sent) == [State.FAILED] * 3
    assert why() == ["Our file is rejected."]


@pytest.mark.parametrize("group", [REJECTED, "<GrpSts>ACTC</GrpSts>"])
def test_the_bank_of_one_mode_says_nothing_of_the_others_files(sent, file, group):
    told(pain002(original=file.message_id, group=group), livemode=True)

    file.refresh_from_db()
    assert file.state == "made"
    assert states(sent) == [State.IN_TRANSIT] * 3
    assert why() == ["It names no file of ours."]


def test_a_file_that_is_not_ours_waits_for_a_person(sent):
    told(pain002(original="SOMEBODY-ELSES", group=REJECTED))

    found = ReportException.objects.get()
    assert (found.why, found.reference) == ("It names no file of ours.", "SOMEBODY-ELSES")
    assert (found.became, found.code) == ("rejected", "AM05")


def test_a_rejected_payment_keeps_its_own_reason(sent, file):
    one = status(sent[0].public_id.replace("_", "-"), "RJCT", "AC04")
    told(pain002(one, original=file.message_id, group=REJECTED))

    assert [again(payout).failure_code for payout in sent] == ["AC04", "AM05", "AM05"]


@pytest.mark.parametrize("side", ["DBIT", "CRDT"])
def test_what_is_booked_twice_in_one_report_waits_for_a_person(sent, side):
    line = entry("60.00 EUR", side, [details(sent[0].public_id)], code="PMNT ICDT RRTN")
    told(camt(line, line))

    assert why() == ["The report says so of our payout twice."]
    assert again(sent[0]).state == (State.PAID if side == "DBIT" else State.RETURNED)


def test_a_file_that_is_booked_as_one_sum_is_paid(sent, file):
    move_one(sent[2], State.FAILED, at=now())

    told(camt(entry("120.00 EUR", "DBIT", batch=file.message_id)))

    assert states(sent) == [State.PAID, State.PAID, State.FAILED]
    assert on(sent[0].merchant_id, chart.operating_bank()) == 60_00
    assert why() == []


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["180.01 EUR"], "What has not failed of our file is 180.00 EUR."),
        (["180.00 USD"], "What has not failed of our file is 180.00 EUR."),
    ],
)
def test_another_sum_than_a_files_waits_for_a_person(sent, file, lines, says):
    told(camt(*(entry(line, "DBIT", batch=file.message_id) for line in lines)))

    assert states(sent) == [State.IN_TRANSIT] * 3
    assert why() == [says]


def test_a_sum_that_is_booked_twice_waits_for_a_person(sent, file):
    line = entry("180.00 EUR", "DBIT", batch=file.message_id)
    told(camt(line, line))

    assert states(sent) == [State.PAID] * 3
    assert why() == ["The report says so of our payout twice."]


def test_a_sum_that_names_no_file_of_ours_waits_for_a_person(sent):
    told(camt(entry("180.00 EUR", "DBIT", batch="SOMEBODY-ELSES")))

    assert states(sent) == [State.IN_TRANSIT] * 3
    assert why() == ["It names no payout of ours."]


def test_letters_that_no_database_keeps_are_left_out(sent):
    said = returns(("99", "R03", 1050, "011000010000009")).replace("SUCH  ", "SUCH \0")
    told(said.encode())

    assert ReportException.objects.get().message == "NO SUCH ACCOUNT"


def test_a_report_that_trips_us_up_does_not_keep_the_others_waiting(sent, monkeypatch):
    from payouts import reports

    bad, good = (
        kept(b"<bad/>"),
        kept(camt(entry("60.00 EUR", "DBIT", [details(sent[0].public_id)]))),
    )
    real = reports.read

    def read(content: bytes) -> Any:
        if content == b"<bad/>":
            raise RecursionError
        return real(content)

    with monkeypatch.context() as patched:
        patched.setattr(reports, "read", read)
        patched.setattr(registry.bank(livemode=False), "reports", lambda after: [])
        assert hear_the_bank(livemode=False, at=now()) == 1

    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == ("received", "applied")
    assert again(sent[0]).state == State.PAID


def test_a_payout_that_never_left_by_a_file_is_not_moved_by_a_report(payee, bank):
    draft = owed(payee.merchant.id)

    told(
        camt(entry("60.00 EUR", "DBIT", [details(draft.public_id), details(encode("po", uuid7()))]))
    )

    assert again(draft).state == State.DRAFT
    assert why() == ["It names no payout of ours."] * 2
