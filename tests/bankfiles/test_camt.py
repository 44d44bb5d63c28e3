"""camt.053 and camt.054: what left our account, and what came back."""

from __future__ import annotations

import time
import tracemalloc
from datetime import UTC, datetime

import pytest

from kernel.money import Money
from payouts.bankfiles import camt
from payouts.bankfiles.orders import Became, Reported, Unreadable
from tests.bankfiles.made import reference
from tests.bankfiles.reported import camt as written
from tests.bankfiles.reported import details, entry

ONE, TWO = reference(1), reference(2)
ONE_OUT, TWO_OUT = ONE.replace("_", "-"), TWO.replace("_", "-")


@pytest.mark.parametrize("kind", ["053", "054"])
def test_a_booked_debit_is_a_payment_made(kind: str) -> None:
    report = camt.read(written(entry("10.50 EUR", "DBIT", [details(ONE_OUT)]), kind=kind))

    assert report.kind == f"camt.{kind}"
    assert report.message_id == "CAMT-1"
    assert report.created_at == datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
    assert report.items == (
        Reported(ONE, Became.PAID, amount=Money(1050, "EUR"), bank_reference="TX-1"),
    )


def test_an_entry_for_many_payments_is_each_of_them() -> None:
    booked = entry(
        "30.00 EUR", "DBIT", [details(ONE_OUT, "10.00 EUR"), details(TWO_OUT, "20.00 EUR")]
    )

    assert [
        (item.reference, item.became, item.amount) for item in camt.read(written(booked)).items
    ] == [
        (ONE, Became.PAID, Money(1000, "EUR")),
        (TWO, Became.PAID, Money(2000, "EUR")),
    ]


def test_of_many_payments_the_sum_is_no_payments_amount() -> None:
    booked = entry("30.00 EUR", "DBIT", [details(ONE_OUT), details(TWO_OUT)])

    assert [item.amount for item in camt.read(written(booked)).items] == [None, None]


@pytest.mark.parametrize("state", ["PDNG", "INFO", "FUTR"])
def test_what_is_not_booked_is_no_news(state: str) -> None:
    announced = [
        entry("10.50 EUR", "DBIT", [details(ONE_OUT)], status=state),
        entry("10.50 EUR", "CRDT", [details(TWO_OUT, returned="AC04")], status=state),
        entry("10.50 EUR", "DBIT", batch="pof-1", status=state),
    ]

    assert camt.read(written(*announced)).items == ()


def test_a_credit_with_the_reason_of_a_return_is_a_payment_that_came_back() -> None:
    [item] = camt.read(
        written(
            entry("10.00 EUR", "CRDT", [details(ONE_OUT, returned="AC04", instructed="10.50 EUR")])
        )
    ).items

    # Ten came back of the ten and a half that had left: the other bank kept a fee.
    assert item == Reported(
        ONE,
        Became.RETURNED,
        amount=Money(1000, "EUR"),
        code="AC04",
        message="closed",
        bank_reference="TX-1",
    )


def test_a_credit_whose_transaction_code_is_a_return_is_one_without_a_reason() -> None:
    [item] = camt.read(
        written(entry("10.50 EUR", "CRDT", [details(ONE_OUT)], code="PMNT ICDT RRTN"))
    ).items

    assert (item.reference, item.became, item.code) == (ONE, Became.RETURNED, "")


def test_a_debit_that_was_reversed_came_back() -> None:
    [item] = camt.read(
        written(entry("10.50 EUR", "CRDT", [details(ONE_OUT)], reversal="true"))
    ).items

    assert (item.became, item.message) == (Became.RETURNED, "the bank reversed its debit")


def test_a_return_that_was_reversed_is_paid_after_all() -> None:
    [item] = camt.read(written(entry("10.50 EUR", "DBIT", [details(ONE_OUT)], reversal="1"))).items

    assert (item.became, item.message) == (Became.PAID, "the bank reversed its credit")


@pytest.mark.parametrize(
    "other",
    [
        entry("5.00 EUR", "DBIT"),  # The bank's fee.
        entry("5.00 EUR", "DBIT", [details("")]),
        entry("5.00 EUR", "DBIT", [details("NOTPROVIDED")]),
        entry("5.00 EUR", "CRDT", [details("INVOICE-7")]),  # Somebody pays us.
        entry("5.00 EUR", "CRDT", [details(ONE_OUT)]),  # … and quotes a payout.
        entry("5.00 EUR", "CRDT", batch="PSP-1"),
        entry("5.00 EUR", "DBIT", [details("THEIRS", returned="AC04")]),  # Their money, going back.
        entry("5.00 EUR", "DBIT", [details("")], reversal="true"),
    ],
)
def test_what_concerns_no_payment_of_ours_is_passed_over(other: str) -> None:
    report = camt.read(written(other, entry("10.50 EUR", "DBIT", [details(ONE_OUT)])))

    assert [item.reference for item in report.items] == [ONE]


def test_a_side_of_its_own_goes_before_the_entrys() -> None:
    mixed = entry(
        "5.00 EUR",
        "DBIT",
        [details(ONE_OUT, "10.00 EUR"), details(TWO_OUT, "5.00 EUR", side="CRDT", returned="MD07")],
    )

    assert [(item.reference, item.became) for item in camt.read(written(mixed)).items] == [
        (ONE, Became.PAID),
        (TWO, Became.RETURNED),
    ]


def test_the_amount_that_was_instructed_goes_before_the_one_in_the_accounts_currency() -> None:
    [item] = camt.read(
        written(entry("11.90 EUR", "DBIT", [details(ONE_OUT, "11.90 EUR", instructed="10.00 GBP")]))
    ).items

    assert item.amount == Money(1000, "GBP")


def test_the_instruction_stands_in_for_an_end_to_end_reference() -> None:
    for missing in ("", "NOTPROVIDED"):
        [item] = camt.read(
            written(entry("1.00 EUR", "DBIT", [details(missing, instruction=ONE_OUT)]))
        ).items
        assert item.reference == ONE


def test_an_ach_payment_is_known_by_its_trace_number() -> None:
    for tag in ("ClrSysRef", "TxId"):
        said = details("", "10.50 USD", trace="021000020000001").replace("ClrSysRef", tag)
        [item] = camt.read(written(entry("10.50 USD", "DBIT", [said]))).items
        assert (item.reference, item.trace) == ("", "021000020000001")
        assert (item.became, item.amount) == (Became.PAID, Money(1050, "USD"))


def test_another_reference_of_the_clearing_is_no_trace_number() -> None:
    [item] = camt.read(
        written(entry("10.50 EUR", "DBIT", [details(ONE_OUT, trace="TIPS-021000020000001")]))
    ).items

    assert (item.reference, item.trace) == (ONE, "")


def test_one_sum_for_a_whole_file_names_the_file() -> None:
    [item] = camt.read(
        written(entry("30.00 EUR", "DBIT", batch=reference(0, "pof").replace("_", "-")))
    ).items

    assert (item.reference, item.of_message) == ("", reference(0, "pof"))
    assert (item.became, item.amount) == (Became.PAID, Money(3000, "EUR"))


def test_money_that_came_back_is_told_even_where_nobody_says_of_which_payment() -> None:
    anonymous = [
        entry("10.50 EUR", "CRDT", [details("", returned="AC04")]),
        entry("10.50 EUR", "CRDT", code="PMNT ICDT RRTN"),
    ]

    assert [(item.reference, item.became) for item in camt.read(written(*anonymous)).items] == [
        ("", Became.RETURNED),
        ("", Became.RETURNED),
    ]


def test_a_return_after_its_payment_is_told_in_this_order() -> None:
    report = camt.read(
        written(
            entry("10.50 EUR", "DBIT", [details(ONE_OUT)]),
            entry("10.50 EUR", "CRDT", [details(ONE_OUT, returned="AC06")]),
        )
    )

    assert [item.became for item in report.items] == [Became.PAID, Became.RETURNED]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (written(version="02"), "not camt"),
        (written(entry("1.00 EUR", "DEBT", [details(ONE_OUT)])), "neither a credit nor a debit"),
        (written(entry("1.00 EUR", "DBIT", [details(ONE_OUT, side="X")])), "neither a credit nor"),
        (written(entry("1.00 EUR", "DBIT", reversal="yes")), "reversed in a way"),
        (written(entry("1.00 EUR", "DBIT", status="")), "lacks its amount or its status"),
        (written(entry("1.001 EUR", "DBIT")), "more decimals"),
        (written("<TxDtls/>"), "lacks its amount"),
        (written(entry("1.00 EUR", "DBIT")).replace(b"GrpHdr", b"Else"), "no GrpHdr"),
        (written(entry("1.00 EUR", "DBIT", [details("x" * 36)])), "more than 35"),
        (written("<a>" * 60, "</a>" * 60), "nested"),
    ],
)
def test_what_is_not_as_documented_is_unreadable(content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        camt.read(content)


def test_a_hundred_thousand_payments_in_one_entry_take_seconds() -> None:
    many = (details(reference(n).replace("_", "-"), "0.01 EUR") for n in range(100_000))
    content = written(entry("1000.00 EUR", "DBIT", many))

    began = time.process_time()
    report = camt.read(content)

    assert len(report.items) == 100_000
    assert time.process_time() - began < 20


def test_what_was_read_is_forgotten() -> None:
    """Only the items are kept: half a kilobyte for each, where the elements were ten times as much."""
    many = [details(ONE_OUT, "0.01 EUR", instructed="0.01 EUR")] * 5_000
    content = written(
        entry("50.00 EUR", "DBIT", many), *[entry("1.00 EUR", "DBIT", many[:1])] * 5_000
    )

    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    report = camt.read(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(report.items) == 10_000
    assert peak - before < 10_000_000
