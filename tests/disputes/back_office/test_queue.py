"""The list: what is due first on top, with what answering is worth; by as few questions for many as for one."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from disputes.models import Dispute
from kernel.ids import encode
from tests.disputes.back_office.conftest import LOOK, Desk, words
from tests.disputes.conftest import NOON, Case, reinstated, withdrawn

pytestmark = pytest.mark.django_db

LIST = "/admin/disputes/dispute/"


def listed(reply):
    """The ids on the page, in order."""
    return list(dict.fromkeys(re.findall(r"dp_[0-9a-z]{26}", reply.content.decode())))


def due(case, left):
    return case().heard("needs_response", withdrawn(f"t{left}"), evidence_due_by=NOON + left)


def test_what_is_due_first_is_on_top_and_what_is_not_due_is_elsewhere(sam, case, puppet, noon):
    later, soon, missed = (
        due(case, timedelta(days=9)),
        due(case, timedelta(days=2)),
        due(case, -timedelta(hours=1)),
    )
    never = case().heard("needs_response", evidence_due_by=None)
    won = case().heard("won")

    reply = sam.client.get(LIST)

    assert listed(reply) == [one.public_id for one in (missed, soon, later, never)]
    shown = words(reply)
    assert "Missed: over for 2 h" in shown
    assert "Soon: 1 d 23 h left" in shown
    assert "no deadline told" in shown
    assert listed(sam.client.get(LIST, {"status__exact": "won"})) == [won.public_id]


@pytest.mark.parametrize("standing", ["needs_response", "under_review", "won", "lost"])
def test_each_tab_has_its_own(sam, case, puppet, noon, standing):
    disputes = {
        status: case().heard(status) for status in ("needs_response", "under_review", "won", "lost")
    }

    reply = sam.client.get(LIST, {"status__exact": standing})

    assert listed(reply) == [disputes[standing].public_id]
    assert f'aria-current="page">{standing.replace("_", " ").capitalize()}<' in (
        reply.content.decode()
    )


def test_all_of_them_are_in_the_last_tab_newest_first(sam, case, puppet, noon):
    made = [case().heard(status).public_id for status in ("won", "needs_response", "lost")]

    assert listed(sam.client.get(LIST, {"status__exact": "all"})) == made[::-1]


@pytest.mark.parametrize("name", ["dp", "pay", "mer", "case"])
def test_whoever_looks_for_one_finds_it_however_it_stands(sam, case, puppet, noon, name):
    one = case()
    dispute = one.heard("lost")
    case().heard("needs_response")
    payment = one.payment
    merchant = encode("mer", dispute.merchant_id)
    names = {"dp": dispute.public_id, "pay": payment["id"], "mer": merchant, "case": one.name}

    found = listed(sam.client.get(LIST, {"q": f" {names[name]} "}))

    assert dispute.public_id in found
    assert len(found) == (2 if name == "mer" else 1)


@pytest.mark.parametrize(
    "query",
    [
        {"q": "nobody's"},
        {"q": "dp_nonsense"},
        {"q": "a\0b"},
        {"status__exact": "nonsense"},
        {"p": "99999"},
        {"p": "nonsense"},
        {"nonsense": "1"},
        {"payment_id": "nonsense"},
    ],
)
def test_what_somebody_typed_into_the_address_is_no_fault_of_ours(sam, case, puppet, noon, query):
    case().heard("needs_response")

    assert sam.client.get(LIST, query).status_code in {200, 302}


def test_filters_narrow_the_tab(sam, case, puppet, noon):
    case("stripe").heard("needs_response")
    at_adyen = case("adyen").heard("needs_response")

    assert listed(sam.client.get(LIST, {"psp": "adyen"})) == [at_adyen.public_id]


def test_pages_go_on_and_all_there_are_is_never_counted(sam, case, puppet, noon, monkeypatch):
    monkeypatch.setattr("disputes.back_office.queue.DisputeAdmin.list_per_page", 2)
    made = [due(case, timedelta(days=days)).public_id for days in (1, 2, 3)]

    with CaptureQueriesContext(connection) as asked:
        first = sam.client.get(LIST)
    second = sam.client.get(LIST, {"p": 2})

    assert [*listed(first), *listed(second)] == made
    counted = [q["sql"] for q in asked if "COUNT(" in q["sql"] and '"dispute"' in q["sql"]]
    assert all("LIMIT" in one for one in counted)  # No further than people read.
    assert "?p=2" in first.content.decode()
    assert "?p=3" not in second.content.decode()


# ------------------------------------------------------------------------------------ what it is worth


@pytest.fixture
def past(case, puppet):
    """Twelve disputes that a bank has decided: nine were won."""
    for number in range(12):
        one = case()
        one.heard("needs_response", withdrawn(f"w{number}"))
        one.heard(*(("won", reinstated(f"r{number}")) if number < 9 else ("lost",)), hours=1)


def test_the_estimate_says_of_how_many_and_what_answering_is_worth(sam, past, case, noon):
    dispute = case().heard("needs_response", withdrawn("open"))

    shown = words(sam.client.get(LIST))

    # (9 + 1) / (12 + 2) of 10.00, less (3 + 1) / 14 of the fee of 15.00.
    assert "71 % of 12 like it" in shown
    assert "2.86 USD" in shown
    page = words(sam.page(dispute))
    assert "71 % of 12 like it" in page
    assert "2.86 USD" in page
    assert "with the same reason: 9 of 12 were won." in page
    assert "2.86 USD" in words(sam.page(dispute, "accept"))


def test_few_are_too_few_to_tell(sam, case, puppet, noon):
    for number in range(3):
        case().heard("won", hours=number)
    case().heard("needs_response", withdrawn("open"))

    shown = words(sam.client.get(LIST))

    assert "too few to tell: 3 like it" in shown
    assert " % of " not in shown


def test_without_any_there_is_none_like_it(sam, dispute):
    assert "too few to tell: none like it" in words(sam.client.get(LIST))


# ------------------------------------------------------------------------------------- questions


def asked_for(sam, standing="needs_response"):
    with CaptureQueriesContext(connection) as asked:
        reply = sam.client.get(LIST, {"status__exact": standing})
    assert reply.status_code == 200
    return len(asked), reply


@pytest.mark.parametrize("standing", ["needs_response", "under_review", "all"])
def test_many_disputes_of_many_merchants_take_as_many_questions_as_one(
    sam, case, puppet, noon, another_merchant, client_for, standing
):
    status = "needs_response" if standing == "all" else standing
    case().heard(status, withdrawn("first"))
    asked_for(sam, standing)  # What is remembered from now on.
    one, _ = asked_for(sam, standing)
    for number in range(6):
        case().heard(status, withdrawn(f"more {number}"))
        paid = client_for(another_merchant).pay(psp="stripe").json()
        Case(paid, f"foreign {number}").heard(status, withdrawn(f"foreign {number}"))

    many, reply = asked_for(sam, standing)

    assert len(listed(reply)) == 13
    assert many == one <= QUESTIONS


#: Session, person, rights and groups; the sidebar; the disputes, and four for what is beside them.
QUESTIONS = 14


def test_a_file_has_what_the_screen_has_and_takes_no_more_questions_for_more(sam, past, case, noon):
    case().heard("needs_response", withdrawn("open"))

    def saved():
        with CaptureQueriesContext(connection) as asked:
            reply = sam.client.get(f"{LIST}export/")
            text = b"".join(reply.streaming_content).decode()
        return text.splitlines(), len(asked)

    saved()  # What is remembered from now on.
    (heads, line), one = saved()
    for number in range(5):
        case().heard("needs_response", withdrawn(f"more {number}"))
    more, many = saved()

    assert heads.startswith("Answer by,Amount,Reason,Win estimate,Expected value,Merchant,PSP")
    assert "10.00 USD" in line
    assert "71 % of 12 like it,2.86 USD" in line
    assert (len(more), many) == (7, one)


def test_an_index_finds_each_tab(sam, case, puppet, noon):
    case().heard("needs_response")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        for rows, index in (
            (
                Dispute.objects.filter(status="needs_response").order_by("evidence_due_by", "id"),
                "dispute_needs_response",
            ),
            (Dispute.objects.filter(status="lost").order_by("-id"), "dispute_status"),
            (Dispute.objects.order_by("-id"), "dispute_id"),
        ):
            cursor.execute(
                f"EXPLAIN {rows[:25].query}".replace("= lost", "= 'lost'").replace(
                    "= needs_response", "= 'needs_response'"
                )
            )
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert f"using {index}" in plan.replace("Backward ", ""), plan


def test_who_may_not_look_sees_no_list(db):
    assert Desk().client.get(LIST).status_code == 403
    assert Desk(*LOOK).client.get(LIST).status_code == 200


def test_nobody_is_not_let_in(client, db):
    assert client.get(LIST).status_code == 302
