"""NACHA: every record taken apart by the field tables of the rules, to the byte."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money
from payouts.bankfiles import nacha
from payouts.bankfiles.orders import Order, Unwritable
from tests.bankfiles.made import OURS_IN_THE_US, ach, ach_order

GOLDEN = Path(__file__).parent / "golden" / "nacha.txt"

# Nacha Operating Rules, appendix three: name, first position, last position, pattern of the contents.
NUMERIC, TEXT = "N", "A"
FILE_HEADER = [
    ("record_type", 1, 1, "1"),
    ("priority", 2, 3, "01"),
    ("immediate_destination", 4, 13, TEXT),
    ("immediate_origin", 14, 23, TEXT),
    ("creation_date", 24, 29, NUMERIC),
    ("creation_time", 30, 33, NUMERIC),
    ("modifier", 34, 34, TEXT),
    ("record_size", 35, 37, "094"),
    ("blocking_factor", 38, 39, "10"),
    ("format", 40, 40, "1"),
    ("destination_name", 41, 63, TEXT),
    ("origin_name", 64, 86, TEXT),
    ("reference", 87, 94, TEXT),
]
BATCH_HEADER = [
    ("record_type", 1, 1, "5"),
    ("service_class", 2, 4, "220"),
    ("company_name", 5, 20, TEXT),
    ("discretionary", 21, 40, TEXT),
    ("company_id", 41, 50, TEXT),
    ("entry_class", 51, 53, "CCD"),
    ("description", 54, 63, TEXT),
    ("descriptive_date", 64, 69, TEXT),
    ("effective_date", 70, 75, NUMERIC),
    ("settlement_date", 76, 78, "   "),
    ("originator_status", 79, 79, "1"),
    ("odfi", 80, 87, NUMERIC),
    ("batch", 88, 94, NUMERIC),
]
ENTRY = [
    ("record_type", 1, 1, "6"),
    ("transaction_code", 2, 3, NUMERIC),
    ("rdfi", 4, 11, NUMERIC),
    ("check_digit", 12, 12, NUMERIC),
    ("account", 13, 29, TEXT),
    ("amount", 30, 39, NUMERIC),
    ("identification", 40, 54, TEXT),
    ("name", 55, 76, TEXT),
    ("discretionary", 77, 78, TEXT),
    ("addenda", 79, 79, "0"),
    ("trace", 80, 94, NUMERIC),
]
BATCH_CONTROL = [
    ("record_type", 1, 1, "8"),
    ("service_class", 2, 4, "220"),
    ("entries", 5, 10, NUMERIC),
    ("hash", 11, 20, NUMERIC),
    ("debits", 21, 32, NUMERIC),
    ("credits", 33, 44, NUMERIC),
    ("company_id", 45, 54, TEXT),
    ("authentication", 55, 73, " " * 19),
    ("reserved", 74, 79, " " * 6),
    ("odfi", 80, 87, NUMERIC),
    ("batch", 88, 94, NUMERIC),
]
FILE_CONTROL = [
    ("record_type", 1, 1, "9"),
    ("batches", 2, 7, NUMERIC),
    ("blocks", 8, 13, NUMERIC),
    ("entries", 14, 21, NUMERIC),
    ("hash", 22, 31, NUMERIC),
    ("debits", 32, 43, NUMERIC),
    ("credits", 44, 55, NUMERIC),
    ("reserved", 56, 94, " " * 39),
]


def apart(line: str, table: list[tuple[str, int, int, str]]) -> dict[str, str]:
    assert len(line) == 94
    end, fields = 0, {}
    for name, first, last, contents in table:
        assert first == end + 1, f"the table has a hole before {name}"
        end, field = last, line[first - 1 : last]
        if contents == NUMERIC:
            assert field.isdigit(), (name, field)
        elif contents == TEXT:
            assert all(" " <= letter <= "~" for letter in field), (name, field)
        else:
            assert field == contents, (name, field)
        fields[name] = field
    assert end == 94
    return fields


def check(content: bytes) -> tuple[dict[str, str], dict[str, str], list[dict[str, str]]]:
    """File header, batch header and entries of a file that obeys the rules."""
    text = content.decode("ascii")
    assert text.endswith("\n")
    lines = text[:-1].split("\n")
    assert len(lines) % 10 == 0
    header, batch = apart(lines[0], FILE_HEADER), apart(lines[1], BATCH_HEADER)
    entries = []
    for line in lines[2:]:
        if line[0] != "6":
            break
        entries.append(apart(line, ENTRY))
    batch_control = apart(lines[2 + len(entries)], BATCH_CONTROL)
    file_control = apart(lines[3 + len(entries)], FILE_CONTROL)
    assert lines[4 + len(entries) :] == ["9" * 94] * (len(lines) - 4 - len(entries))
    assert len(lines) - 4 - len(entries) < 10

    for control in (batch_control, file_control):
        assert int(control["entries"]) == len(entries)
        assert int(control["hash"]) == sum(int(entry["rdfi"]) for entry in entries) % 10**10
        assert int(control["credits"]) == sum(int(entry["amount"]) for entry in entries)
        assert int(control["debits"]) == 0
    assert int(file_control["batches"]) == 1
    assert int(file_control["blocks"]) == len(lines) // 10
    assert batch_control["company_id"] == batch["company_id"]
    assert batch_control["odfi"] == batch["odfi"] == header["immediate_destination"][1:9]
    assert batch_control["batch"] == batch["batch"]
    traces = [entry["trace"] for entry in entries]
    assert traces == sorted(set(traces))
    for entry in entries:
        digits = [int(digit) for digit in entry["rdfi"] + entry["check_digit"]]
        assert sum(d * w for d, w in zip(digits, (3, 7, 1) * 3, strict=True)) % 10 == 0
        assert entry["transaction_code"] in ("22", "32")
        assert entry["trace"].startswith(batch["odfi"])
    return header, batch, entries


def test_a_file_is_written_as_it_was_the_first_time() -> None:
    written = nacha.write(
        ach_order(
            ach(2, 9_999_999_999, account_type="savings", account_number="0012-345"),
            ach(1, 1, name="Łukasz & Co", routing_number="091000019"),
        )
    )

    check(written)
    assert written == GOLDEN.read_bytes()


def test_every_field_says_what_the_order_says() -> None:
    made = ach(17, 1050)

    header, batch, [entry] = check(nacha.write(ach_order(made)))

    assert header["immediate_destination"] == " 021000021"
    assert header["immediate_origin"] == batch["company_id"] == "1234567890"
    # Half past eight in London is half past three in New York, by whose clock the file is dated.
    assert header["creation_date"] + header["creation_time"] == "2611240330"
    assert header["destination_name"].rstrip() == "JPMORGAN CHASE"
    assert header["origin_name"].rstrip() == "PAYGATE PAYMENTS INC."
    assert batch["company_name"] == "PAYGATE PAYMENTS"
    assert batch["description"].rstrip() == "PAYOUT"
    assert batch["effective_date"] == "261125"
    assert entry["transaction_code"] == "22"
    assert entry["rdfi"] + entry["check_digit"] == made.routing_number
    assert entry["account"].rstrip() == made.account_number
    assert int(entry["amount"]) == 1050
    assert made.reference.endswith(entry["identification"])
    assert entry["name"].rstrip() == "MULLER'S DINER, INC."
    assert entry["trace"] == made.trace


def test_a_savings_account_is_credited_by_another_code() -> None:
    _, _, [entry] = check(nacha.write(ach_order(ach(account_type="savings"))))

    assert entry["transaction_code"] == "32"


def test_the_evening_in_new_york_is_still_that_day() -> None:
    late = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)

    header, _, _ = check(nacha.write(ach_order(ach(), created_at=late)))

    assert header["creation_date"] + header["creation_time"] == "2611242200"


@pytest.mark.parametrize(
    ("sequence", "modifier"), [(1, "A"), (26, "Z"), (27, "0"), (36, "9"), (37, "A")]
)
def test_the_modifier_is_the_sequence_counted_round(sequence: int, modifier: str) -> None:
    header, _, _ = check(nacha.write(ach_order(ach(), sequence=sequence)))

    assert header["modifier"] == modifier


@pytest.mark.parametrize("count", [1, 5, 6, 7, 16, 17])
def test_the_file_is_filled_up_to_whole_blocks(count: int) -> None:
    _, _, entries = check(nacha.write(ach_order(*(ach(n) for n in range(1, count + 1)))))

    assert len(entries) == count


def test_entries_stand_in_the_order_of_their_trace_numbers() -> None:
    _, _, entries = check(nacha.write(ach_order(ach(3), ach(1), ach(2))))

    assert [int(entry["trace"][-1]) for entry in entries] == [1, 2, 3]


def test_the_hash_keeps_its_last_ten_digits_only() -> None:
    many = [ach(n, routing_number="325081403") for n in range(1, 400)]

    check(nacha.write(ach_order(*many)))

    assert sum(int(made.routing_number[:8]) for made in many) > 10**10


@given(
    names=st.lists(st.text(), min_size=1, max_size=5),
    minors=st.lists(st.integers(1, 10**10 - 1), min_size=5, max_size=5),
)
def test_whatever_the_names_and_amounts_the_file_obeys_the_rules(
    names: list[str], minors: list[int]
) -> None:
    made = [
        ach(n, minor, name=f"x{name}")
        for n, (name, minor) in enumerate(zip(names, minors, strict=False), start=1)
    ]

    _, _, entries = check(nacha.write(ach_order(*made)))

    assert [int(entry["amount"]) for entry in entries] == [each.amount.minor for each in made]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"amount": Money(100, "EUR")}, "in EUR"),
        ({"amount": Money(0, "USD")}, "no amount"),
        ({"amount": Money(-1, "USD")}, "no amount"),
        ({"amount": Money(10**10, "USD")}, "no amount"),
        ({"account_type": "loan"}, "neither a checking nor a savings"),
        ({"account_number": ""}, "account number"),
        ({"account_number": "1" * 18}, "account number"),
        ({"account_number": "12 34"}, "account number"),
        ({"account_number": "١٢٣"}, "account number"),
        ({"name": "…"}, "creditor's name"),
        ({"routing_number": "011000016"}, "routing number"),
        ({"routing_number": "01100001"}, "routing number"),
        ({"routing_number": ""}, "routing number"),
        ({"trace": ""}, "trace number"),
        ({"trace": "121000020000002"}, "trace number"),
        ({"trace": "0210000200000٢2"}, "trace number"),
        ({"trace": "021000020000001"}, "trace number of another"),
        ({"reference": ach(1).reference}, "twice"),
    ],
)
def test_what_the_format_cannot_say_is_refused_by_the_transfers_reference(
    changes: dict[str, Any], why: str
) -> None:
    bad = ach(2, **changes)

    with pytest.raises(Unwritable, match=why) as refused:
        nacha.write(ach_order(ach(1), bad))

    assert refused.value.reference in (bad.reference, ach(1).reference)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"transfers": ()}, "holds 0 transfers"),
        ({"transfers": tuple(ach(n, 10**10 - 1) for n in range(1, 102))}, "adds up to more"),
        ({"sequence": 0}, "counted from 1"),
        ({"created_at": datetime(2026, 1, 1)}, "without a zone"),  # noqa: DTZ001
        ({"debtor": replace(OURS_IN_THE_US, routing_number="021000022")}, "our bank's routing"),
        ({"debtor": replace(OURS_IN_THE_US, company_id="123456789")}, "company's id"),
        ({"debtor": replace(OURS_IN_THE_US, company_id=" " * 10)}, "company's id"),
        ({"debtor": replace(OURS_IN_THE_US, name="")}, "our own name"),
    ],
)
def test_what_is_wrong_with_the_order_is_refused_by_its_message(
    changes: dict[str, Any], why: str
) -> None:
    bad = replace(ach_order(ach()), **changes)

    with pytest.raises(Unwritable, match=why) as refused:
        nacha.write(bad)

    assert refused.value.reference == bad.message_id


def test_a_hundred_thousand_entries_take_seconds() -> None:
    made: Order = ach_order(
        *(ach(n, n) for n in range(1, 100_001)), execution_date=date(2026, 12, 1)
    )

    began = time.process_time()
    nacha.write(made)

    assert time.process_time() - began < 10
