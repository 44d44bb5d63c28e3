"""The books: numbered, totalled, never rewritten, and there again after a restart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulators import run
from simulators.run import SimulatorDied
from tests.simulators.sdk import BraintreeMerchant


def test_the_books_go_on_where_the_file_ends(tmp_path: Path) -> None:
    def pay() -> dict[str, object]:
        with run.start("braintree", folder=tmp_path) as simulator:
            merchant = BraintreeMerchant(simulator)
            held = merchant.hold("pay_1", key="att_1")
            merchant.transactions.submit_for_settlement(held.reference, "4.00")
            merchant.close()
            return simulator.books(since=1)

    first, second = pay(), pay()  # The second process is not told anything but the file.

    written = [json.loads(line) for line in (tmp_path / "braintree.jsonl").read_text().splitlines()]
    assert [entry["seq"] for entry in written] == [1, 2, 3, 4]
    assert first["entries"] == written[1:2]
    assert second["entries"] == written[1:]
    happened = {kind: total for kind, total in second["totals"]["USD"].items() if total}
    assert happened == {"authorized": 20_00, "captured": 8_00}
    assert written[0].keys() == {
        *("seq", "at", "kind", "payment", "attempt", "reference", "amount", "currency")
    }


def test_a_simulator_ends_cleanly_and_says_what_it_is(tmp_path: Path) -> None:
    simulator = run.start("adyen", folder=tmp_path, latency_ms=1)
    health = simulator.health()
    simulator.stop()

    assert (health["psp"], health["ok"], health["requests"]) == ("adyen", True, 0)
    assert health["cpu_seconds"] > 0
    assert simulator.process is not None
    assert simulator.process.returncode == 0


def test_a_simulator_that_cannot_listen_says_so(tmp_path: Path) -> None:
    with run.start("stripe", folder=tmp_path) as first:
        port = int(first.url.rpartition(":")[2])

        with pytest.raises(SimulatorDied):
            run.start("stripe", folder=tmp_path / "second", port=port)
