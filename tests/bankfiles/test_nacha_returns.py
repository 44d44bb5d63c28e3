"""NACHA returns: what came back, by the trace number it went out with."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from kernel.money import Money
from payouts.bankfiles import nacha, nacha_returns
from payouts.bankfiles.orders import Became, Reported, Unreadable
from tests.bankfiles.made import ach, ach_order
from tests.bankfiles.reported import returns

FIRST, SECOND = ach(1).trace, ach(2).trace


def test_a_return_says_which_payment_and_why() -> None:
    report = nacha_returns.read(returns(("99", "R03", 1050, FIRST)).encode())

    assert report.kind == "nacha.return"
    assert report.message_id == "1234567890-2611270900A"
    # Nine in the morning in New York.
    assert report.created_at == datetime(2026, 11, 27, 14, 0, tzinfo=UTC)
    assert report.items == (
        Reported(
            "",
            Became.RETURNED,
            amount=Money(1050, "USD"),
            code="R03",
            message="NO SUCH ACCOUNT",
            trace=FIRST,
            bank_reference="011000010000001",
        ),
    )


def test_a_notification_of_change_leaves_the_payment_as_it_was() -> None:
    report = nacha_returns.read(
        returns(("98", "C01", 0, FIRST), ("99", "R02", 1050, SECOND)).encode()
    )

    assert [(item.trace, item.became, item.code, item.amount) for item in report.items] == [
        (FIRST, Became.ACCEPTED, "C01", None),
        (SECOND, Became.RETURNED, "R02", Money(1050, "USD")),
    ]
    assert "NO SUCH" not in report.items[0].message  # It would be an account number.


@pytest.mark.parametrize("code", ["R61", "R69", "R70", "R77"])
def test_what_banks_argue_about_leaves_the_payment_as_it_was(code: str) -> None:
    [item] = nacha_returns.read(returns(("99", code, 1050, FIRST)).encode()).items

    assert (item.became, item.code) == (Became.ACCEPTED, code)


@pytest.mark.parametrize("code", ["R01", "R29", "R60", "R78", "R85"])
def test_every_other_reason_is_a_return(code: str) -> None:
    [item] = nacha_returns.read(returns(("99", code, 1050, FIRST)).encode()).items

    assert (item.became, item.code) == (Became.RETURNED, code)


def test_line_ends_may_be_of_any_kind_or_missing() -> None:
    file = returns(*[("99", "R03", n, ach(n).trace) for n in range(1, 12)])

    read = nacha_returns.read(file.encode())

    assert len(read.items) == 11
    assert nacha_returns.read(file.replace("\n", "\r\n").encode()) == read
    assert nacha_returns.read(file.replace("\n", "").encode()) == read
    assert nacha_returns.read(file.rstrip("9\n").encode() + b"\n") == read  # Without filling.


def test_a_file_of_no_returns_is_one() -> None:
    assert nacha_returns.read(returns().encode()).items == ()


def test_several_batches_are_one_report() -> None:
    one = returns(("99", "R03", 1050, FIRST)).split("\n")
    batch = one[1:5]
    control = f"9000002000002{4:08d}{2 * 2100002:010d}{0:012d}{2100:012d}{'':39}"

    report = nacha_returns.read("\n".join([one[0], *batch, *batch, control]).encode())

    assert [item.trace for item in report.items] == [FIRST, FIRST]


def mutilated() -> list[tuple[bytes, str]]:
    whole = returns(("99", "R03", 1050, FIRST), ("99", "R02", 200, SECOND))
    lines = whole.split("\n")[:10]

    def without(*numbers: int) -> bytes:
        return "\n".join(line for at, line in enumerate(lines) if at not in numbers).encode()

    def changed(number: int, first: int, text: str) -> bytes:
        line = lines[number]
        made = line[: first - 1] + text + line[first - 1 + len(text) :]
        return "\n".join([*lines[:number], made, *lines[number + 1 :]]).encode()

    return [
        (b"", "header"),
        (b"101", "characters"),
        (without(0), "header"),
        (without(1), "stands where"),
        (without(2), "stands where"),
        (without(3), "stands where"),
        (without(2, 3), "do not add up"),
        (without(6), "stands where"),
        (without(7, 8, 9), "without its control record"),
        ("\n".join(lines[:4]).encode(), "without its control record"),
        (changed(2, 30, "0000001051"), "do not add up"),
        (changed(2, 4, "02100003"), "do not add up"),
        (changed(6, 5, "000003"), "do not add up"),
        (changed(7, 2, "000002"), "batches are missing"),
        (changed(7, 14, "00000003"), "do not add up"),
        (changed(2, 30, "000000105x"), "digits must"),
        (changed(2, 79, "0"), "no addenda"),
        (changed(3, 2, "05"), "neither a return"),
        (changed(3, 4, "C01"), "neither a return"),
        (changed(3, 7, "02100002       "), "digits must"),
        (changed(0, 24, "261331"), "date is none"),
        (changed(8, 1, "5"), "follows the control record"),
        (whole.replace("DINER", "DÎNER").encode(), "not in ASCII"),
        (whole.replace("DINER", "DINERS").encode(), "characters"),
        (nacha.write(ach_order(ach(1))), "no addenda"),
    ]


@pytest.mark.parametrize(("content", "why"), mutilated())
def test_what_is_not_as_documented_is_unreadable(content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        nacha_returns.read(content)


def test_a_hundred_thousand_returns_take_seconds() -> None:
    content = returns(*[("99", "R03", n, ach(n).trace) for n in range(1, 100_001)]).encode()

    began = time.process_time()
    report = nacha_returns.read(content)

    assert len(report.items) == 100_000
    assert time.process_time() - began < 10
