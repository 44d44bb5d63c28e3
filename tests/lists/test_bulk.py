"""An act on many rows shows what it would do, and then does that and nothing else."""

import pytest
from django.http import HttpResponse

from kernel.audit.models import Entry
from kernel.clock import now
from kernel.lists.bulk import Bulk, _Shown
from kernel.money import Money
from merchants.models import WebhookEndpoint
from merchants.notices import admin as notices
from merchants.notices.disable import disable
from tests.bulk import carry_out, choose, send
from tests.lists.conftest import ENDPOINTS

pytestmark = pytest.mark.django_db


def disabled():
    return WebhookEndpoint.objects.filter(status="disabled").count()


def test_nothing_is_done_before_somebody_has_looked(lena, endpoints):
    page = choose(lena, ENDPOINTS, "disable", *endpoints)

    assert disabled() == 1
    assert not Entry.objects.exists()
    assert page.context["count"] == 2
    assert "It is disabled already." in page.text
    assert endpoints[0].public_id in page.text


def test_exactly_the_rows_that_were_shown_are_done_each_with_an_entry(lena, endpoints):
    carry_out(lena, ENDPOINTS, "disable", *endpoints[:2], because="They ask us to.")

    assert disabled() == 3
    done = Entry.objects.filter(outcome="done")
    assert {(one.subject, one.by, one.because) for one in done} == {
        (endpoint.public_id, "lena", "They ask us to.") for endpoint in endpoints[:2]
    }
    assert done.first().after["status"] == "disabled"
    assert Entry.objects.filter(outcome="asked").first().details == {"among": 2}


def test_what_has_changed_meanwhile_is_said_and_nothing_done(lena, endpoints):
    shown = choose(lena, ENDPOINTS, "disable", *endpoints[:2])
    gone = WebhookEndpoint.Reason.GONE
    disable(endpoints[0].merchant_id, endpoints[0].id, reason=gone, at=now())

    page = send(lena, ENDPOINTS, shown)

    assert "Something changed since you looked" in page.text
    assert page.context["count"] == 1
    assert page.context["form"].initial["because"] == "Mended."
    assert disabled() == 2
    assert not Entry.objects.exists()


def test_what_the_decision_rested_on_has_changed_though_it_could_still_be_done(
    lena, endpoints, monkeypatch
):
    watching = Bulk(
        act="try",
        title="Try",
        asks="Why?",
        do=lambda row, asked: pytest.fail("it was done"),
        watches=("url",),
    )
    monkeypatch.setattr(notices, "DISABLE", watching)
    shown = choose(lena, ENDPOINTS, "disable", endpoints[0])
    WebhookEndpoint.objects.filter(id=endpoints[0].id).update(url="http://127.0.0.1:9/elsewhere")

    assert "Something changed since you looked" in send(lena, ENDPOINTS, shown).text


def test_what_was_shown_cannot_be_added_to(lena, endpoints):
    shown = choose(lena, ENDPOINTS, "disable", endpoints[0])
    send(lena, ENDPOINTS, shown, _selected_action=[str(one.pk) for one in endpoints[:2]])

    assert disabled() == 1


def test_a_form_that_comes_twice_does_nothing_twice(lena, endpoints):
    shown = choose(lena, ENDPOINTS, "disable", *endpoints[:2])
    send(lena, ENDPOINTS, shown)
    send(lena, ENDPOINTS, shown)

    assert Entry.objects.filter(outcome="done").count() == 2


@pytest.mark.parametrize("because", ["", "   ", "x" * 501])
def test_nothing_is_done_without_a_reason(lena, endpoints, because):
    assert carry_out(lena, ENDPOINTS, "disable", endpoints[0], because=because).status_code == 200
    assert disabled() == 1


def test_more_than_can_be_looked_at_are_refused(lena, endpoints, settings):
    settings.BACK_OFFICE_BULK_MOST = 2

    page = choose(lena, ENDPOINTS, "enable", *endpoints)

    assert page.status_code == 302
    assert "At most 2 at once" in lena.get(ENDPOINTS).text
    assert disabled() == 1


def test_what_a_verb_refuses_is_told_and_the_others_are_done(lena, endpoints, monkeypatch):
    class No(Exception):
        pass

    def refuse_the_first(endpoint, asked):
        if endpoint.id == endpoints[0].id:
            raise No("not this one")
        assert asked.by == "lena"
        assert len(asked.key) == 36

    bulk = Bulk(act="try", title="Try", asks="Why?", do=refuse_the_first, refusals=(No,))
    monkeypatch.setattr(notices, "DISABLE", bulk)
    carry_out(lena, ENDPOINTS, "disable", *endpoints)

    page = lena.get(ENDPOINTS).text
    assert "Try: 2 of 3 done." in page
    assert f"1 refused. {endpoints[0].public_id}: not this one" in page
    refused = Entry.objects.get(outcome="refused")
    assert (refused.subject, refused.details) == (endpoints[0].public_id, {"said": "not this one"})


def test_whoever_is_not_fresh_is_sent_to_prove_themselves_first(lena, endpoints, monkeypatch):
    stale = Bulk(
        act="try",
        title="Try",
        asks="Why?",
        do=lambda row, asked: pytest.fail("it was done"),
        fresh=lambda request: HttpResponse("prove yourself"),
    )
    monkeypatch.setattr(notices, "DISABLE", stale)

    assert choose(lena, ENDPOINTS, "disable", *endpoints).text == "prove yourself"


def test_who_may_not_is_not_offered_it_and_does_nothing(login, endpoints):
    otto = login("otto", "auditor")
    assert 'value="disable"' not in otto.get(ENDPOINTS).text
    choose(otto, ENDPOINTS, "disable", *endpoints)
    assert disabled() == 1


def test_what_is_moved_is_added_up_by_currency():
    class Row:
        def __init__(self, pk, money):
            self.pk, self.money = pk, money

    bulk = Bulk(act="", title="", asks="", do=lambda row, asked: None, money=lambda row: row.money)
    rows = [Row(1, Money(100, "EUR")), Row(2, Money(5, "JPY")), Row(3, Money(1, "EUR"))]
    shown = _Shown([*rows, Row(4, None)])

    assert shown.totals(bulk) == [(2, Money(101, "EUR")), (1, Money(5, "JPY"))]
