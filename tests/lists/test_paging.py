"""A big table is never counted whole."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel.lists import paging
from kernel.lists.paging import CappedPaginator
from tests.lists.conftest import ENDPOINTS

pytestmark = pytest.mark.django_db


def paginator(rows, per_page=2, page=1):
    made = CappedPaginator(range(rows), per_page)
    made.page_asked = page
    return made


@pytest.mark.parametrize(
    ("rows", "page", "count", "says"),
    [
        (0, 1, 0, "0"),
        (9, 1, 9, "9"),
        (10, 1, 10, "10"),
        (11, 1, 10, "10+"),
        (5000, 1, 10, "10+"),
        (5000, 5, 12, "12+"),  # One page further than the one that is looked at.
        (12, 5, 12, "12"),
        (5000, 400, 20, "20+"),
    ],
)
def test_it_is_counted_as_far_as_people_read(monkeypatch, rows, page, count, says):
    monkeypatch.setattr(paging, "MOST", 10)
    monkeypatch.setattr(paging, "FURTHEST", 20)

    found = paginator(rows, page=page)

    assert (found.count, found.says) == (count, says)
    assert all(len(found.page(number)) == 2 for number in range(1, count // 2 + 1))


def test_a_list_says_so_and_asks_for_no_more(lena, endpoints, monkeypatch):
    monkeypatch.setattr(paging, "MOST", 2)
    monkeypatch.setattr("merchants.notices.admin.WebhookEndpointAdmin.list_per_page", 1)

    with CaptureQueriesContext(connection) as asked:
        page = lena.get(ENDPOINTS)

    assert "2+ webhook endpoints" in page.text
    counts = [one["sql"] for one in asked if "COUNT(" in one["sql"] and "webhook_" in one["sql"]]
    assert any("LIMIT 3" in sql for sql in counts)
    assert all("LIMIT" in sql for sql in counts)
    assert "3 webhook endpoints" in lena.get(ENDPOINTS, {"p": "2"}).text
    for page in ("x", "0", "-1", "99999999999999999999"):
        assert lena.get(ENDPOINTS, {"p": page}).status_code in (200, 302)
