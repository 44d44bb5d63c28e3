"""pain.001: valid by the official schema, the same bytes for ever, and nothing lost or added on the way."""

from __future__ import annotations

import re
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sepaxml
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from kernel.currencies import EXPONENTS
from kernel.money import Money
from payouts.bankfiles import pain001
from payouts.bankfiles.orders import Unwritable
from payouts.bankfiles.references import homeward
from tests.bankfiles.made import ANKARA, LONDON, OURS, PARIS, ZURICH, order, reference, transfer

GOLDEN = Path(__file__).parent / "golden" / "pain001.xml"
NS = {"p": pain001.NAMESPACE}


@cache
def schema() -> etree.XMLSchema:
    """The official one, which the library sepaxml ships."""
    return etree.XMLSchema(
        etree.parse(Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.09.xsd")
    )


def read(content: bytes) -> etree._Element:
    document = etree.fromstring(content)
    schema().assertValid(document)
    return document


def texts(document: Any, path: str) -> list[str]:
    steps = "/".join(f"p:{step}" for step in path.split("/"))
    return [found.text for found in document.iterfind(f".//{steps}", NS)]


def test_a_file_is_written_as_it_was_the_first_time() -> None:
    written = pain001.write(
        order(
            transfer(1, 1050, bic="PSSTFRPPXXX"),
            transfer(2, 99_999_999_999, name="Zażółć <gęślą> jaźń", remittance=""),
            transfer(3, 1, iban=ANKARA, country="TR", name="Çiğdem Ltd. Şti."),
        )
    )

    read(written)
    assert written == GOLDEN.read_bytes()


def test_a_transfer_in_euros_within_sepa_is_a_sepa_transfer() -> None:
    document = read(pain001.write(order(transfer(1, 1050))))

    assert texts(document, "PmtTpInf/SvcLvl/Cd") == ["SEPA"]
    assert texts(document, "ChrgBr") == ["SLEV"]
    assert texts(document, "ReqdExctnDt/Dt") == ["2026-11-25"]
    assert texts(document, "CreDtTm") == ["2026-11-24T08:30:00Z"]
    assert texts(document, "InstdAmt") == ["10.50"]
    assert texts(document, "CdtrAcct/Id/IBAN") == [PARIS]
    assert texts(document, "PmtInfId") == texts(document, "MsgId")


@pytest.mark.parametrize(
    ("currency", "iban", "said"),
    [
        ("GBP", LONDON, "10.50"),
        ("CHF", ZURICH, "10.50"),
        ("EUR", ANKARA, "10.50"),
        ("JPY", PARIS, "1050"),
    ],
)
def test_any_other_transfer_is_not_urgent_and_its_charges_are_shared(
    currency: str, iban: str, said: str
) -> None:
    document = read(pain001.write(order(transfer(1, 1050, currency, iban=iban))))

    assert texts(document, "PmtTpInf/SvcLvl/Cd") == ["NURG"]
    assert texts(document, "ChrgBr") == ["SHAR"]
    assert texts(document, "InstdAmt") == [said]
    assert texts(document, "CtrlSum") == [said, said]


def test_both_kinds_in_one_file_are_a_payment_information_each() -> None:
    document = read(
        pain001.write(order(transfer(1, 100, iban=ANKARA), transfer(2, 250), transfer(3, 50)))
    )

    assert texts(document, "PmtTpInf/SvcLvl/Cd") == ["SEPA", "NURG"]
    assert texts(document, "CtrlSum") == ["4.00", "3.00", "1.00"]
    assert texts(document, "NbOfTxs") == ["3", "2", "1"]
    assert len(set(texts(document, "PmtInfId"))) == 2


def test_a_reference_travels_in_letters_of_sepa_and_comes_home() -> None:
    document = read(pain001.write(order(transfer(7))))

    [sent] = texts(document, "EndToEndId")
    assert texts(document, "InstrId") == [sent]
    assert re.fullmatch("[A-Za-z0-9-]+", sent)
    assert homeward(sent) == reference(7)
    assert homeward(sent.upper()) == reference(7)
    assert [homeward(text) for text in texts(document, "MsgId")] == [order().message_id]


def test_a_text_that_is_no_reference_of_ours_comes_home_as_it_is() -> None:
    for text in ("INVOICE-1", "po-1", reference(1)[:-1], f"{reference(1)}0", "NOTPROVIDED"):
        assert homeward(text) == text


def test_a_bank_of_ours_without_a_bic_is_said_not_to_be_provided() -> None:
    document = read(pain001.write(order(transfer(), debtor=replace(OURS, bic=""))))

    assert texts(document, "DbtrAgt/FinInstnId/Othr/Id") == ["NOTPROVIDED"]


@given(
    name=st.text(min_size=1),
    remittance=st.text(max_size=200),
    minors=st.lists(st.integers(1, 10**9), min_size=1, max_size=4),
    currency=st.sampled_from(sorted(EXPONENTS)),
)
def test_whatever_the_texts_and_amounts_the_file_is_valid_and_adds_up(
    name: str, remittance: str, minors: list[int], currency: str
) -> None:
    made = order(
        *(
            transfer(number, minor, currency, name=f"x{name}", remittance=remittance)
            for number, minor in enumerate(minors)
        )
    )

    written = pain001.write(made)

    document = read(written)
    assert written == pain001.write(made)
    assert texts(document, "InstdAmt") == [Money(minor, currency).major for minor in minors]
    assert texts(document, "GrpHdr/CtrlSum") == [Money(sum(minors), currency).major]
    for text in (*texts(document, "Cdtr/Nm"), *texts(document, "Ustrd")):
        assert re.fullmatch(r"[A-Za-z0-9/?:().,'+ -]+", text)


def test_names_of_all_scripts_are_transliterated_and_cut() -> None:
    names = ["Łódź & Æsir_GmbH", "Московские окна", "北京饭店", "ΕΛΛΑΣ", "x" * 99, "a\n b"]
    document = read(pain001.write(order(*(transfer(n, name=name) for n, name in enumerate(names)))))

    assert texts(document, "Cdtr/Nm") == [
        "Lodz + Aesir-GmbH",
        "Moskovskie okna",
        "BeiJingFanDian",
        "ELLAS",
        "x" * 70,
        "a b",
    ]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"name": ""}, "creditor's name"),
        ({"name": " -?!"}, "creditor's name"),
        ({"iban": ""}, "no IBAN"),
        ({"iban": "FR1420041010050500013M02607"}, "no IBAN"),
        ({"iban": "fr1420041010050500013m02606"}, "no IBAN"),
        ({"iban": "FR14 2004 1010 0505 0001 3M02 606"}, "no IBAN"),
        ({"bic": "PSST"}, "BIC"),
        ({"amount": Money(0, "EUR")}, "no amount"),
        ({"amount": Money(-5, "EUR")}, "no amount"),
        ({"amount": Money(100_000_000_000, "EUR")}, "no amount"),
        ({"amount": Money(1, "USD")}, "in USD"),
        ({"reference": ""}, "reference"),
        ({"reference": "x" * 36}, "reference"),
        ({"reference": "a b"}, "reference"),
        ({"reference": "/a"}, "reference"),
        ({"reference": "a//b"}, "reference"),
        ({"reference": "a/"}, "reference"),
    ],
)
def test_what_the_format_cannot_say_is_refused_by_the_transfers_reference(
    changes: dict[str, Any], why: str
) -> None:
    bad = transfer(2, **changes)

    with pytest.raises(Unwritable, match=why) as refused:
        pain001.write(order(transfer(1), bad))

    assert refused.value.reference == bad.reference


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"transfers": ()}, "no transfers"),
        ({"message_id": "x" * 36}, "reference of up to 35"),
        ({"created_at": datetime(2026, 1, 1)}, "without a zone"),  # noqa: DTZ001
        ({"debtor": replace(OURS, iban="")}, "our account has no IBAN"),
        ({"debtor": replace(OURS, bic="?")}, "BIC"),
        ({"debtor": replace(OURS, name="…")}, "our own name"),
        ({"transfers": (transfer(1, 10**18 - 1, "JPY"), transfer(2, 1, "JPY"))}, "adds up to more"),
    ],
)
def test_what_is_wrong_with_the_order_is_refused_by_its_message(
    changes: dict[str, Any], why: str
) -> None:
    bad = order(transfer(1), **changes) if "transfers" not in changes else order(**changes)

    with pytest.raises(Unwritable, match=why) as refused:
        pain001.write(bad)

    assert refused.value.reference == bad.message_id


def test_the_same_payment_twice_in_one_file_is_refused() -> None:
    with pytest.raises(Unwritable, match="twice"):
        pain001.write(order(transfer(1), transfer(2), transfer(1)))


def test_the_moment_of_making_is_said_in_utc_whatever_zone_it_came_in() -> None:
    in_berlin = datetime(2026, 11, 24, 9, 30, tzinfo=timezone(timedelta(hours=1)))

    assert pain001.write(order(transfer(), created_at=in_berlin)) == pain001.write(
        order(transfer(), created_at=in_berlin.astimezone(UTC))
    )


def test_ten_thousand_transfers_are_written_within_two_seconds_and_little_memory() -> None:
    made = order(*(transfer(number, number + 1) for number in range(10_000)))

    began = time.process_time()
    written = pain001.write(made)
    took = time.process_time() - began
    tracemalloc.start()
    pain001.write(made)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    document = read(written)
    assert len(texts(document, "EndToEndId")) == 10_000
    assert took < 2
    assert peak < 4 * len(written)
