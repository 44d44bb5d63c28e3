"""What a PSP's file is read as: its lines to the cent, whatever it is written in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from paygate.psp import registry
from paygate.reconciliation.read import Reading, Refused, read
from tests.reconciliation.files import COLUMNS, PLAIN, kept, row, rows_, told, written


@pytest.fixture(autouse=True)
def one_format(monkeypatch: Any, db: None) -> None:
    monkeypatch.setattr(registry, "formats", lambda _: (PLAIN,))


def refused(content: bytes | str) -> Refused:
    """The file is refused, and nothing of it is anywhere; why."""
    statement = kept(content)
    with pytest.raises(Refused) as why:
        read(statement)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_temp.told'), to_regclass('pg_temp.raw')")
        assert cursor.fetchone() == (None, None)
    return why.value


def test_a_file_is_read_to_the_cent() -> None:
    content = written(
        [row(1), row(2, what="refund", Amount="-3.5", Fee="0", Net="-3.50", when="2026-11-06")]
    )

    reading = read(kept(content, name="lines.2026-11-05.csv"))

    assert reading == Reading(
        "plain.lines", "lines.2026-11-05", 2, datetime(2026, 11, 6, tzinfo=UTC)
    )
    assert told("row, kind, reference, ours, account, currency, gross, fee, net, rate, batch") == [
        (1, "capture", "txn_1", "att_1", "PaygateECOM", "EUR", 1000, 29, 971, None, ""),
        (2, "refund", "txn_2", "att_2", "PaygateECOM", "EUR", -350, 0, -350, None, ""),
    ]
    assert told("booked_at")[0] == (datetime(2026, 11, 5, 10, 20, tzinfo=UTC),)


def test_what_the_file_says_of_itself_is_its_identity() -> None:
    content = written([row(1, batch="b134")], columns=(*COLUMNS, "batch"))
    assert read(kept(content)).identity == "b134"


@pytest.mark.parametrize(
    "currency, said, minor", [("JPY", "500", 500), ("KWD", "1.234", 1234), ("USD", "1.2", 120)]
)
def test_minor_units_are_those_of_iso_4217(currency: str, said: str, minor: int) -> None:
    read(kept(written([row(1, Currency=currency, Amount=said, Fee="0", Net=said)])))
    assert told("currency, gross, net") == [(currency, minor, minor)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_file_is_read_the_same_whatever_it_is_written_in(
    encoding: str, end: str, separator: str
) -> None:
    content = written(
        [row(1, what="Café, „x“"[: 4 if encoding == "latin-1" else None])],
        separator=separator,
        end=end,
    )

    read(kept(content.encode(encoding), piece=7))

    assert told("description, gross") == [
        ("Café, „x“"[: 4 if encoding == "latin-1" else None], 1000)
    ]


def test_columns_stand_in_any_order_and_may_be_unknown_or_there_twice() -> None:
    columns = [*reversed(COLUMNS), "Net", "never heard of", "id"]
    content = written([row(1)], columns=columns).replace("9.71,", "9.71,").splitlines()
    content[1] = content[1].replace("txn_1,PaygateECOM,9.71,,txn_1", "txn_1,PaygateECOM,0,,other")

    read(kept("\n".join(content)))

    assert told("reference, net") == [("txn_1", 971)]


def test_line_ends_and_quotes_within_quotes_are_text() -> None:
    text = 'two\nlines, one "quote"'
    read(kept(written([row(1, what=text), row(2, note="a\r\nb")]), piece=5))
    assert told("row, description") == [(1, text), (2, "")]


def test_headings_are_trimmed() -> None:
    read(kept(written([row(1)]).replace("Amount,", " Amount ,", 1)))
    assert told("gross") == [(1000,)]


def test_a_last_line_without_an_end_is_whole() -> None:
    assert read(kept(written(rows_(3)).rstrip("\n"))).lines == 3


def test_empty_lines_at_the_end_are_nothing() -> None:
    assert read(kept(written(rows_(3)) + "\n\r\n\n")).lines == 3


def test_a_heading_alone_is_a_quiet_day() -> None:
    assert read(kept(written([]), name="quiet.csv")) == Reading("plain.lines", "quiet", 0, None)


def test_a_second_file_is_read_in_the_same_transaction() -> None:
    read(kept(written(rows_(3))))
    assert read(kept(written(rows_(2)))).lines == 2
    assert len(told()) == 2


def test_a_large_field_is_read() -> None:
    assert read(kept(written([row(1, note="x" * 10_000_000)]))).lines == 1


# ------------------------------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    "changes, because",
    [
        ({"Amount": "ten"}, "its gross is 'ten', which is no decimal number"),
        ({"Amount": "1e1"}, "its gross is '1e1', which is no decimal number"),
        ({"Amount": "NaN"}, "its gross is 'NaN', which is no decimal number"),
        ({"Amount": ""}, "its gross is '', which is no decimal number"),
        ({"Amount": "10.001"}, "its gross is '10.001', which has more decimals than EUR"),
        (
            {"Amount": "1" + "0" * 18},
            f"its gross is '1{'0' * 18}', which is more money than there is",
        ),
        ({"Currency": "XYZ"}, "its currency is 'XYZ', which is none of ISO 4217"),
        ({"Net": "9.70"}, "its net is '9.70', and '10.00' less a fee of '0.29' is not"),
        ({"when": "yesterday"}, "it was booked at 'yesterday'"),
        ({"when": "2026-02-30"}, "it was booked at '2026-02-30'"),
        ({"when": "05/11/2026"}, "it was booked at '05/11/2026'"),
        ({"when": "2126-11-05"}, "it was booked at 2126-11-05"),
        ({"id": ""}, "it has no reference of its own"),
    ],
)
def test_a_row_that_makes_no_sense_is_said_to(changes: dict[str, str], because: str) -> None:
    rows = [*rows_(5), row(6, **changes), *rows_(3)]
    why = refused(written(rows))
    assert (why.row, why.because) == (6, because)


def test_the_first_wrong_row_is_found_among_many() -> None:
    rows = rows_(3000)
    rows[1233]["Fee"] = rows[2900]["Fee"] = "1.1.1"
    assert refused(written(rows)).row == 1234


def test_a_card_number_is_not_repeated() -> None:
    assert "4242" not in refused(written([row(1, Amount="4242424242424242")])).because


@pytest.mark.parametrize(
    "row_, because",
    [
        ("a,b", "it has fewer columns than the heading"),
        (",".join("x" * 11), "it has more columns than the heading"),
        ("", "it has fewer columns than the heading"),
        ('PaygateECOM,"txn_2', "a quote in it is not closed when the file ends"),
    ],
)
def test_a_row_that_is_no_row_is_refused(row_: str, because: str) -> None:
    why = refused(written([row(1, what="two\nlines")]) + f"{row_}\n" + written(rows_(1)))
    assert (why.row, why.because) == (2, because)


@pytest.mark.parametrize("bad", ["\0", "\x07", "\x7f", "\x85", "\x9f"])
def test_a_control_character_is_refused(bad: str) -> None:
    why = refused(written([*rows_(2), row(3, note=f"é{bad}"), *rows_(2)]))
    assert (why.row, why.because) == (3, f"there is a control character, U+{ord(bad):04X}")


@pytest.mark.parametrize(
    "content, because",
    [
        (b"caf\xc3\xa9 na\xefve", "the text is neither UTF-8 nor ISO 8859-1"),
        (b"\x80 50", "there is a control character, U+0080"),
        (b"\xef\xbb\xbf", "the text is no UTF-8"),
    ],
)
def test_what_is_in_no_encoding_is_refused(content: bytes, because: str) -> None:
    mark, rest = (content, b"\xff") if content[:1] == b"\xef" else (b"", content)
    plain = written([*rows_(2), row(3, note="HERE"), *rows_(2)]).encode()
    assert refused(mark + plain.replace(b"HERE", rest)).because == because


def test_half_a_letter_at_the_end_is_refused() -> None:
    assert refused(written([row(1)]).encode("utf-16")[:-1]).because == "the text is no UTF-16-LE"


def test_a_line_that_ends_the_file_for_postgresql_is_refused() -> None:
    why = refused(written(rows_(2)) + "\\.\n" + written(rows_(2)))
    assert (why.row, why.because) == (3, "a line has nothing but \\.")
    assert refused(written(rows_(2)) + "\\.").row == 3
    assert refused(written([]) + "\\.\n").row == 1


def test_quotes_that_swallow_rows_are_refused() -> None:
    lines = written(rows_(6)).splitlines()
    for place in (2, 5):
        lines[place] = lines[place].replace("no note", '5" pipe')
    assert "quotes" in refused("\n".join(lines)).because


@pytest.mark.parametrize(
    "content, because",
    [
        (b"", "it is empty"),
        (b"\xef\xbb\xbf\r\n\n", "it is empty"),
        (b"%PDF-1.7\n1 0 obj", "it is a PDF and no table"),
        (b"<!doctype html>\n<p>Log in", "it is a page of HTML or XML and no table"),
        (b"PK\x03\x04....", "it is a ZIP archive or a workbook of Excel's and no table"),
        (b"a,b,c\n1,2,3\n", "no file of theirs has such headings: 'a, b, c'"),
        (b"x" * 100_000, "it has no heading: its first line does not end"),
        (b"a," * 1000 + b"b\n", "it has more than 400 columns"),
        (b'a,"b\n', "it ends in the middle of the heading"),
        (b'a,"b\n\0', "there is a control character, U+0000"),
    ],
)
def test_what_is_no_file_of_theirs_is_refused(content: bytes, because: str) -> None:
    why = refused(content)
    assert (why.row, why.because) == (None, because)


def test_a_file_of_somebody_else_is_refused() -> None:
    why = refused(written([row(1, account="OtherECOM"), row(2, account="")]))
    assert why.because == "none of its rows is of an account of ours, but of OtherECOM"


def test_a_file_with_one_row_of_ours_is_read() -> None:
    assert read(kept(written([row(1, account="OtherECOM"), row(2)]))).lines == 2


def test_the_transaction_goes_on_after_a_refusal() -> None:
    refused("nothing of ours\n")
    assert read(kept(written(rows_(2)))).lines == 2
