"""A file of the bank's, whatever it is: known by its first bytes, and never anything but a report or unreadable."""

from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from payouts.bankfiles import pain001
from payouts.bankfiles.orders import Report, Unreadable
from payouts.bankfiles.reports import read
from tests.bankfiles.made import ach, order, reference, transfer
from tests.bankfiles.reported import camt, details, entry, pain002, returns, status

ONE = reference(1).replace("_", "-")
FILES = {
    "pain.002": pain002(status(ONE, "RJCT", reason="AC04", amount="10.50 EUR")),
    "camt.053": camt(
        entry("10.50 EUR", "DBIT", [details(ONE, "10.50 EUR")], batch="pof-1"), kind="053"
    ),
    "camt.054": camt(entry("10.50 EUR", "CRDT", [details(ONE, returned="AC04")], reversal="true")),
    "nacha.return": returns(("99", "R03", 1050, ach(1).trace)).encode(),
}


@pytest.mark.parametrize("kind", FILES)
def test_each_kind_is_known_again(kind: str) -> None:
    report = read(FILES[kind])

    assert report.kind == kind
    assert len(report.items) == 1


@pytest.mark.parametrize("kind", ["pain.002", "camt.053"])
def test_xml_may_begin_with_a_mark_or_with_blanks_and_have_a_prefix(kind: str) -> None:
    content = FILES[kind]
    bare = content.partition(b"?>\n")[2]

    assert read(b"\xef\xbb\xbf" + content) == read(content)
    assert read(b"\n  " + bare) == read(content)
    assert read(content.decode().replace("UTF-8", "ISO-8859-1").encode("latin-1")) == read(content)
    assert read(bare.decode().encode("utf-16")) == read(content)
    prefixed = bare.replace(b"</", b"\0").replace(b"<", b"<iso:").replace(b"\0", b"</iso:")
    assert read(prefixed.replace(b"xmlns=", b"xmlns:iso=")) == read(content)


def test_what_a_bank_adds_in_a_namespace_of_its_own_is_passed_over() -> None:
    extra = b'<SplmtryData><x:Ntry xmlns:x="urn:x"><x:TxDtls/></x:Ntry></SplmtryData></Ntfctn>'

    assert read(FILES["camt.054"].replace(b"</Ntfctn>", extra)) == read(FILES["camt.054"])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not XML"),
        (b"hello", "not XML"),
        (b"\xff\xfe\x00", "not XML"),
        (b"<Document/>", "not a document of ISO 20022"),
        (b'<Document xmlns="urn:else"/>', "not a document of ISO 20022"),
        (b'<Other xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"/>', "not a document"),
        (pain001.write(order(transfer())), "no report"),
        (FILES["camt.053"].replace(b"camt.053.001.08", b"camt.053.001.12"), "no report"),
        (FILES["pain.002"].replace(b"UTF-8", b"utf-7"), "encoding"),
        (FILES["pain.002"].replace(b"UTF-8", b"unicode_escape"), "encoding"),
        (
            b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
            + FILES["camt.053"].replace(b"CAMT-1", b"&b;").partition(b"?>")[2],
            "not XML",
        ),
        (
            b'<!DOCTYPE d SYSTEM "http://127.0.0.1/x.dtd">' + FILES["camt.053"].partition(b"?>")[2],
            "not XML",
        ),
        (
            b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">' + b"<a>" * 100_000,
            "nested|not XML",
        ),
    ],
)
def test_anything_else_is_unreadable(content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(content)


def a_report_or_unreadable(content: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert isinstance(read(content), Report)


@given(st.binary() | st.text().map(str.encode))
@example(b"101")
@example(b"<?xml version='1.0' encoding='idna'?><a/>")
def test_any_bytes_are_a_report_or_unreadable(content: bytes) -> None:
    a_report_or_unreadable(content)


@settings(max_examples=400)
@given(kind=st.sampled_from(sorted(FILES)), seed=st.integers(0, 2**32), times=st.integers(1, 6))
def test_a_file_with_bytes_cut_doubled_and_changed_is_a_report_or_unreadable(
    kind: str, seed: int, times: int
) -> None:
    chance, content = random.Random(seed), FILES[kind]
    for _ in range(times):
        first, second = sorted(chance.choices(range(len(content) + 1), k=2))
        piece = content[first:second]
        content = chance.choice(
            [
                content[:first] + content[second:],
                content[:second] + piece + content[second:],
                content[:first] + bytes([chance.randrange(256)]) + content[first + 1 :],
                content[:first] + piece[::-1] + content[second:],
            ]
        )
    a_report_or_unreadable(content)


@settings(max_examples=300)
@given(
    path=st.sampled_from(
        ["MsgId", "CreDtTm", "Amt", "CdtDbtInd", "RvslInd", "Sts", "Cd", "EndToEndId", "TxSts"]
    ),
    kind=st.sampled_from(["pain.002", "camt.053", "camt.054"]),
    value=st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="<&>"))
    | st.sampled_from(
        ["9" * 40, "-1", "NaN", "1e9", "0x1", "<Cd/>", "<b>1</b>", "2026-02-30T00:00:00Z"]
    ),
)
def test_a_field_with_anything_in_it_is_a_report_or_unreadable(
    path: str, kind: str, value: str
) -> None:
    before, _, after = FILES[kind].decode().partition(f"<{path}")
    opening, _, rest = after.partition(">")
    _, end, beyond = rest.partition(f"</{path}>")

    a_report_or_unreadable(f"{before}<{path}{opening}>{value}{end}{beyond}".encode())
