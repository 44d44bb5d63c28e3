"""What Braintree tells of itself, as a merchant with its SDK hears it: signed, repeated, never numbered."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest

from simulators import run
from tests.simulators.sdk import BraintreeMerchant, braintree

New = Callable[[str], str]
InvalidSignature = braintree.exceptions.invalid_signature_error.InvalidSignatureError


class Listener:
    """Hears, and answers with `statuses` in turn, then with 200; what is paid out by the way is heard apart."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.paid: list[bytes] = []
        self.statuses: list[int] = []
        listener = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
                paid = b"<kind>disbursement</kind>" in base64.b64decode(form(body)["bt_payload"])
                (listener.paid if paid else listener.bodies).append(body)
                in_turn = listener.statuses and not paid
                self.send_response(listener.statuses.pop(0) if in_turn else 200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/braintree"

    def heard(self, count: int) -> list[bytes]:
        """The first so many bodies; waits for them."""
        until = time.monotonic() + 10
        while len(self.bodies) < count and time.monotonic() < until:
            time.sleep(0.01)
        assert len(self.bodies) >= count
        return self.bodies


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    thread = Thread(target=made.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def ahead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[run.Simulator]:
    """One whose clock may run ahead."""
    with run.start("braintree", folder=tmp_path_factory.mktemp("books")) as started:
        yield started


@pytest.fixture
def at_braintree(ahead: run.Simulator) -> Iterator[BraintreeMerchant]:
    merchant = BraintreeMerchant(ahead)
    yield merchant
    ahead.webhooks(url="")
    merchant.close()


@pytest.fixture
def taken(at_braintree: BraintreeMerchant, new: New) -> Callable[[], str]:
    def take() -> str:
        payment = new("pay")
        at_braintree.sale(order_id=payment, options={"submit_for_settlement": True})
        return payment

    return take


def form(body: bytes) -> dict[str, str]:
    return {name: value[0] for name, value in parse_qs(body.decode(), strict_parsing=True).items()}


def parsed(merchant: BraintreeMerchant, body: bytes) -> Any:
    """As the SDK's own verifier takes it; raises what that raises."""
    fields = form(body)
    return merchant.sdk.webhook_notification.parse(fields["bt_signature"], fields["bt_payload"])


def test_a_dispute_is_told_at_every_turn_and_in_real_time(
    at_braintree: BraintreeMerchant, listener: Listener, taken: Callable[[], str]
) -> None:
    simulator, payment = at_braintree.simulator, taken()
    simulator.clock(advance=40 * 86400)
    simulator.webhooks(url=listener.url)

    made = simulator.act("dispute", payment=payment)["id"]
    at_braintree.sdk.dispute.add_text_evidence(made, "winning_evidence")
    at_braintree.sdk.dispute.finalize(made)
    simulator.clock(advance=31 * 86400)
    again = simulator.act("escalate", dispute=made)["id"]
    at_braintree.sdk.dispute.accept(again)

    told = [parsed(at_braintree, body) for body in listener.heard(5)]
    by_kind = {(each.kind, each.dispute.id): each.dispute for each in told}
    assert by_kind.keys() == {
        ("dispute_opened", made),
        ("dispute_disputed", made),
        ("dispute_won", made),
        ("dispute_opened", again),
        ("dispute_accepted", again),
    }
    assert by_kind["dispute_opened", made].status == "open"  # As it was then.
    assert by_kind["dispute_opened", made].transaction.order_id == payment
    assert by_kind["dispute_won", made].amount_won == by_kind["dispute_won", made].amount_disputed
    assert by_kind["dispute_opened", again].original_dispute_id == made
    now = datetime.now(UTC).replace(tzinfo=None)
    assert all(abs((now - each.timestamp).total_seconds()) < 60 for each in told)
    assert {each.source_merchant_id for each in told} == {"paygate"}


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (lambda s, d: s.act("decide", dispute=d, outcome="lost"), "dispute_lost"),
        (lambda s, d: s.act("accept", dispute=d, automatically=True), "dispute_auto_accepted"),
        (lambda s, d: s.clock(advance=10 * 86400), "dispute_expired"),
    ],
)
def test_every_end_has_its_name(
    at_braintree: BraintreeMerchant,
    listener: Listener,
    taken: Callable[[], str],
    end: Callable[[run.Simulator, str], Any],
    kind: str,
) -> None:
    simulator = at_braintree.simulator
    made = simulator.act("dispute", payment=taken())["id"]
    simulator.webhooks(url=listener.url)

    end(simulator, made)

    (body,) = listener.heard(1)
    assert parsed(at_braintree, body).kind == kind


def test_a_refund_that_failed_is_told_with_little(
    at_braintree: BraintreeMerchant, listener: Listener, taken: Callable[[], str]
) -> None:
    simulator, payment = at_braintree.simulator, taken()
    simulator.act("settle", payment=payment)
    credit = simulator.act("refund", payment=payment)["id"]
    simulator.webhooks(url=listener.url)

    simulator.act("fail_refund", payment=payment)

    (body,) = listener.heard(1)
    told = parsed(at_braintree, body)
    assert (told.kind, told.transaction.id) == ("refund_failed", credit)
    assert told.transaction.status == "processor_declined"
    assert told.transaction.refunded_transaction_id
    assert not hasattr(told.transaction, "currency_iso_code")


def test_cards_are_taken_settled_voided_and_refunded_without_a_word(
    at_braintree: BraintreeMerchant, listener: Listener, taken: Callable[[], str]
) -> None:
    simulator = at_braintree.simulator
    simulator.webhooks(url=listener.url)

    voided, settled = taken(), taken()
    simulator.act("refund", payment=voided)
    simulator.clock(advance=86400)
    simulator.act("refund", payment=settled)
    simulator.act("dispute", payment=taken())  # The first word.

    (body,) = listener.heard(1)
    assert parsed(at_braintree, body).kind == "dispute_opened"


def test_the_payload_is_in_lines_of_76_and_its_signature_is_over_them(
    at_braintree: BraintreeMerchant, listener: Listener, taken: Callable[[], str]
) -> None:
    at_braintree.simulator.webhooks(url=listener.url)
    at_braintree.simulator.act("dispute", payment=taken())

    (body,) = listener.heard(1)

    *lines, last = form(body)["bt_payload"].splitlines()
    assert {len(line) for line in lines} == {76}
    assert form(body)["bt_payload"].endswith(f"{last}\n")
    payload = form(body)["bt_payload"].replace("\n", "")
    with pytest.raises(InvalidSignature):
        at_braintree.sdk.webhook_notification.parse(form(body)["bt_signature"], payload)


def test_what_is_not_acknowledged_is_told_again_to_the_byte(
    at_braintree: BraintreeMerchant, listener: Listener, taken: Callable[[], str]
) -> None:
    at_braintree.simulator.webhooks(url=listener.url)
    listener.statuses = [500, 503]
    at_braintree.simulator.act("dispute", payment=taken())

    bodies = listener.heard(3)  # More than a second later the timestamp is what it was.

    assert len(set(bodies)) == 1


def test_a_duplicate_is_the_same_and_a_stale_copy_is_older(
    at_braintree: BraintreeMerchant, listener: Listener, taken: Callable[[], str]
) -> None:
    simulator, payment = at_braintree.simulator, taken()
    simulator.webhooks(url=listener.url, next=["duplicate"], seed=1)
    made = simulator.act("dispute", payment=payment)["id"]
    listener.heard(2)
    time.sleep(1.1)  # Whatever else comes of it.
    assert len(set(listener.bodies)) == 1

    listener.bodies.clear()
    simulator.webhooks(next=["stale"])
    simulator.act("decide", dispute=made, outcome="lost")
    stale, real = (parsed(at_braintree, body) for body in listener.heard(2))
    assert 655 <= (real.timestamp - stale.timestamp).total_seconds() <= 665


@pytest.mark.parametrize("fault", ["forged", "tampered"])
def test_what_is_forged_or_tampered_with_does_not_verify(
    at_braintree: BraintreeMerchant, listener: Listener, taken: Callable[[], str], fault: str
) -> None:
    at_braintree.simulator.webhooks(url=listener.url, next=[fault])
    at_braintree.simulator.act("dispute", payment=taken())

    bad, good = listener.heard(2)

    assert parsed(at_braintree, good).kind == "dispute_opened"
    with pytest.raises((InvalidSignature, ValueError)):
        parsed(at_braintree, bad)
    assert base64.b64decode(form(good)["bt_payload"]).startswith(b"<notification>")
