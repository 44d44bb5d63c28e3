"""NotSent is certain, Unknown is honest: what the channel makes of every way a call to the bank can go wrong."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import pytest

from payouts.bank.channel import BankUnavailable, NotSent, Refused, Submitted, Taken, Unknown
from payouts.bank.http import HttpChannel
from payouts.bankfiles.orders import Order
from simulators.run import Simulator
from tests.bank.conftest import configuration, written
from tests.psp_contract.puppet import (
    DIES,
    Puppet,
    nobody,
    puppet,
    reply,
    speaks_plainly,
    too_busy_to_open_the_door,
)

HANG = {"hang_seconds": 1.5, "late_seconds": 1.0}
EXECUTED = ("timeout_after", "error_after", "reset_after", "slow_drip", "malformed", "wrong_amount")
NOT_EXECUTED = ("timeout_before", "error_before", "reset_before")
FILE: dict[str, Any] = {"message_id": "PG1", "name": "PG1.xml", "content": b"<Document/>"}
DIGEST = sha256(FILE["content"]).hexdigest()


@pytest.fixture
def strings() -> Iterator[Puppet]:
    with puppet() as pulled:
        yield pulled


def at(url: str) -> HttpChannel:
    return HttpChannel(configuration(url))


def record(**changes: Any) -> str:
    said = {"message_id": "PG1", "sha256": DIGEST, "payments": 1, "total": "10.00"}
    return json.dumps(said | changes)


def error(code: str) -> str:
    return json.dumps({"code": code, "message": "no"})


def paid(simulator: Simulator, asked: Order) -> int:
    """How often the order's payment was made, some days later."""
    simulator.clock(advance=4 * 86_400)
    entries = simulator.books()["entries"]
    return [entry["payment"] for entry in entries].count(asked.transfers[0].reference)


# --------------------------------------------------------------------------- with the bank's simulator


@pytest.mark.parametrize("fault", EXECUTED)
def test_a_file_that_was_taken_without_our_hearing_of_it_is_in_doubt_and_then_found(
    channel: HttpChannel, simulator: Simulator, new: Callable[..., Order], fault: str
) -> None:
    asked = new()
    file = written(asked)
    simulator.faults(next=[fault], **HANG)

    assert isinstance(channel.submit(**file), Unknown)
    assert isinstance(channel.find(file["message_id"]), Taken)
    assert isinstance(channel.submit(**file), Taken)
    assert paid(simulator, asked) == 1


@pytest.mark.parametrize("fault", NOT_EXECUTED)
def test_a_file_that_was_not_taken_is_never_thought_to_be(
    channel: HttpChannel, simulator: Simulator, new: Callable[..., Order], fault: str
) -> None:
    asked = new()
    file = written(asked)
    simulator.faults(next=[fault], **HANG)

    assert isinstance(channel.submit(**file), Unknown)
    assert isinstance(channel.find(file["message_id"]), NotSent)
    assert paid(simulator, asked) == 0
    assert isinstance(channel.submit(**file), Taken)
    assert paid(simulator, asked) == 1


def test_a_file_that_comes_late_has_left_no_trace_yet_and_is_paid_once_though_sent_again(
    channel: HttpChannel, simulator: Simulator, new: Callable[..., Order]
) -> None:
    asked = new()
    file = written(asked)
    simulator.faults(next=["late"], **HANG)

    assert isinstance(channel.submit(**file), Unknown)
    assert isinstance(channel.find(file["message_id"]), NotSent)  # Which is why there is a horizon.
    assert isinstance(channel.submit(**file), Taken)
    time.sleep(HANG["late_seconds"])
    assert paid(simulator, asked) == 1


def test_a_rate_limit_is_certain(
    channel: HttpChannel, simulator: Simulator, new: Callable[..., Order]
) -> None:
    asked = new()
    simulator.faults(next=["rate_limit"])

    assert isinstance(channel.submit(**written(asked)), NotSent)
    assert paid(simulator, asked) == 0


@pytest.mark.parametrize(
    "fault", ["timeout_before", "error_before", "reset_after", "malformed", "slow_drip"]
)
def test_a_look_up_that_fails_is_a_doubt_of_its_own(
    channel: HttpChannel, simulator: Simulator, new: Callable[..., Order], fault: str
) -> None:
    file = written(new())
    channel.submit(**file)
    simulator.faults(next=[f"lookup_{fault}"], **HANG)

    assert isinstance(channel.find(file["message_id"]), Unknown)
    assert isinstance(channel.find(file["message_id"]), Taken)


@pytest.mark.parametrize(
    "fault",
    ["timeout_after", "error_after", "reset_before", "malformed", "slow_drip", "rate_limit"],
)
def test_reports_that_cannot_be_had_are_had_later(
    channel: HttpChannel, simulator: Simulator, new: Callable[..., Order], fault: str
) -> None:
    channel.submit(**written(new()))
    simulator.clock(advance=180)
    names, first = channel.reports(0), channel.fetch(1)

    simulator.faults(next=[f"lookup_{fault}"] * 2, **HANG)
    with pytest.raises(BankUnavailable):
        channel.reports(0)
    with pytest.raises(BankUnavailable):
        channel.fetch(1)

    assert (channel.reports(0), channel.fetch(1)) == (names, first)


# --------------------------------------------------------------------------------------- never left


@pytest.mark.parametrize("address", [lambda: "http://nobody.invalid:80", nobody])
def test_where_nobody_is_nothing_was_sent(address: Callable[[], str]) -> None:
    url = address()
    assert isinstance(at(url).submit(**FILE), NotSent)
    assert isinstance(at(url).find("PG1"), Unknown)  # Of what was sent before it says nothing.
    with pytest.raises(BankUnavailable):
        at(url).reports(0)


def test_a_connection_that_does_not_open_in_time_carries_nothing() -> None:
    with too_busy_to_open_the_door() as url:
        assert isinstance(at(url).submit(**FILE), NotSent)


def test_tls_with_someone_who_speaks_none_ends_before_the_file() -> None:
    with speaks_plainly() as url:
        assert isinstance(at(url).submit(**FILE), NotSent)


# ------------------------------------------------------------------------------------ sent, and then?


def test_a_kept_alive_connection_that_dies_under_the_second_file_is_not_a_refused_one(
    strings: Puppet,
) -> None:
    strings.answers = [reply(201, record()), DIES]
    channel = at(strings.url)

    assert isinstance(channel.submit(**FILE), Taken)
    assert isinstance(channel.submit(**FILE), Unknown)
    assert (len(strings.asked), strings.connections) == (2, 1)


def test_an_answer_that_drips_is_not_waited_for(strings: Puppet) -> None:
    strings.says(201, record())
    strings.pause = 0.1
    outcome: list[Submitted] = []
    ask = threading.Thread(
        target=lambda: outcome.append(at(strings.url).submit(**FILE)), daemon=True
    )
    ask.start()
    ask.join(10)  # The whole answer would take more than ten seconds.
    assert outcome
    assert isinstance(outcome[0], Unknown)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>busy</html>",
        "[]",
        "null",
        "{}",
        record(payments="many"),
        record(sha256="0" * 64),
        record(message_id="PG2"),
        "\x00",
    ],
)
def test_an_answer_that_is_not_about_our_file_leaves_us_in_doubt(
    body: str, strings: Puppet
) -> None:
    strings.says(201, body)
    assert isinstance(at(strings.url).submit(**FILE), Unknown)


@pytest.mark.parametrize("status", [202, 204, 301, 307, 404, 408, 409, 500, 502, 503, 504])
def test_any_other_status_leaves_us_in_doubt(status: int, strings: Puppet) -> None:
    strings.says(status, error("code"), Location="http://nobody.invalid/")
    assert isinstance(at(strings.url).submit(**FILE), Unknown)
    assert len(strings.asked) == 1  # Nobody is followed anywhere.


@pytest.mark.parametrize("status", [401, 403, 429])
def test_who_is_stopped_at_the_door_was_not_served(status: int, strings: Puppet) -> None:
    strings.says(status, error("stopped"))
    assert isinstance(at(strings.url).submit(**FILE), NotSent)


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_refusal_is_the_banks_own_or_none(status: int, strings: Puppet) -> None:
    strings.answers = [reply(status, error("invalid_file")), reply(status, "<html>proxy</html>")]
    channel = at(strings.url)

    assert channel.submit(**FILE) == Refused("invalid_file", "no")
    assert isinstance(channel.submit(**FILE), Unknown)


@pytest.mark.parametrize(
    "status, body",
    [(404, "<html>no such page</html>"), (404, error("no_such_address")), (410, "{}"), (401, "{}")],
)
def test_only_the_banks_own_word_says_that_there_is_no_trace(
    status: int, body: str, strings: Puppet
) -> None:
    strings.answers = [reply(status, body), reply(404, error("no_such_file"))]
    channel = at(strings.url)

    assert isinstance(channel.find("PG1"), Unknown)
    assert isinstance(channel.find("PG1"), NotSent)


@pytest.mark.parametrize(
    "reports",
    [
        "none",
        [{"number": 1}],
        [{"number": 2, "kind": "camt.054", "name": "x"}],
        [{"number": 1, "kind": "camt.052", "name": "x"}],
        [1],
        [{"number": "x", "kind": "camt.054", "name": "x"}],
        [{"number": 1, "kind": "camt.054", "name": "x"}] * 2,
    ],
)
def test_a_list_of_reports_with_a_gap_or_a_stranger_is_none(reports: Any, strings: Puppet) -> None:
    strings.says(200, json.dumps({"reports": reports}))
    with pytest.raises(BankUnavailable):
        at(strings.url).reports(0)


def test_a_report_that_did_not_arrive_as_it_was_sent_is_none(strings: Puppet) -> None:
    digest = sha256(b"report").hexdigest()
    strings.answers = [
        reply(200, "report", X_SHA256=digest),
        reply(200, "reportt", X_SHA256=digest),
        reply(200, "report"),
    ]
    channel = at(strings.url)

    assert channel.fetch(1) == b"report"
    for _ in range(2):
        with pytest.raises(BankUnavailable):
            channel.fetch(1)


def test_the_file_travels_as_it_is_with_its_names_and_our_token(strings: Puppet) -> None:
    strings.says(201, record())
    at(strings.url).submit(**FILE)

    [asked] = strings.asked
    head, _, body = asked.partition(b"\r\n\r\n")
    assert body == FILE["content"]
    for said in (
        b"POST /files HTTP/1.1",
        b"Authorization: Bearer bank_test_contract",
        b"Content-Type: application/xml",
        b"X-Message-Id: PG1",
        b"X-File-Name: PG1.xml",
    ):
        assert said in head


def test_threads_share_a_channel_and_no_connection(strings: Puppet) -> None:
    strings.says(201, record())
    channel = at(strings.url)
    outcomes: list[Submitted] = []

    def ask() -> None:
        outcomes.extend(channel.submit(**FILE) for _ in range(3))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(outcome) for outcome in outcomes] == [Taken] * 12
    assert strings.connections == 4
