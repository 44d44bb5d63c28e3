"""The channel against the bank: a file arrives once, and what the bank says of it comes home under our own names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.conf import settings as configured

from kernel.ids import encode, uuid7
from kernel.money import Money
from payouts.bank.channel import NotSent, Refused, Taken, Unknown
from payouts.bank.http import HttpChannel
from payouts.bank.registry import BankNotConfigured, bank
from payouts.bankfiles import nacha
from payouts.bankfiles.orders import Became, Order, OwnAccount, Reported
from payouts.bankfiles.reports import read
from payouts.bankfiles.validate import check_iban, check_routing_number
from simulators.run import Simulator
from tests.bank.conftest import written
from tests.bankfiles.made import ach, ach_order, transfer

DAY = 86_400


def told(channel: HttpChannel, asked: Order) -> dict[str, list[tuple[str, Reported]]]:
    """What all reports say of each payment of the order, by its reference: (kind, line)."""
    by_name = {t.reference: t.reference for t in asked.transfers}
    by_name |= {t.trace: t.reference for t in asked.transfers if t.trace}
    said: dict[str, list[tuple[str, Reported]]] = {t.reference: [] for t in asked.transfers}
    newest = 0
    while names := channel.reports(newest):
        newest = names[-1].number
        for name in names:
            report = read(channel.fetch(name.number))
            assert report.kind == name.kind
            for item in report.items:
                if whose := by_name.get(item.reference) or by_name.get(item.trace):
                    said[whose].append((name.kind, item))
    return said


def became(lines: list[tuple[str, Reported]]) -> list[tuple[str, str]]:
    return [(kind, item.became.value) for kind, item in lines]


def test_a_file_is_taken_and_found(channel: HttpChannel, new: Callable[..., Order]) -> None:
    file = written(new())
    digest = sha256(file["content"]).hexdigest()

    taken = channel.submit(**file)

    assert taken == Taken(file["message_id"], digest, 1, "10.00")
    assert channel.find(file["message_id"]) == taken
    assert channel.find(file["message_id"], sha256=digest) == taken


def test_a_file_handed_over_twice_is_paid_once(
    channel: HttpChannel, simulator: Simulator, new: Callable[..., Order]
) -> None:
    asked = new()
    file = written(asked)

    assert channel.submit(**file) == channel.submit(**file)

    simulator.clock(advance=4 * DAY)
    paid = [e for e in simulator.books()["entries"] if e["payment"] == asked.transfers[0].reference]
    assert [(e["kind"], e["amount"], e["currency"]) for e in paid] == [("paid_out", 10_00, "EUR")]


def test_another_file_under_our_message_id_is_a_doubt_and_no_refusal(
    channel: HttpChannel, new: Callable[..., Order]
) -> None:
    first, other = new(), new()
    channel.submit(**written(first))
    theirs = written(replace(other, message_id=first.message_id))

    assert isinstance(channel.submit(**theirs), Unknown)
    digest = sha256(theirs["content"]).hexdigest()
    found = channel.find(first.message_id, sha256=digest)
    assert isinstance(found, Unknown)
    assert "THE FILE DIFFERS" in found.why


def test_what_is_no_file_is_refused_in_the_banks_words(channel: HttpChannel) -> None:
    refused = channel.submit(message_id="PG1", name="x.xml", content=b"<nothing/>")
    assert refused == Refused("no_such_format", "not a pain.001.001.09")
    assert isinstance(channel.find("PG1"), NotSent)


def test_ids_with_underscores_travel_as_banks_pass_them_on_and_come_home(
    channel: HttpChannel, new: Callable[..., Order]
) -> None:
    file = written(new(message_id=encode("pof", uuid7())))

    taken = channel.submit(**file)

    assert isinstance(taken, Taken)
    assert taken.message_id == file["message_id"]
    assert channel.find(file["message_id"]) == taken


def test_what_became_of_payments_is_read_from_the_banks_reports(
    channel: HttpChannel, simulator: Simulator, new: Callable[..., Order]
) -> None:
    names = ("Kiosk", "REJECT AM04", "RETURN MD07")
    transfers = tuple(
        replace(transfer(), reference=encode("po", uuid7()), name=name, amount=Money(minor, "EUR"))
        for minor, name in enumerate(names, 10_00)
    )
    asked = new(transfers=transfers)
    assert isinstance(channel.submit(**written(asked)), Taken)
    simulator.clock(advance=180)
    simulator.clock(advance=10 * DAY)

    said = told(channel, asked)

    paid, rejected, returned = (said[transfer.reference] for transfer in asked.transfers)
    assert became(paid) == [("camt.054", "paid"), ("camt.053", "paid")]
    assert became(rejected) == [("pain.002", "rejected")]
    assert became(returned) == [
        ("camt.054", "paid"),
        ("camt.053", "paid"),
        ("camt.054", "returned"),
        ("camt.053", "returned"),
    ]
    assert rejected[0][1].code == "AM04"
    assert returned[-1][1].code == "MD07"
    for asked_for, lines in zip(asked.transfers, said.values(), strict=True):
        assert {item.amount for _, item in lines} == {asked_for.amount}


def test_a_file_that_is_refused_as_a_whole_is_told_so(
    channel: HttpChannel, simulator: Simulator, new: Callable[..., Order]
) -> None:
    asked = new()
    channel.submit(**written(asked))
    simulator.act("reject_file", message_id=asked.message_id, reason="FF01")

    newest = channel.reports(0)[-1]
    while more := channel.reports(newest.number):
        newest = more[-1]
    report = read(channel.fetch(newest.number))

    assert (report.of_message, report.whole, report.code) == (
        asked.message_id,
        Became.REJECTED,
        "FF01",
    )


def test_dollars_leave_by_ach_and_come_back(channel: HttpChannel, simulator: Simulator) -> None:
    transfers = (
        replace(ach(1, 10_00), reference=encode("po", uuid7())),
        replace(ach(2, 20_00), reference=encode("po", uuid7()), name="RETURN R03"),
    )
    asked = ach_order(*transfers, message_id=f"PG{uuid7().hex.upper()}")
    taken = channel.submit(message_id=asked.message_id, name="a.ach", content=nacha.write(asked))
    assert isinstance(taken, Taken)
    assert (taken.payments, taken.total) == (2, "30.00")
    simulator.clock(advance=180)
    simulator.clock(advance=10 * DAY)

    said = told(channel, asked)

    paid, returned = (said[transfer.reference] for transfer in asked.transfers)
    assert became(paid) == [("camt.054", "paid"), ("camt.053", "paid")]
    assert became(returned) == [
        ("camt.054", "paid"),
        ("camt.053", "paid"),
        ("nacha.return", "returned"),
        ("camt.053", "returned"),
    ]
    assert {item.code for _, item in returned if item.became == Became.RETURNED} == {"R03"}
    books = simulator.books()["entries"]
    assert [(e["kind"], e["amount"]) for e in books if e["payment"] == ach(2).trace] == [
        ("paid_out", 20_00),
        ("payout_returned", 20_00),
    ]


# ------------------------------------------------------------------------------------------ settings


def test_a_process_keeps_one_channel_for_each_mode(settings: Any) -> None:
    bank.cache_clear()
    settings.BANK = {
        "test": {**configured.BANK["test"], "api_base": "http://127.0.0.1:1"},
        "live": None,
    }
    try:
        assert bank(livemode=False) is bank(livemode=False)
        assert bank(livemode=False).horizon == timedelta(minutes=10)
        with pytest.raises(BankNotConfigured):
            bank(livemode=True)
    finally:
        bank.cache_clear()


def test_without_an_address_there_is_no_bank(settings: Any) -> None:
    bank.cache_clear()
    settings.BANK = {"test": {**configured.BANK["test"], "api_base": ""}, "live": None}
    with pytest.raises(BankNotConfigured):
        bank(livemode=False)


def test_our_own_test_accounts_are_ones_that_a_bank_could_have() -> None:
    accounts = configured.BANK["test"]["accounts"]
    assert set(accounts) == {
        ("pain.001", "EUR"),
        ("pain.001", "GBP"),
        ("pain.001", "CHF"),
        ("nacha", "USD"),
    }
    for (format_, _), account in accounts.items():
        own = OwnAccount(**{name: said for name, said in account.items() if name != "calendar"})
        if format_ == "nacha":
            check_routing_number(own.routing_number)
        else:
            assert check_iban(own.iban).country == own.iban[:2]
