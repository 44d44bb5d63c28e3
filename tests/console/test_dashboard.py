"""The first page: figures as far as somebody may see them, of one currency at a time, from no table of money."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, time, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kernel.clock import now
from ledger.chart import HOUSE
from merchants.onboard import onboard
from paygate.console import queue_counts
from paygate.console.models import Figure
from paygate.console.tasks import forget_old
from paygate.monitoring.models import Taken
from paygate.monitoring.read import read
from paygate.payments.models import Attempt
from paygate.proof.runs import prove_and_keep
from paygate.staff.roles import ROLES
from tests.console.counting import relay
from tests.console.generated import traffic

pytestmark = pytest.mark.django_db

OF_MONEY = ("payment", "payment_attempt", "refund", "dispute", "payout", "ledger_entry")


@pytest.fixture(autouse=True)
def nothing_counted():
    queue_counts.forget()


@pytest.fixture
def login(db):
    def login(role="auditor"):
        user, _ = User.objects.get_or_create(
            username=f"in-{role or 'none'}", defaults={"is_staff": True}
        )
        user.groups.set(Group.objects.filter(name=role))
        client = Client()
        client.force_login(user)
        return client

    return login


@pytest.fixture
def shown(login):
    """What the page was given, for the address."""

    def shown(role="auditor", **query):
        page = login(role).get("/admin/", query)
        assert page.status_code == 200
        return page

    return shown


@pytest.fixture
def figure():
    """One, of an hour and its day, of a merchant or of all."""

    def put(what, number=1, minor=10_00, *, at=None, whose=HOUSE, **of):
        of = {"livemode": True, "currency": "EUR", "psp": "stripe", "reason": ""} | of
        at = at or now()
        hour = at.replace(minute=0, second=0, microsecond=0)
        for span, starts in (("hour", hour), ("day", hour.replace(hour=0))):
            row, _ = Figure.objects.get_or_create(
                merchant_id=whose,
                what=what,
                span=span,
                starts=starts,
                **of,
                defaults={"number": 0, "amount": 0},
            )
            Figure.objects.filter(pk=row.pk).update(
                number=row.number + number, amount=row.amount + minor
            )

    return put


def tile(page, title):
    tiles = [*page.context["dashboard"]["tiles"], *page.context["dashboard"]["present"]]
    [found] = [one for one in tiles if one.title == title]
    return found


def chart(page, name):
    [found] = [one for one in page.context["dashboard"]["charts"] if one.name == name]
    return found


class TestFigures:
    def test_a_day_of_payments_is_what_the_page_shows(self, api, shown):
        api.pay(psp="stripe", amount=10_00)
        paid = api.pay(psp="adyen", amount=20_00).json()
        api.pay(psp="stripe", amount=5_00, payment_method="pm_card_declined")
        api.post("refunds", {"payment": paid["id"], "amount": 4_00})
        relay()
        page = shown(period="today")  # In test mode, since there is nothing live.

        volume = tile(page, "Volume")
        assert (volume.figure, volume.beside) == ("30.00 USD", "captured; 3 payments tried")
        assert tile(page, "Success rate").figure == "66.7 %"
        assert tile(page, "Success rate").beside == "2 approved, 1 declined"
        assert {one["psp"] for one in chart(page, "volume").drawn["sets"]} == {"stripe", "adyen"}
        [(_, declines, part, minor)] = chart(page, "declines").rows
        assert (declines, part, minor) == ("1", "100.0 %", "5.00 USD")
        assert "Test mode" in page.content.decode()

    def test_the_table_of_a_chart_says_what_is_drawn(self, figure, shown):
        traffic(HOUSE, at=now(), days=30)
        for period in ("today", "7", "90"):
            page = shown(period=period)
            for name in ("volume", "success", "refunds"):
                one = chart(page, name)
                assert [row[0] for row in one.rows] == one.drawn["labels"]
                for place, drawn in enumerate(one.drawn["sets"]):
                    column = {"volume": 2, "success": 1, "refunds": 2}[name] + place
                    said = [row[column] for row in one.rows]
                    assert all(
                        cell in words for cell, words in zip(said, drawn["said"], strict=True)
                    )

    def test_a_week_is_the_sum_of_its_days(self, figure, shown):
        for days in (0, 6, 7, 13, 14):
            figure("captured", 1, 10_00, at=now() - timedelta(days=days))
        page = shown(period="7")

        assert tile(page, "Volume").figure == "20.00 EUR"
        assert sum(chart(page, "volume").drawn["sets"][0]["values"]) == 20_00

    def test_what_was_taken_back_is_no_volume(self, figure, shown):
        figure("captured", 2, 20_00)
        figure("capture_reversed", 1, 15_00)

        assert tile(shown(), "Volume").figure == "5.00 EUR"

    def test_currencies_are_never_added(self, figure, shown):
        figure("attempted", 9), figure("captured", 9, 90_00)
        figure("attempted", 1, currency="USD"), figure("captured", 1, 7_00, currency="USD")
        page = shown()

        assert tile(page, "Volume").figure == "90.00 EUR"  # The busier one.
        [other] = page.context["dashboard"]["others"]
        assert (other["currency"], other["captured"]) == ("USD", "7.00 USD")
        assert tile(shown(currency="usd"), "Volume").figure == "7.00 USD"

    def test_a_merchant_is_shown_in_its_own_currency(self, figure, shown):
        kiosk = onboard("Kiosk", settlement_currency="EUR").merchant
        figure("attempted", 99, currency="USD", whose=kiosk.id)
        figure("captured", 3, 30_00, whose=kiosk.id)
        page = shown(merchant="Kiosk")

        assert page.context["dashboard"]["currency"] == "EUR"
        assert tile(page, "Volume").figure == "30.00 EUR"

    def test_no_merchant_sees_anothers(self, figure, shown):
        kiosk, bakery = onboard("Kiosk").merchant, onboard("Bakery").merchant
        figure("captured", 3, 30_00, whose=kiosk.id)

        page = shown(merchant=bakery.public_id)
        assert page.context["dashboard"]["empty"]
        assert tile(page, "Volume").figure.startswith("0.00")

    def test_live_and_test_are_apart(self, figure, shown):
        figure("captured", 1, 10_00)
        figure("captured", 1, 99_00, livemode=False)

        assert tile(shown(), "Volume").figure == "10.00 EUR"
        assert tile(shown(mode="test"), "Volume").figure == "99.00 EUR"

    def test_what_is_drawn_is_said_in_days_and_hours_of_utc(self, figure, shown):
        figure("captured", 1, 10_00, at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
        page = shown(since="2026-11-20", until="2026-11-20")

        [drawn] = chart(page, "volume").drawn["sets"]
        assert chart(page, "volume").drawn["labels"][23] == "23:00"
        assert drawn["values"] == [0] * 23 + [10_00]
        assert "UTC" in page.content.decode()


class TestComparison:
    def test_yesterday_is_compared_as_far_as_the_same_hour(self, figure, shown):
        noon = datetime.combine(now().date(), time(12), UTC)
        figure("captured", 1, 12_00, at=noon - timedelta(days=8))
        figure("captured", 1, 10_00, at=noon - timedelta(days=9))
        page = shown(
            since=str(noon.date() - timedelta(days=8)), until=str(noon.date() - timedelta(days=8))
        )

        assert tile(page, "Volume").change == "▲ 20.0 % more than the day before"

    def test_what_came_after_the_same_hour_is_not_held_against_a_day_that_is_not_over(
        self, figure, shown
    ):
        at = now()
        figure("captured", 1, 500_00, at=at)  # In the hour that is not over: not compared.
        figure("captured", 1, 100_00, at=at - timedelta(days=1))
        assert tile(shown(period="today"), "Volume").change == "None yesterday either"

    def test_nothing_before_and_nothing_now_divide_nothing(self, shown):
        page = shown()
        assert page.context["dashboard"]["empty"]
        assert "No payments in this period" in page.content.decode()
        assert tile(page, "Success rate").figure == "–"
        assert all(one.drawn is None for one in page.context["dashboard"]["charts"])


class TestNow:
    def test_what_is_unknown_is_shown_with_its_age(self, api, simulators, shown):
        simulators["stripe"].faults(next=["timeout_after"])
        api.pay(psp="stripe", amount=10_00)
        Attempt.objects.update(started_at=now() - timedelta(hours=3))
        relay()
        read(at=now())

        for query in ({}, {"merchant": "Kiosk"}):
            page = shown(**query)
            unknown = tile(page, "Unknown outcomes")
            assert (unknown.figure, unknown.tone) == ("1", "bad")
            assert unknown.beside == "10.00 USD at risk"
            assert unknown.change == "The oldest for 3 hours"
            assert chart(page, "unknown").rows == [["Under a day", "1", "10.00 USD"]]

    def test_what_psps_hold_for_us_is_what_the_books_say(self, api, shown):
        api.pay(psp="stripe", amount=10_00)
        api.pay(psp="adyen", amount=5_00)
        relay()
        read(at=now())

        for query in ({}, {"merchant": "Kiosk"}):
            assert tile(shown(**query), "Captured, not settled").figure == "15.00 USD"

    def test_what_nobody_has_read_is_not_shown_as_nothing(self, figure, shown):
        figure("captured")
        for title in ("Unknown outcomes", "Captured, not settled", "Endpoints failing"):
            assert (tile(shown(), title).figure, tile(shown(), title).beside) == (
                "–",
                "Not read yet",
            )

    def test_what_was_read_long_ago_is_not_shown(self, figure, shown):
        figure("captured")
        read(at=now())
        assert tile(shown(), "Unknown outcomes").figure == "0"
        Taken.objects.update(taken_at=now() - timedelta(hours=3))
        assert tile(shown(), "Unknown outcomes").figure == "–"


class TestWhoSees:
    @pytest.mark.parametrize("role", sorted(ROLES))
    def test_every_role_that_looks_at_payments_sees_figures(self, role, shown):
        assert ("dashboard" in shown(role).context) == ("payments.view_payment" in ROLES[role])

    def test_who_has_no_role_sees_no_figure_and_may_come_in(self, figure, shown):
        figure("captured", 1, 12_345_67)
        page = shown(role="")

        assert "dashboard" not in page.context
        text = page.content.decode()
        assert "12,345.67" not in text
        assert "dashboard-data" not in text
        assert "No queue is yours" in text

    def test_queues_are_shown_to_whom_they_are(self, shown):
        from paygate.wiring import QUEUES, named

        mine = {
            queue.title
            for queues in named(QUEUES)
            for queue in queues
            if queue.permission in ROLES["support"]
        }
        waiting = shown("support").context["waiting"]
        assert waiting["empty"] + len(waiting["queues"]) == len(mine)

    def test_the_last_proof_is_shown_to_who_may_see_it(self, shown):
        assert "It has not run yet" in shown("finance").content.decode()
        prove_and_keep(by="ada")
        assert "holds" in shown("finance").content.decode()
        assert "Do the books agree" not in shown("support").content.decode()


class TestBadAddresses:
    @pytest.mark.parametrize(
        "query",
        [
            {"merchant": "\0"},
            {"merchant": "<script>alert(1)</script>"},
            {"currency": "<script>alert(1)</script>"},
            {"since": "<script>alert(1)</script>"},
            {"since": "2026-02-30"},
            {"since": "-1", "until": "9" * 400},
            {"period": "\0"},
            {"mode": "\x7f"},
            {"period": ["7", "30"]},
        ],
    )
    def test_get_a_message_and_never_a_fault(self, query, login):
        page = login().get("/admin/", query)
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()

    def test_a_merchants_name_is_text_wherever_it_is_written(self, figure, shown):
        name = '</script><script>alert(1)</script>"><img src=x onerror=alert(1)>'
        merchant = onboard(name).merchant
        figure("captured", whose=merchant.id, psp="</script><script>alert(2)</script>")
        figure("declined", whose=merchant.id, reason="</script><script>alert(3)</script>")
        figure("approved", whose=merchant.id)
        text = shown(merchant=merchant.public_id).content.decode()

        assert "alert(1)" in text
        assert "alert(2)" in text
        assert "<script>alert" not in text
        assert "<img src=x" not in text

    def test_what_the_script_reads_is_json_and_nothing_of_it_is_run(self, figure, shown):
        figure("captured")
        text = shown().content.decode()

        [data] = re.findall(
            r'<script id="dashboard-data" type="application/json">(.*?)</script>', text
        )
        assert set(json.loads(data)) == {"volume"}
        assert not re.findall(r"<script(?![^>]*(src=|application/json))[^>]*>", text)


class TestCost:
    @pytest.fixture
    def asked(self, login, figure):
        """What the page asks PostgreSQL, when it is asked the second time."""
        kiosk = onboard("Kiosk").merchant
        for whose in (HOUSE, kiosk.id):
            traffic(whose, at=now(), days=30)
        read(at=now())

        def asked(**query):
            client = login("finance lead")
            client.get("/admin/", query)
            with CaptureQueriesContext(connection) as queries:
                assert client.get("/admin/", query).status_code == 200
            return [query["sql"] for query in queries]

        return asked

    def test_a_page_asks_a_few_questions_whatever_the_period(self, asked):
        counts = {len(asked(period=period)) for period in ("today", "7", "30", "90")}
        assert len(counts) == 1
        assert counts.pop() <= 14
        assert len(asked(merchant="Kiosk")) <= 18

    def test_of_all_merchants_no_table_of_money_is_read(self, asked):
        for sql in asked(period="90"):
            with connection.cursor() as cursor:
                if not sql.lstrip().startswith(("SELECT", "WITH")):
                    continue
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
                plan = json.dumps(cursor.fetchone()[0])
            read_from = set(re.findall(r'"Relation Name": "(\w+)"', plan))
            assert not read_from & set(OF_MONEY), sql

    def test_figures_are_found_by_the_primary_key(self, asked):
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE figure")
            for sql in asked(period="90"):
                if "FROM figure" not in sql:
                    continue
                cursor.execute(f"EXPLAIN {sql}")
                plan = "\n".join(line for (line,) in cursor.fetchall())
                assert "figure_pkey" in plan
                assert "Seq Scan on figure" not in plan

    def test_forgetting_leaves_what_the_page_shows_of_its_period(self, shown):
        traffic(HOUSE, at=now(), days=120)
        before = tile(shown(period="90"), "Volume")
        forget_old()

        assert tile(shown(period="90"), "Volume") == before


def test_the_page_is_the_same_where_there_is_no_table_of_payments(api, shown):
    api.pay(psp="stripe", amount=10_00)
    relay()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payment RENAME TO payment_away")
        assert tile(shown(period="today"), "Volume").figure == "10.00 USD"
        cursor.execute("ALTER TABLE payment_away RENAME TO payment")
