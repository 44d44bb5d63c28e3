"""The bank's channel: one message id is one file, whatever happens on the way, and reports are numbered."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest
import requests

from simulators import run
from simulators.run import Simulator
from tests.simulators.bank_files import OURS, Customer, To, ach, pain

SOON = 0.05
EXECUTED = ("timeout_after", "error_after", "reset_after", "slow_drip", "malformed", "wrong_amount")
NOT_EXECUTED = ("timeout_before", "error_before", "reset_before", "rate_limit")
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with run.start("bank", folder=tmp_path_factory.mktemp("bank")) as simulator:
        yield simulator


@pytest.fixture
def bank(listening: Simulator) -> Iterator[Customer]:
    listening.faults()
    yield Customer(listening)
    listening.faults()


@pytest.fixture
def new() -> str:
    """A message id that nothing else has."""
    return f"PG{next(_numbers):06d}"


def test_a_file_is_taken_and_shown_again(bank: Customer, new: str) -> None:
    content = pain(new, [To("po-1"), To("po-2", 5_00)])

    taken = bank.send(content, name="payouts.xml")

    record = taken.json()
    assert taken.status_code == 201
    assert record["status"] == "received"
    assert (record["message_id"], record["payments"], record["total"]) == (new, 2, "15.01")
    assert record["sha256"] == hashlib.sha256(content).hexdigest()
    assert record["name"] == "payouts.xml"
    found = bank.get(f"files/{new}")
    assert (found.status_code, found.json()) == (200, record)


def test_the_same_bytes_again_are_answered_as_before(bank: Customer, new: str) -> None:
    content = pain(new, [To("po-1")])
    first = bank.send(content)

    again = bank.send(content)

    assert (again.status_code, again.json()) == (200, first.json())


def test_other_bytes_under_a_known_message_id_are_refused(bank: Customer, new: str) -> None:
    bank.send(pain(new, [To("po-1")]))

    other = bank.send(pain(new, [To("po-1", 99_99)]))

    assert (other.status_code, other.json()["code"]) == (409, "message_id_used")
    assert bank.get(f"files/{new}").json()["total"] == "10.01"


def test_an_ach_file_has_its_message_id_beside_it(bank: Customer, new: str) -> None:
    content = ach([To("0123456789ABCDE", account="12345")])

    assert bank.send(content).status_code == 422
    record = bank.send(content, message_id=new).json()

    assert (record["message_id"], record["payments"], record["total"]) == (new, 1, "10.01")


def test_the_message_id_beside_a_file_is_the_one_in_it(bank: Customer, new: str) -> None:
    refused = bank.send(pain(new, [To("po-1")]), message_id="another")

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_file")
    assert bank.get(f"files/{new}").status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        b"<not xml",
        b"<other/>",
        b'<!DOCTYPE x [<!ENTITY y "z">]><x>&y;</x>',
        pain("M", [To("po-1")]).replace(b"pain.001.001.09", b"pain.001.001.03"),
        b"201 ",
        b"\xff\xfe",
        b"",
    ],
)
def test_what_is_no_file_is_refused_at_once(bank: Customer, content: bytes) -> None:
    refused = bank.send(content, message_id="M")

    assert (refused.status_code, refused.json()["code"]) == (400, "no_such_format")


@pytest.mark.parametrize(
    "before, after",
    [
        (b"<MsgId>M</MsgId>", b""),
        (b"<MsgId>M</MsgId>", b"<MsgId>" + b"M" * 36 + b"</MsgId>"),
        (b"<PmtMtd>TRF</PmtMtd>", b"<PmtMtd>CHK</PmtMtd>"),
        (b"<Dt>2026-01-01</Dt>", b"<Dt>soon</Dt>"),
        (b"<EndToEndId>po-1</EndToEndId>", b""),
        (b'Ccy="EUR">10.01<', b'Ccy="EUR">10.011<'),
        (b'Ccy="EUR">10.01<', b'Ccy="EUR">-10.01<'),
        (b'Ccy="EUR">10.01<', b'Ccy="EUR">1e3<'),
        (b'Ccy="EUR"', b'Ccy="XXX"'),
        (b"<FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId>", b""),
        (OURS.encode(), b""),
        (b"<CtrlSum>10.01</CtrlSum>", b"<CtrlSum>much</CtrlSum>"),
    ],
)
def test_a_file_that_breaks_its_format_s_rules_is_refused_at_once(
    bank: Customer, before: bytes, after: bytes
) -> None:
    content = pain("M", [To("po-1")])
    assert before in content

    refused = bank.send(content.replace(before, after))

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_file")
    assert bank.get("files/M").status_code == 404


GOOD = ach([To("A", account="12345"), To("B", 7_00, account="67890")])


@pytest.mark.parametrize(
    "content",
    [
        ach([To("A", account="1")], hash_=1),
        GOOD.replace(b"0000001701", b"0000001700"),
        GOOD.replace(b"0000001001", b"0000001002"),
        GOOD[:-95],
        GOOD.replace(b"5220", b"5225"),
        GOOD.replace(b"CCD", b"IAT"),
        GOOD.replace(b"260102", b"261399"),
        GOOD.replace(b"622121", b"627121"),
        GOOD.replace(b"101 110000000", b"101 110000001"),
        GOOD.replace(b"0110000000000002", b"0110000000000001"),
        GOOD.replace(b"Kiosk", b"Kio"),
        b"\n".join(GOOD.splitlines()[:4] + GOOD.splitlines()[5:]) + b"\n",
    ],
)
def test_an_ach_file_that_does_not_add_up_is_refused_at_once(
    bank: Customer, content: bytes
) -> None:
    assert content != GOOD

    refused = bank.send(content, message_id="ACH")

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_file")


def test_nobody_is_served_without_a_token(bank: Customer) -> None:
    bank.session.headers["Authorization"] = "Bearer sk_test_1"

    assert bank.send(pain("M", [To("po-1")])).status_code == 401
    assert bank.get("reports").status_code == 401


def test_only_what_there_is_is_found(bank: Customer) -> None:
    assert bank.get("files/unknown").json()["code"] == "no_such_file"
    assert bank.get("reports/999999").json()["code"] == "no_such_report"
    assert bank.get("reports/0").status_code == 404
    assert bank.get("reports?after=x").status_code == 400
    assert bank.get("elsewhere").json()["code"] == "no_such_address"


def test_there_are_no_levers_that_only_psps_have(bank: Customer) -> None:
    assert bank.get("_control/webhooks").status_code == 404
    assert bank.get("_control/disputes").status_code == 404


@pytest.mark.parametrize("fault", [*EXECUTED, *NOT_EXECUTED])
def test_a_file_is_taken_once_whatever_happens_on_the_way(
    bank: Customer, new: str, fault: str
) -> None:
    content = pain(new, [To(f"po-{new}")])
    bank.simulator.faults(next=[fault], hang_seconds=SOON)
    _sent(bank, content, wait=0.5)

    assert (bank.get(f"files/{new}").status_code == 200) == (fault in EXECUTED)
    assert bank.send(content).status_code == (200 if fault in EXECUTED else 201)
    bank.until_settled()
    assert bank.booked().count(("paid_out", f"po-{new}", 10_01)) == 1


def _sent(bank: Customer, content: bytes, *, wait: float) -> None:
    """A slow drip goes on for a minute, and each of its bytes is in time: nobody waits for the last."""

    def send() -> None:
        with suppress(requests.RequestException):
            requests.post(
                f"{bank.simulator.url}/files",
                data=content,
                headers={**bank.session.headers, "Content-Type": "application/xml"},
                timeout=wait,
            )

    sending = Thread(target=send, daemon=True)
    sending.start()
    sending.join(2 * wait)


def test_a_late_file_leaves_no_trace_until_it_is_taken_and_is_taken_once(
    bank: Customer, new: str
) -> None:
    content = pain(new, [To(f"po-{new}")])
    bank.simulator.faults(next=["late"], late_seconds=0.6)
    with pytest.raises(requests.ReadTimeout):
        bank.session.post(
            f"{bank.simulator.url}/files",
            data=content,
            headers={"Content-Type": "application/xml"},
            timeout=0.2,
        )
    assert bank.get(f"files/{new}").status_code == 404

    assert (
        bank.send(content).status_code == 201
    )  # Meanwhile it is sent again; then the first comes.
    time.sleep(0.6)
    bank.until_settled()

    assert bank.booked().count(("paid_out", f"po-{new}", 10_01)) == 1


def test_a_wrong_amount_is_of_another_file(bank: Customer, new: str) -> None:
    content = pain(new, [To("po-1")])
    bank.simulator.faults(next=["wrong_amount"])

    said, right = bank.send(content).json(), bank.send(content).json()

    assert said["total"] != right["total"]
    assert said["sha256"] != right["sha256"]


def test_reads_have_faults_of_their_own(bank: Customer, new: str) -> None:
    bank.send(pain(new, [To("po-1")]))
    bank.minutes(3)
    bank.simulator.faults(next=["lookup_error_before", "lookup_malformed"])

    assert bank.get("reports").status_code == 500
    spoilt = bank.get("reports/1")

    whole = bank.get("reports/1")
    assert hashlib.sha256(whole.content).hexdigest() == whole.headers["X-SHA256"]
    assert hashlib.sha256(spoilt.content).hexdigest() != spoilt.headers["X-SHA256"]


def test_reports_are_numbered_without_gaps_and_never_change(bank: Customer, new: str) -> None:
    bank.send(pain(new, [To("po-1"), To("po-2", name="RETURN AC06")]))
    bank.until_settled()
    before = bank.reports()
    contents = [bank.get(f"reports/{report['number']}").content for report in before]
    bank.send(pain(f"{new}B", [To("po-3")]))  # Of the first file all may be told by now.
    bank.days(5)

    after = bank.reports()

    assert [report["number"] for report in after] == list(range(1, len(after) + 1))
    assert len(after) > len(before)
    assert after[: len(before)] == before
    assert bank.reports(after=before[-1]["number"]) == after[len(before) :]
    assert [bank.get(f"reports/{report['number']}").content for report in before] == contents


def test_a_bank_that_is_started_again_goes_on_counting(tmp_path: Path) -> None:
    with run.start("bank", folder=tmp_path) as simulator:
        Customer(simulator).send(pain("M1", [To("po-1")]))
        Customer(simulator).until_settled()
        before = Customer(simulator).reports()

    with run.start("bank", folder=tmp_path) as simulator:
        bank = Customer(simulator)
        bank.send(pain("M2", [To("po-2")]))
        bank.minutes(3)

        assert bank.reports()[: len(before)] == before
        assert bank.reports()[len(before)]["number"] == len(before) + 1
        assert bank.get("reports/1").content.startswith(b"<?xml")
