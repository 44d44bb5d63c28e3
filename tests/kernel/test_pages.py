"""Lists a page at a time: newest first, complete, and unmoved by what is inserted meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from kernel.ids import encode, uuid7
from kernel.pages import page
from kernel.problems import Problem
from merchants.models import Merchant

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def opened(count: int) -> list[str]:
    """So many merchants, newest first."""
    made = [
        Merchant.objects.create(
            name=str(i), country="US", settlement_currency="USD", created_at=NOON
        )
        for i in range(count)
    ]
    return [merchant.public_id for merchant in reversed(made)]


def listed(**query: object) -> tuple[list[str], bool]:
    request = Request(APIRequestFactory().get("/v1/merchants", query))
    shown = page(
        Merchant.objects.all(),
        request,
        prefix="mer",
        render_many=lambda rows: [{"id": row.public_id} for row in rows],
    )
    assert (shown["object"], shown["url"]) == ("list", "/v1/merchants")
    return [row["id"] for row in shown["data"]], shown["has_more"]


def test_an_empty_list_is_a_list(db):
    assert listed() == ([], False)


def test_a_page_holds_twenty_unless_asked(db):
    made = opened(21)

    assert listed() == (made[:20], True)
    assert listed(limit=21) == (made, False)
    assert listed(limit=1) == (made[:1], True)


def test_going_forward_and_back_shows_everything_once(db):
    made = opened(7)
    assert listed(limit=3, starting_after=made[2]) == (made[3:6], True)
    assert listed(limit=3, starting_after=made[5]) == (made[6:], False)
    assert listed(limit=3, ending_before=made[6]) == (made[3:6], True)
    assert listed(limit=3, ending_before=made[3]) == (made[:3], False)


def test_rows_inserted_meanwhile_move_nothing(db):
    made = opened(6)
    first, _ = listed(limit=3)
    opened(5)

    assert listed(limit=3, starting_after=first[-1]) == (made[3:], False)


def test_a_cursor_is_a_place_and_need_not_exist(db):
    made = opened(2)

    assert listed(starting_after=encode("mer", uuid7())) == (made, False)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.5", "1e1", " 1", "٣", "9" * 5_000])
def test_a_limit_is_an_integer_from_1_to_100(limit):
    refuses("limit", limit=limit)


@pytest.mark.parametrize("cursor", ["", "x", "mer_", "pay_" + "0" * 26, "mer_" + "u" * 26])
@pytest.mark.parametrize("name", ["starting_after", "ending_before"])
def test_a_cursor_of_another_kind_is_refused(name, cursor):
    refuses(name, **{name: cursor})


def test_a_page_is_after_or_before_and_not_both():
    cursor = encode("mer", uuid7())
    refuses("ending_before", starting_after=cursor, ending_before=cursor)


def refuses(param: str, **query: object) -> None:
    with pytest.raises(Problem) as refused:
        listed(**query)
    assert refused.value.status_code == 400
    assert refused.value.error["param"] == param
