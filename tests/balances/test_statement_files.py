"""A statement to be saved: as a table and as a document, the same to the byte each time."""

from __future__ import annotations

import base64
import re
import zlib
from datetime import UTC, datetime
from io import BytesIO

import pytest
from reportlab.lib.pagesizes import A4

from kernel.ids import encode
from merchants.funds import statement_csv, statement_pdf
from merchants.funds.months import Month
from merchants.funds.statement import statement_of
from tests.balances.conftest import NOON, Book, new, table

pytestmark = pytest.mark.django_db

MARCH = datetime(2025, 3, 10, 9, tzinfo=UTC)


@pytest.fixture
def march(book: Book) -> Book:
    book.written_at = MARCH
    book.capture(100_00, 3_20)
    book.refund(140_00)
    return book


def shown_in(pdf: bytes) -> str:
    """All that is written on its pages, in the order in which it was."""
    texts = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        raw = zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>")))
        texts += re.findall(rb"\((.*?)\) Tj", raw)
    octal = re.compile(rb"\\([0-7]{3})")
    return "\n".join(
        octal.sub(lambda code: bytes([int(code[1], 8)]), text).decode("cp1252") for text in texts
    )


def test_a_table_has_a_row_for_each_line_between_opening_and_closing(downloaded, march):
    refund = march.posted[1].source
    opening, capture, refunded, closing = table(downloaded("2025-03", format="csv"))

    assert (opening["type"], opening["balance"]) == ("opening_balance", "0.00")
    assert capture["type"] == "payment.captured"
    assert (capture["gross"], capture["fee"], capture["net"]) == ("100.00", "3.20", "96.80")
    assert (capture["pending"], capture["available"]) == ("96.80", "0.00")
    assert capture["transaction"] == encode("txn", march.posted[0].id)
    assert (refunded["source"], refunded["net"]) == (refund, "-140.00")
    assert (closing["type"], closing["balance"]) == ("closing_balance", "-43.20")
    assert (closing["pending"], closing["available"]) == ("96.80", "-140.00")
    assert closing["posted_at"] == "2025-04-01T00:00:00.000Z"


def test_amounts_have_the_decimals_of_their_currency(downloaded, book):
    book.written_at = MARCH
    book.capture(500, currency="JPY")
    book.capture(1_500, currency="KWD")

    assert table(downloaded("2025-03", currency="JPY", format="csv"))[1]["net"] == "500"
    assert table(downloaded("2025-03", currency="KWD", format="csv"))[1]["net"] == "1.500"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")']
)
def test_no_text_is_a_formula_to_a_spreadsheet(text):
    assert statement_csv._plain(text) == f"'{text}"
    assert statement_csv._plain("payment.captured") == "payment.captured"


@pytest.mark.parametrize(
    ("format_", "media_type"), [("csv", "text/csv"), ("pdf", "application/pdf")]
)
def test_a_file_is_for_saving_under_its_own_name(api, march, format_, media_type):
    asked = [
        api.get("statements/2025-03", {"format": format_}),
        api.client.get(
            "/v1/statements/2025-03",
            headers={"Authorization": f"Bearer {api.secret}", "Accept": f"{media_type}, */*;q=0.1"},
        ),
    ]
    for reply in asked:
        assert reply["Content-Type"] == media_type
        assert reply["Content-Disposition"] == (
            f'attachment; filename="statement-2025-03-USD-test.{format_}"'
        )
        assert reply["Cache-Control"] == "private, no-store"
        assert reply["X-Content-Type-Options"] == "nosniff"


def test_a_client_that_accepts_anything_gets_json(api, march):
    for accept in ("*/*", "text/html", "application/json", ""):
        reply = api.client.get(
            "/v1/statements/2025-03",
            headers={"Authorization": f"Bearer {api.secret}", "Accept": accept},
        )
        assert reply["Content-Type"] == "application/json"


def test_a_long_file_comes_from_the_disk(api, downloaded, march, monkeypatch):
    short = downloaded("2025-03", format="csv")
    monkeypatch.setattr("merchants.funds.download.IN_MEMORY", 100)
    reply = api.get("statements/2025-03", {"format": "csv"})

    assert reply.streaming
    assert reply["Content-Type"] == "text/csv"
    assert reply["Content-Disposition"].endswith('.csv"')
    assert int(reply["Content-Length"]) == len(short)
    assert reply.getvalue() == short
    reply.close()


@pytest.mark.parametrize("format_", ["json", "csv", "pdf"])
def test_the_same_month_is_the_same_bytes(downloaded, march, format_):
    assert downloaded("2025-03", format=format_) == downloaded("2025-03", format=format_)


def test_a_document_shows_every_line_and_both_balances(downloaded, march, merchant):
    shown = shown_in(downloaded("2025-03", format="pdf"))

    for text in (
        "Statement 2025-03 USD",
        "Kiosk",
        merchant.merchant.public_id,
        "2025-03-10",
        "payment.captured",
        march.posted[1].source,
        "96.80",
        "-140.00",
        "-43.20 USD",
        "0.00 USD",
        "Sums by type",
        "TEST MODE: no money.",
        "Page 1 of ",
    ):
        assert text in shown, text
    assert "PRELIMINARY" not in shown


def test_a_running_month_says_that_it_is_preliminary(api, downloaded, book):
    book.capture(100)
    [running] = api.get("statements").json()["data"]

    assert "PRELIMINARY" in shown_in(downloaded(running["id"], format="pdf"))


def test_a_name_in_letters_the_font_has_not_is_no_failure(downloaded, march, merchant):
    merchant.merchant.name = "キオスク Zoë"
    merchant.merchant.save()

    assert "???? Zoë" in shown_in(downloaded("2025-03", format="pdf"))


def test_a_row_fits_on_the_paper():
    left = statement_pdf.LEFT

    assert left + len(statement_pdf.HEAD) * statement_pdf.LETTER <= A4[0] - left


def test_a_long_document_numbers_its_pages(merchant, book, monkeypatch):
    book.written_at = MARCH
    book.capture(100, source=new("att"))
    march = statement_of(
        merchant.merchant.id, Month(2025, 3), livemode=False, currency=None, at=NOON
    )
    [line] = march.lines()
    monkeypatch.setattr(type(march), "lines", lambda _: iter([line] * 500))
    into = BytesIO()
    statement_pdf.write(march, into)

    shown = shown_in(into.getvalue())
    pages = int(re.findall(rb"/Count (\d+)", into.getvalue())[0])
    assert pages == 8, pages
    assert [f"Page {number} of " in shown for number in range(1, pages + 2)] == [True] * 8 + [False]
    assert shown.splitlines()[0] == str(
        pages
    )  # Of all pages there is one drawing, which each of them shows.
    assert shown.count("payment.captured") == 501  # And once in the sums.
    assert shown.count("Reference") == pages
