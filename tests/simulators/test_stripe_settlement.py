"""What Stripe pays us each midnight, and its reports of it, through the official SDK."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import requests
import stripe

from simulators import run
from stack.witness import OWES
from tests.simulators.listener import Listener, listener
from tests.simulators.sdk import StripeMerchant
from tests.simulators.test_stripe_refunds import give_back, take

DAY = 86_400


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[run.Simulator]:
    """A Stripe of these tests alone: what is paid is all that there is."""
    with run.start("stripe", folder=tmp_path_factory.mktemp("stripe")) as started:
        yield started


@pytest.fixture
def at_own(own: run.Simulator) -> Iterator[StripeMerchant]:
    merchant = StripeMerchant(own)
    own.act("cut")
    yield merchant
    own.act("price", basis_points=0, fixed=0)
    merchant.close()


@pytest.fixture
def heard(at_own: StripeMerchant) -> Iterator[Listener]:
    with listener() as ears:
        at_own.simulator.webhooks(url=ears.url)
        yield ears
        at_own.simulator.webhooks(url="")


def settled(at: StripeMerchant, currency: str = "USD") -> list[int]:
    """What the books say was paid to our bank, newest last."""
    entries = at.simulator.books()["entries"]
    return [e["amount"] for e in entries if e["kind"] == "settled" and e["currency"] == currency]


def ordered(at: StripeMerchant, report: str, **parameters: Any) -> Any:
    """A report of all that there is, unless the parameters say otherwise."""
    until = int(datetime.fromisoformat(at.simulator.clock()).timestamp()) + 1
    asked: Any = {"interval_start": 0, "interval_end": until, **parameters}
    return at.sdk.v1.reporting.report_runs.create({"report_type": report, "parameters": asked})


def downloaded(at: StripeMerchant, run_: Any) -> list[dict[str, str]]:
    at.simulator.clock(advance=3)
    done = at.sdk.v1.reporting.report_runs.retrieve(run_.id)
    assert done.status == "succeeded"
    assert done.result is not None
    assert done.result.url is not None
    answer = requests.get(done.result.url, headers={"Authorization": "Bearer sk_test_x"}, timeout=5)
    assert answer.headers["Content-Type"] == "text/csv"
    assert len(answer.content) == done.result.size
    return list(csv.DictReader(io.StringIO(answer.text)))


# ------------------------------------------------------------------------------------------ the cut


def test_at_midnight_everything_that_moved_is_paid_in_one_payout_a_currency(
    at_own: StripeMerchant, new: Callable[[str], str]
) -> None:
    take(at_own, new("pay"))
    given = take(at_own, new("pay"))
    give_back(at_own, given.id, amount=4_00)
    take(at_own, new("pay"), amount=5000, currency="jpy")
    before = settled(at_own)

    at_own.simulator.clock(advance=DAY)

    assert settled(at_own) == [*before, 16_00]
    assert settled(at_own, "JPY")[-1] == 5000
    [yen, dollars] = at_own.sdk.v1.payouts.list({"limit": 2}).data
    assert [(p.amount, p.currency, p.automatic) for p in (dollars, yen)] == [
        (16_00, "usd", True),
        (5000, "jpy", True),
    ]
    inside = at_own.sdk.v1.balance_transactions.list({"payout": dollars.id}).data
    assert sorted((t.type, t.net) for t in inside) == [
        *(("charge", 10_00), ("charge", 10_00), ("payout", -16_00), ("refund", -4_00)),
    ]


def test_a_quiet_day_pays_nothing(at_own: StripeMerchant) -> None:
    before = at_own.simulator.books()["totals"]
    at_own.simulator.clock(advance=3 * DAY)
    assert at_own.simulator.books()["totals"] == before
    assert at_own.simulator.act("cut")["id"] == ""


def test_what_comes_to_nothing_waits(at_own: StripeMerchant, new: Callable[[str], str]) -> None:
    give_back(at_own, take(at_own, new("pay")).id)
    before = settled(at_own)
    assert at_own.simulator.act("cut")["id"] == ""
    take(at_own, new("pay"))
    payout = at_own.simulator.act("cut")["id"]
    assert settled(at_own) == [*before, 10_00]
    assert len(at_own.sdk.v1.balance_transactions.list({"payout": payout}).data) == 4


def test_more_given_back_than_taken_is_taken_from_our_bank(
    at_own: StripeMerchant, new: Callable[[str], str]
) -> None:
    given = take(at_own, new("pay"))
    at_own.simulator.act("cut")
    give_back(at_own, given.id)
    payout = at_own.simulator.act("cut")["id"]
    assert settled(at_own)[-1] == -10_00
    assert at_own.sdk.v1.payouts.retrieve(payout).amount == -10_00


def test_a_month_in_one_step_pays_once_and_on_the_first_day(
    at_own: StripeMerchant, new: Callable[[str], str]
) -> None:
    take(at_own, new("pay"))
    before = settled(at_own)
    began = datetime.fromisoformat(at_own.simulator.clock()).timestamp()
    at_own.simulator.clock(advance=30 * DAY)
    assert settled(at_own) == [*before, 10_00]
    [payout] = at_own.sdk.v1.payouts.list({"limit": 1}).data
    assert payout.created == began // DAY * DAY + DAY
    assert (payout.status, payout.reconciliation_status) == ("paid", "completed")


def test_what_is_left_of_a_hold_that_lapsed_does_not_keep_the_rest(
    at_own: StripeMerchant, new: Callable[[str], str]
) -> None:
    held = at_own.create(
        metadata={"payment": new("pay")},
        payment_method_options={"card": {"request_multicapture": "if_available"}},
    )
    at_own.intents.capture(held.id, {"amount_to_capture": 4_00, "final_capture": False})
    at_own.simulator.act("cut")
    before = settled(at_own)
    at_own.simulator.clock(advance=8 * DAY)
    at_own.simulator.clock(advance=DAY)
    assert settled(at_own) == [*before, 4_00]


def test_what_was_paid_to_us_pays_our_merchants_as_well(
    at_own: StripeMerchant, new: Callable[[str], str]
) -> None:
    take(at_own, new("pay"))
    at_own.simulator.act("cut")
    at_own.sdk.v1.transfers.create(
        {"amount": 4_00, "currency": "usd", "destination": "acct_1", "metadata": {"payout": "po_1"}}
    )
    at_own.simulator.act("cut")
    assert settled(at_own)[-1] == -4_00


def test_a_payout_is_told_of_as_it_goes(
    at_own: StripeMerchant, heard: Listener, new: Callable[[str], str]
) -> None:
    take(at_own, new("pay"))
    payout = at_own.simulator.act("cut")["id"]
    at_own.simulator.clock(advance=DAY + 60)

    def kinds() -> list[str]:
        events = [json.loads(body) for body in list(heard.bodies)]
        return sorted(
            e["type"]
            for e in events
            if e["data"]["object"]["id"] == payout and e["data"]["object"]["automatic"]
        )

    heard.wait(lambda: len(kinds()) >= 4)
    assert kinds() == [
        f"payout.{kind}" for kind in ("created", "paid", "reconciliation_completed", "updated")
    ]


# ------------------------------------------------------------------------------------- the reports


def test_a_report_takes_a_moment_and_needs_the_key(
    at_own: StripeMerchant, new: Callable[[str], str]
) -> None:
    take(at_own, new("pay"))
    at_own.simulator.act("cut")
    asked = ordered(at_own, "payout_reconciliation.itemized.5")
    assert (asked.status, asked.result) == ("pending", None)
    at_own.simulator.clock(advance=3)
    done = at_own.sdk.v1.reporting.report_runs.retrieve(asked.id)
    assert done.result is not None
    assert requests.get(str(done.result.url), timeout=5).status_code == 401


def test_a_report_has_the_columns_that_were_asked_for_in_their_order(
    at_own: StripeMerchant, new: Callable[[str], str]
) -> None:
    at_own.simulator.act("price", basis_points=290, fixed=30)
    payment = new("pay")
    made = take(at_own, payment, description="Order 1001")
    payout = at_own.simulator.act("cut")["id"]
    columns = ["net", "payment_metadata[payment]", "gross", "automatic_payout_id", "fee"]
    [*_, row] = downloaded(
        at_own, ordered(at_own, "payout_reconciliation.itemized.5", columns=columns)
    )
    assert list(row) == columns
    assert list(row.values()) == ["9.41", payment, "10.00", payout, "0.59"]

    [*_, row] = downloaded(at_own, ordered(at_own, "payout_reconciliation.itemized.5"))
    assert list(row)[:3] == [
        f"automatic_payout_{name}" for name in ("id", "effective_at_utc", "effective_at")
    ]
    assert (row["payment_intent_id"], row["reporting_category"]) == (made.id, "charge")
    assert (row["currency"], row["customer_facing_currency"]) == ("usd", "usd")
    assert (row["description"], row["card_brand"]) == ("Order 1001", "Visa")


def test_the_three_reports_tell_apart_what_was_paid_what_is_in_it_and_what_is_not_yet(
    at_own: StripeMerchant, new: Callable[[str], str]
) -> None:
    paid = take(at_own, new("pay"))
    payout = at_own.simulator.act("cut")["id"]
    waiting = take(at_own, new("pay"))

    def told(report: str) -> list[tuple[str, str, str]]:
        rows = downloaded(at_own, ordered(at_own, report))[-2:]
        return [
            (r["payment_intent_id"] or r["source_id"], r["automatic_payout_id"], r["net"])
            for r in rows
        ]

    assert told("payouts.itemized.3")[-1] == (payout, "", "-10.00")
    assert told("payout_reconciliation.itemized.5")[-1] == (paid.id, payout, "10.00")
    assert told("balance_change_from_activity.itemized.3") == [
        (paid.id, payout, "10.00"),
        (waiting.id, "", "10.00"),
    ]


def test_disputes_transfers_and_fees_are_rows_of_their_own(
    at_own: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    take(at_own, payment, amount=45_00)
    dispute = at_own.simulator.act("dispute", payment=payment)["id"]
    at_own.simulator.act("decide", dispute=dispute, outcome="won")
    take(at_own, new("pay"), amount=20_00)
    transfer = at_own.sdk.v1.transfers.create(
        {"amount": 4_00, "currency": "usd", "destination": "acct_1", "metadata": {"payout": "po_9"}}
    )
    at_own.sdk.v1.transfers.reversals.create(transfer.id)
    at_own.simulator.act("fee", amount=70, currency="USD", description="Radar (2026-11-06)")
    payout = at_own.simulator.act("cut")["id"]

    rows = downloaded(at_own, ordered(at_own, "payout_reconciliation.itemized.5"))
    told = {
        row["reporting_category"]: (row["gross"], row["fee"], row["net"])
        for row in rows
        if row["automatic_payout_id"] == payout and row["reporting_category"] != "charge"
    }
    assert told == {
        "dispute": ("-45.00", "15.00", "-60.00"),
        "dispute_reversal": ("45.00", "-15.00", "60.00"),
        "transfer": ("-4.00", "0.00", "-4.00"),
        "transfer_reversal": ("4.00", "0.00", "4.00"),
        "fee": ("-0.70", "0.00", "-0.70"),
    }
    by_kind = {row["reporting_category"]: row for row in rows}
    assert by_kind["dispute"]["dispute_reason"] == "fraudulent"
    assert by_kind["transfer_reversal"]["transfer_metadata[payout]"] == "po_9"
    assert settled(at_own)[-1] == 65_00 - 70


def test_what_is_charged_in_one_currency_can_be_settled_in_another(
    at_own: StripeMerchant, new: Callable[[str], str]
) -> None:
    at_own.simulator.act("settle_in", currency="GBP", **{"in": "EUR"}, rate="1.1705")
    disputed = new("pay")
    made = take(at_own, new("pay"), amount=80_01, currency="gbp")
    take(at_own, disputed, amount=50_00, currency="gbp")
    at_own.simulator.act("dispute", payment=disputed)
    at_own.simulator.act("settle_in", currency="GBP", **{"in": "GBP"}, rate="1")
    at_own.simulator.act("cut")

    [row] = [
        row
        for row in downloaded(at_own, ordered(at_own, "payout_reconciliation.itemized.5"))
        if row["payment_intent_id"] == made.id
    ]
    assert (row["customer_facing_amount"], row["customer_facing_currency"]) == ("80.01", "gbp")
    assert (row["gross"], row["currency"]) == ("93.65", "eur")  # 93.651705
    [shown] = at_own.sdk.v1.balance_transactions.list({"source": row["source_id"]}).data  # type: ignore[typeddict-item]
    assert Decimal(str(shown.exchange_rate)) == Decimal("1.1705")
    [lost] = [
        row
        for row in downloaded(at_own, ordered(at_own, "payouts.itemized.3"))
        if row["currency"] == "eur"
    ]
    assert lost["net"] == "-76.09"  # 93.65 and a fee of 15 pounds for the dispute, 17.56 euros.
    assert settled(at_own, "EUR")[-1] == 76_09
    totals = at_own.simulator.books()["totals"]
    assert [
        sum(sign * totals[code].get(kind, 0) for kind, sign in OWES.items())
        for code in ("GBP", "EUR")
    ] == [0, 0]


@pytest.mark.parametrize(
    ("report", "parameters", "says"),
    [
        ("tax.itemized.9", {}, "No such report type"),
        ("payouts.itemized.3", {"columns": ["gross", "colour"]}, "Unknown column"),
        ("payouts.itemized.3", {"timezone": "Mars/Olympus"}, "Invalid timezone"),
        ("payouts.itemized.3", {"interval_end": 1 << 40}, "data of this report end"),
        ("payouts.itemized.3", {"interval_end": 0}, "must be after"),
    ],
)
def test_a_report_that_cannot_be_run_is_refused(
    at_own: StripeMerchant, report: str, parameters: dict[str, Any], says: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=says):
        ordered(at_own, report, **parameters)


def test_a_run_that_fails_has_no_file(at_own: StripeMerchant, heard: Listener) -> None:
    at_own.simulator.act("fail_report")
    asked = ordered(at_own, "payouts.itemized.3")
    at_own.simulator.clock(advance=3)
    heard.wait(lambda: len(heard.bodies) >= 1)
    [event] = [json.loads(body) for body in heard.bodies]
    assert event["type"] == "reporting.report_run.failed"
    done = at_own.sdk.v1.reporting.report_runs.retrieve(asked.id)
    assert (done.status, done.result) == ("failed", None)


# ------------------------------------------------------------------------------------- the mistakes


def test_what_is_planted_is_in_the_reports_and_pays_as_they_say(
    at_own: StripeMerchant, new: Callable[[str], str]
) -> None:
    for _ in range(6):
        take(at_own, new("pay"))
    wanted = {"lost_capture": 1, "unknown_payment": 1, "amount_high": 1, "captured_twice": 1}
    at_own.simulator.act("mistakes", wanted={**wanted, "unknown_kind": 1}, seed=3)
    payout = at_own.simulator.act("cut")["id"]

    rows = [
        row
        for row in downloaded(at_own, ordered(at_own, "payout_reconciliation.itemized.5"))
        if row["automatic_payout_id"] == payout
    ]
    assert len(rows) == 6 - 1 + 1 + 1 + 1
    assert {row["reporting_category"] for row in rows} == {"charge", "quantum_levy"}
    assert sum(Decimal(row["net"]) for row in rows) * 100 == settled(at_own)[-1]
    stranger = [row for row in rows if row["payment_metadata[payment]"].startswith("INV-")]
    assert [row["payment_metadata[attempt]"] for row in stranger] == [""]


def test_the_files_of_a_cut_are_published_as_a_platform_would_order_them(
    at_own: StripeMerchant, new: Callable[[str], str]
) -> None:
    take(at_own, new("pay"))
    at_own.simulator.act("mistakes", wanted={"payout_differs": 1}, seed=1)
    payout = at_own.simulator.act("cut")["id"]
    today = at_own.simulator.clock()[:10]
    inside, paid = at_own.simulator.statements()[-2:]
    assert [inside["name"], paid["name"]] == [
        f"payout_reconciliation_{today}_{payout}.csv",
        f"payouts_{today}_{payout}.csv",
    ]
    assert (inside["planted"], [made["mistake"] for made in paid["planted"]]) == (
        *([], ["payout_differs"]),
    )
    assert settled(at_own)[-1] != 10_00
