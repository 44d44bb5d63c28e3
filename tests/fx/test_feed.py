"""What the provider says, and what is not believed of it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from kernel.clock import now
from paygate.fx import fetch as feed
from paygate.fx import market
from paygate.fx.ecb import Ecb, read
from paygate.fx.exchange import UnableToConvert
from paygate.fx.models import Feed, Rate
from paygate.fx.providers import FeedGarbled, FeedUnavailable
from paygate.fx.tasks import fetch as task
from tests.fx.conftest import publish

SHEET = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
    xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
  <gesmes:subject>Reference rates</gesmes:subject>
  <Cube><Cube time="{day}">{lines}</Cube></Cube>
</gesmes:Envelope>"""
USD = '<Cube currency="USD" rate="1.0800"/>'


def sheet(lines: str = USD, day: str = "2026-11-20") -> bytes:
    return SHEET.format(day=day, lines=lines).encode()


@pytest.fixture
def published(tmp_path, settings):
    """published(text): what lies where the feed is read."""
    file = tmp_path / "rates.xml"
    settings.FX_ECB_SOURCE = str(file)
    settings.FX_ECB_ALWAYS_TODAYS = False
    return file.write_bytes


def test_a_sheet_says_what_one_euro_is_worth():
    found = read(sheet(USD + '<Cube currency="JPY" rate="162.50"/>'))

    assert (found.base, found.as_of) == ("EUR", date(2026, 11, 20))
    assert found.rates == {"USD": Decimal("1.0800"), "JPY": Decimal("162.50")}


def test_a_currency_that_iso_does_not_know_is_left_out():
    assert set(read(sheet(USD + '<Cube currency="QQQ" rate="2"/>')).rates) == {"USD"}


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">]>
<lolz>&lol2;</lolz>"""
THIEF = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY passwd SYSTEM "file:///etc/passwd">]><x>&passwd;</x>"""


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>Service unavailable</html>",
        b"\x00\xff\xfe",
        b'<?xml version="1.0" encoding="no-such"?><x/>',
        BOMB,
        THIEF,
        sheet(""),
        sheet('<Cube currency="QQQ" rate="2"/>'),
        sheet(day="yesterday"),
        sheet(USD + "</Cube><Cube time='2026-11-19'>" + USD),
        sheet(USD + USD),
        *(
            sheet(USD + f'<Cube currency="GBP" rate="{rate}"/>')
            for rate in ("0", "-0.84", "NaN", "Infinity", "", "0,84", "1e99", "1e-99", "x" * 99)
        ),
        sheet(USD + '<Cube currency="EUR" rate="1"/>'),
        sheet(USD + '<Cube currency="gbp" rate="1"/>'),
        sheet(USD + '<Cube rate="1"/>'),
        sheet(USD + '<Cube currency="GBP"/>'),
    ],
)
def test_one_nonsensical_line_makes_all_of_it_unbelievable(text):
    with pytest.raises(FeedGarbled):
        read(text)


def test_rates_of_the_future_are_not_believed(published):
    published(sheet(day="2026-11-24"))
    with pytest.raises(FeedGarbled):
        Ecb().fetch(today=date(2026, 11, 20))


def test_a_file_without_an_end_is_not_read_to_it(published):
    published(sheet() + b" " * 300_000)
    with pytest.raises(FeedGarbled):
        Ecb().fetch(today=date(2026, 11, 20))


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, None), (404, FeedUnavailable), (500, FeedUnavailable)]
)
def test_the_feed_is_read_over_http(settings, status, outcome):
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(sheet())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.handle_request, daemon=True).start()
        settings.FX_ECB_SOURCE = f"http://127.0.0.1:{server.server_port}/"
        settings.FX_ECB_ALWAYS_TODAYS = False
        if outcome:
            with pytest.raises(outcome):
                Ecb().fetch(today=date(2026, 11, 20))
        else:
            assert Ecb().fetch(today=date(2026, 11, 20)) == read(sheet())


@pytest.mark.django_db
class TestFetching:
    def test_a_machine_without_a_feed_has_todays_rates(self):
        task()

        assert market.market("EUR", "USD", at=now()).as_of == now().date()
        assert Feed.objects.get().heard_at is not None

    def test_it_is_asked_once_an_hour_and_sooner_after_it_failed(self, published, settings):
        at = now()
        published(b"nonsense")
        assert feed.fetch(now=at) == 0
        assert "FeedGarbled" in Feed.objects.get().problem

        published(sheet(day=str(at.date())))
        assert feed.fetch(now=at + timedelta(seconds=200)) == 0
        assert feed.fetch(now=at + timedelta(seconds=301)) == 1
        assert Feed.objects.get().problem == ""

        published(sheet('<Cube currency="USD" rate="1.0900"/>', day=str(at.date())))
        assert feed.fetch(now=at + timedelta(seconds=2000)) == 0
        assert feed.fetch(now=at + timedelta(seconds=3902)) == 1

    def test_a_feed_that_fails_leaves_what_was_known(self, published):
        publish(USD="1.0800")
        published(b"nonsense")
        feed.fetch(now=now())

        assert market.market("EUR", "USD", at=now()).rate == Decimal("1.08")

    def test_being_told_the_same_again_is_nothing_new(self, published):
        published(sheet(day=str(now().date())))
        assert feed.fetch(now=now()) == 1
        assert feed.fetch(now=now(), at_once=True) == 0

    def test_a_person_can_ask_at_once_and_hears_what_is_wrong(self, published, capsys):
        published(sheet(day=str(now().date())))
        call_command("fx_fetch")
        assert "ecb: well: 1 new rates" in capsys.readouterr().out

        published(b"nonsense")
        with pytest.raises(CommandError, match="FeedGarbled"):
            call_command("fx_fetch")


@pytest.mark.django_db
class TestMarket:
    def test_two_currencies_meet_through_the_euro(self, rates):
        assert market.market("EUR", "USD", at=now()).rate == Decimal("1.08")
        assert market.market("USD", "EUR", at=now()).rate == Decimal("0.925925925925926")
        assert market.market("GBP", "JPY", at=now()).rate == Decimal("193.452380952380952")

    def test_a_rate_counts_over_easter_and_not_for_a_week(self):
        publish(days_ago=5, USD="1.0800")
        assert market.market("EUR", "USD", at=now())

        with pytest.raises(UnableToConvert) as stale:
            market.market("EUR", "USD", at=now() + timedelta(days=2))
        assert stale.value.retryable

    def test_what_another_process_has_fetched_counts_before_a_rate_is_too_old(self):
        publish(days_ago=20, USD="1.0800")
        assert market.last_known("EUR", "USD").rate == Decimal(
            "1.0800"
        )  # Remembered here from now on.
        Rate.objects.create(
            provider="ecb",
            base="EUR",
            quote="USD",
            rate=Decimal("1.0900"),
            as_of=now().date(),
            fetched_at=now(),
            state="accepted",
        )

        assert market.market("EUR", "USD", at=now()).rate == Decimal("1.0900")

    def test_of_two_legs_the_older_one_counts(self):
        publish(days_ago=20, GBP="0.8400")
        publish(USD="1.0800")
        with pytest.raises(UnableToConvert):
            market.market("GBP", "USD", at=now())
        assert market.last_known("GBP", "USD") is not None

    def test_a_currency_that_nobody_quotes_cannot_be_converted(self, rates):
        with pytest.raises(UnableToConvert) as never:
            market.market("KWD", "USD", at=now())
        assert not never.value.retryable

    def test_a_rate_that_jumped_waits_for_a_person_and_the_last_one_counts(self, caplog):
        publish(days_ago=1, USD="1.0800", GBP="0.8400")
        publish(USD="1.2100", GBP="0.8500")

        assert market.market("EUR", "USD", at=now()).rate == Decimal("1.08")
        assert market.market("EUR", "GBP", at=now()).rate == Decimal("0.85")
        assert "fx.rate_quarantined" in [record.message for record in caplog.records]

    def test_many_small_corrections_of_a_day_do_not_go_where_one_large_one_may_not(self):
        publish(days_ago=1, USD="1.0800")
        publish(USD="1.1700")
        publish(USD="1.2600")

        assert Rate.objects.get(state="quarantined").against == Decimal("1.08")
        assert market.market("EUR", "USD", at=now()).rate == Decimal("1.17")

    def test_a_correction_of_what_a_person_believed_is_held_against_that(self):
        publish(days_ago=1, USD="1.0800")
        publish(USD="1.3000")
        waits = Rate.objects.get(state="quarantined")
        feed.decide(waits, accept=True, by="ann", reason="looked it up", now=now())
        publish(USD="1.3100")

        assert market.market("EUR", "USD", at=now()).rate == Decimal("1.31")

    def test_two_rates_that_cannot_both_be_true_are_no_rate_between_their_currencies(self):
        publish(USD="100000000", KWD="0.000000001", GBP="0.8400")
        assert market.last_known("KWD", "USD") is None
        assert market.last_known("USD", "KWD") is None
        assert market.last_known("GBP", "USD") is not None

    def test_a_point_that_slipped_is_a_jump_whichever_way(self):
        publish(days_ago=2, USD="1.0800", JPY="162.50")
        publish(days_ago=1, USD="0.1080", JPY="1625.0")
        assert Rate.objects.filter(state="quarantined").count() == 2

    @pytest.mark.parametrize(("accept", "counts"), [(True, "1.21"), (False, "1.08")])
    def test_a_person_decides_once_about_a_rate_that_jumped(self, accept, counts):
        publish(days_ago=1, USD="1.0800")
        publish(USD="1.2100")
        waits = Rate.objects.get(state="quarantined")

        assert feed.decide(waits, accept=accept, by="ann", reason="looked it up", now=now())
        assert not feed.decide(waits, accept=not accept, by="bob", reason="no", now=now())
        assert market.market("EUR", "USD", at=now()).rate == Decimal(counts)

    def test_a_correction_of_the_same_day_counts(self):
        publish(USD="1.0800")
        publish(USD="1.0900")
        assert market.market("EUR", "USD", at=now()).rate == Decimal("1.09")

    @pytest.mark.parametrize("change", ["UPDATE fx_rate SET rate = 2", "DELETE FROM fx_rate"])
    def test_what_was_told_never_changes(self, change, rates):
        from django.db import connection

        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            connection.cursor().execute(change)
        assert refused.value.__cause__.sqlstate == "PG103"
