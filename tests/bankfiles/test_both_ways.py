"""What we write, another program reads; what it writes of that, we read: the simulated bank, without a server."""

from __future__ import annotations

from datetime import UTC, date, datetime

from kernel.money import Money
from payouts.bankfiles import nacha, pain001
from payouts.bankfiles.orders import Became
from payouts.bankfiles.reports import read
from simulators.bank import camt as bank_camt
from simulators.bank import nacha as bank_nacha
from simulators.bank import pain001 as bank_pain001
from simulators.bank import pain002 as bank_pain002
from simulators.bank.orders import Reason
from tests.bankfiles.made import ANKARA, ach, ach_order, order, reference, transfer

LATER = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


def test_a_credit_transfer_goes_out_and_comes_back() -> None:
    made = order(
        transfer(1, 1050), transfer(2, 250, name="Øre & Søn"), transfer(3, 100, iban=ANKARA)
    )

    file = bank_pain001.read(pain001.write(made))

    assert file.whole is None
    assert [payment.reason for payment in file.payments] == [None, None, None]
    assert [payment.amount for payment in file.payments] == [1050, 250, 100]
    assert {group.day for group in file.groups} == {date(2026, 11, 25)}

    refused, paid = file.payments[0], file.payments[1]
    refused.state, refused.reason, file.state = (
        "rejected",
        Reason("AC01", "no such account"),
        "part",
    )
    [said] = read(bank_pain002.report(file, id_="R1", at=LATER)).items
    assert (said.reference, said.became, said.code) == (reference(1), Became.REJECTED, "AC01")
    assert said.amount == Money(1050, "EUR")

    group = file.groups[0]
    booked = bank_camt.Entry("E1", LATER, [paid], file.message_id, group.id)
    [said] = read(bank_camt.notification(group.account, [booked], id_="R2", at=LATER)).items
    assert (said.reference, said.became, said.amount) == (
        reference(2),
        Became.PAID,
        Money(250, "EUR"),
    )

    paid.reason = Reason("AC04", "closed")
    back = bank_camt.Entry("E2", LATER, [paid], file.message_id, group.id, is_return=True)
    [said] = read(bank_camt.notification(group.account, [back], id_="R3", at=LATER)).items
    assert (said.reference, said.became, said.code) == (reference(2), Became.RETURNED, "AC04")


def test_the_whole_file_is_accepted_or_refused_under_our_message_id() -> None:
    made = order(transfer(1))
    file = bank_pain001.read(pain001.write(made))

    file.state = "accepted"
    report = read(bank_pain002.report(file, id_="R1", at=LATER))
    assert (report.of_message, report.whole) == (made.message_id, Became.ACCEPTED)

    file.state, file.whole = "rejected", Reason("DU01")
    report = read(bank_pain002.report(file, id_="R2", at=LATER))
    assert (report.of_message, report.whole, report.code) == (
        made.message_id,
        Became.REJECTED,
        "DU01",
    )


def test_an_ach_payment_goes_out_and_comes_back() -> None:
    made = ach_order(ach(1, 1050), ach(2, 200, account_type="savings"))

    file = bank_nacha.read(nacha.write(made), message_id="M1")

    [group] = file.groups
    assert [payment.amount for payment in group.payments] == [1050, 200]
    assert [payment.reason for payment in group.payments] == [None, None]

    booked = bank_camt.Entry("E1", LATER, group.payments, "M1", group.id)
    statement = read(bank_camt.notification(group.account, [booked], id_="R1", at=LATER))
    assert [(item.trace, item.became, item.amount) for item in statement.items] == [
        (ach(1).trace, Became.PAID, Money(1050, "USD")),
        (ach(2).trace, Became.PAID, Money(200, "USD")),
    ]

    group.payments[1].reason = Reason("R03", "no account")
    back = bank_nacha.returns(group, group.payments[1:], at=LATER, modifier="A")
    [item] = read(back).items
    assert (item.trace, item.became, item.code) == (ach(2).trace, Became.RETURNED, "R03")
    assert item.amount == Money(200, "USD")
