"""A file of a list is what the screen shows: the same rows in the same order, the same columns, and no formulas."""

import csv
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.utils.html import format_html

from kernel.audit.models import Entry
from kernel.lists.export import as_text, defused
from kernel.money import Money
from merchants.models import Merchant, WebhookEndpoint
from tests.lists.conftest import ENDPOINTS

pytestmark = pytest.mark.django_db

EXPORT = f"{ENDPOINTS}export/"


def read(reply):
    assert reply.status_code == 200
    return list(csv.reader(b"".join(reply.streaming_content).decode().splitlines()))


def test_the_rows_are_those_of_the_screen_in_its_order(lena, endpoints):
    heads, *rows = read(lena.get(EXPORT))

    assert heads[:3] == ["Id", "Merchant", "Url"]
    assert [row[0] for row in rows] == [one.public_id for one in reversed(endpoints)]
    assert [row[4] for row in rows] == ["Disabled", "Enabled", "Enabled"]
    sorted_ = read(lena.get(EXPORT, {"o": "3", "status__exact": "enabled"}))[1:]
    assert [row[2] for row in sorted_] == [one.url for one in endpoints[:2]]
    assert [row[0] for row in read(lena.get(EXPORT, {"q": endpoints[1].public_id}))[1:]] == [
        endpoints[1].public_id
    ]


def test_it_is_saved_never_opened_and_that_it_was_is_written_down(lena, endpoints):
    reply = lena.get(EXPORT, {"status__exact": "enabled"})

    assert reply["Content-Disposition"].startswith('attachment; filename="webhook-endpoints-')
    assert "private, no-store" in reply["Cache-Control"]
    entry = Entry.objects.get()
    assert (entry.act, entry.by, entry.kind) == ("list.export", "lena", "webhookendpoint")
    assert entry.details["rows"] == 2
    assert entry.details["list"] == "status__exact=enabled"
    assert "url" in entry.details["columns"]


def test_too_many_rows_are_refused_with_words(lena, endpoints, settings):
    settings.BACK_OFFICE_EXPORT_MOST = 2

    reply = lena.get(EXPORT, follow=True)

    assert "More than 2 rows are too many for one file" in reply.text
    assert len(read(lena.get(EXPORT, {"status__exact": "enabled"}))) == 3
    assert Entry.objects.count() == 1


def test_who_does_not_see_the_list_gets_no_file(login, endpoints):
    assert login("ada", "finance").get(EXPORT).status_code == 403


def test_an_address_that_somebody_typed_goes_back_to_the_list(lena, endpoints):
    assert lena.get(EXPORT, {"livemode__exact": "perhaps"}).status_code == 302
    assert lena.get(EXPORT, {"secret": "x"}).status_code == 400


def test_what_a_merchant_wrote_is_no_formula(lena, endpoints):
    WebhookEndpoint.objects.filter(id=endpoints[0].id).update(url="=HYPERLINK(1)")

    assert read(lena.get(EXPORT))[3][2] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30 1234", "'+49 30 1234"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("-0.50 EUR", "-0.50 EUR"),
        ("-12", "-12"),
        ("24.95 EUR", "24.95 EUR"),
        ("-1 EUR+cmd", "'-1 EUR+cmd"),
        ("", ""),
    ],
)
def test_formulas_are_defused_and_amounts_stay_exact(text, written):
    assert defused(text) == written


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (Money(2495, "EUR"), "24.95 EUR"),
        (Money(123456789012345678, "EUR"), "1234567890123456.78 EUR"),
        (datetime(2026, 11, 25, 14, 2, tzinfo=UTC), "2026-11-25T14:02:00Z"),
        (
            datetime(2026, 11, 25, 14, 2, tzinfo=timezone(timedelta(hours=2))),
            "2026-11-25T12:02:00Z",
        ),
        (format_html('<a href="/x">{}</a>', "R&D <1>"), "R&D <1>"),
        (["a", 2], "a, 2"),
        (7, "7"),
    ],
)
def test_a_cell_is_plain_text(value, text):
    assert as_text(value) == text


def test_whose_address_was_looked_for_is_not_in_the_log(lena):
    """The log is in ink: what an erased customer was called must never have been in it."""
    read(lena.get("/admin/merchants/customer/export/", {"q": "Ada@Example.com"}))

    (entry,) = Entry.objects.all()
    assert "example" not in str(entry.details).lower()
    assert "e-mail" in entry.details["list"]


@pytest.mark.parametrize("text", ["\n=1+1", "＝1+1", "＠SUM(A1)"])
def test_a_formula_by_another_sign_is_none_either(text):
    assert defused(text) == f"'{text}"


def test_a_merchant_is_named_and_a_mode_is_a_word(lena, endpoints):
    heads, *rows = read(lena.get(EXPORT))

    assert {row[heads.index("Merchant")] for row in rows} == set(
        Merchant.objects.filter(id__in={one.merchant_id for one in endpoints}).values_list(
            "name", flat=True
        )
    )
    assert {row[heads.index("Mode")] for row in rows} <= {"live", "test"}
