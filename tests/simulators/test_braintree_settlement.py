"""What Braintree pays to our bank each day, its report of it, and who is told; held against its own books."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from simulators import run
from tests.simulators.sdk import BraintreeMerchant, braintree
from tests.simulators.test_braintree_webhooks import Listener, listener, parsed

__all__ = ["listener"]

DAY = 86400
By = braintree.TransactionSearch
New = Callable[[str], str]
QUERY = """
query TransactionLevelFeeReport($date: Date!, $merchantAccountId: ID) {
  report { transactionLevelFees(date: $date, merchantAccountId: $merchantAccountId) { url } }
}
"""


@pytest.fixture(scope="module")
def ahead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[run.Simulator]:
    """One whose clock may run ahead."""
    with run.start("braintree", folder=tmp_path_factory.mktemp("books")) as started:
        yield started


@pytest.fixture
def today(ahead: run.Simulator) -> date:
    """A day on which nothing was paid yet; it is noon, and nothing is due."""
    return next_noon(ahead)


@pytest.fixture
def at_braintree(ahead: run.Simulator, today: date) -> Iterator[BraintreeMerchant]:
    ahead.act("price", basis_points=0, fixed=0)
    merchant = BraintreeMerchant(ahead)
    yield merchant
    ahead.webhooks(url="")
    merchant.close()


@pytest.fixture
def taken(at_braintree: BraintreeMerchant, new: New) -> Callable[..., Any]:
    """A sale of ten dollars, settled unless told otherwise."""

    def take(*, settled: bool = True, **changes: Any) -> Any:
        order = {"order_id": new("pay"), "options": {"submit_for_settlement": True}}
        made = at_braintree.sale(**{**order, **changes}).transaction
        if settled:
            at_braintree.sdk.testing.settle_transaction(made.id)
        return made

    return take


def next_noon(simulator: run.Simulator) -> date:
    """Let it become noon of the day after the next: what is under way is over by then."""
    now = datetime.fromisoformat(simulator.clock())
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=2)
    return datetime.fromisoformat(simulator.clock(advance=(noon - now).total_seconds())).date()


def cut(merchant: BraintreeMerchant) -> list[str]:
    batches: str = merchant.simulator.act("cut")["id"]
    return batches.split(",") if batches else []


def url_of(merchant: BraintreeMerchant, account: str, day: date) -> str | None:
    """Where the report is, by the SDK's own client for GraphQL."""
    sdk, base = merchant.sdk, merchant.simulator.url
    sdk.config.graphql_base_url = lambda: f"{base}/graphql"
    said = sdk.graphql_client.query(QUERY, {"date": str(day), "merchantAccountId": account})
    url: str | None = said["data"]["report"]["transactionLevelFees"]["url"]
    return url


def report(merchant: BraintreeMerchant, day: date, account: str = "paygate_usd") -> list[Any]:
    url = url_of(merchant, account, day)
    assert url is not None
    with urlopen(url) as reply:
        assert reply.headers["Content-Type"] == "text/csv"
        return list(csv.DictReader(io.StringIO(reply.read().decode())))


def lines(merchant: BraintreeMerchant, day: date, account: str = "paygate_usd") -> list[Any]:
    """(transaction, type, what is settled) of each."""
    told = report(merchant, day, account)
    return [(r["Transaction ID"], r["Transaction Type"], r["Settlement Amount"]) for r in told]


def booked(merchant: BraintreeMerchant, kind: str) -> list[Any]:
    entries = merchant.simulator.books()["entries"]
    return [(e["payment"], e["amount"], e["currency"]) for e in entries if e["kind"] == kind]


# ---------------------------------------------------------------------------------------- what is paid


def test_what_is_settled_is_paid_with_the_next_cut_and_only_once(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], today: date
) -> None:
    one, waiting = taken(), taken(settled=False, amount="7.00")

    assert cut(at_braintree) == [f"paygate_usd {today}"]

    assert lines(at_braintree, today) == [(one.id, "sale", "10.00")]
    assert booked(at_braintree, "settled")[-1] == (f"paygate_usd {today}", 10_00, "USD")
    assert cut(at_braintree) == []
    at_braintree.sdk.testing.settle_transaction(waiting.id)
    assert cut(at_braintree) == [f"paygate_usd {today + timedelta(days=1)}"]


def test_midnight_ends_a_day_for_each_account(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], today: date
) -> None:
    dollars, yen = taken(), taken(amount="500", merchant_account_id="paygate_jpy")
    assert url_of(at_braintree, "paygate_usd", today) is None

    at_braintree.simulator.clock(advance=DAY / 2 + 60)

    assert lines(at_braintree, today) == [(dollars.id, "sale", "10.00")]
    assert lines(at_braintree, today, "paygate_jpy") == [(yen.id, "sale", "500")]
    assert url_of(at_braintree, "paygate_eur", today) is None
    paid = booked(at_braintree, "settled")[-2:]
    assert paid == [(f"paygate_jpy {today}", 500, "JPY"), (f"paygate_usd {today}", 10_00, "USD")]


def test_a_month_in_one_step_pays_as_many_steps_do(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], today: date, new: New
) -> None:
    """The sale is settled at the first midnight, the dispute of it is decided forty days later."""
    sale = taken(settled=False, payment_method_token="disputed")
    at_braintree.simulator.clock(advance=60)
    [dispute] = [d for d in at_braintree.simulator.disputes() if d["payment"] == sale.order_id]
    at_braintree.sdk.dispute.add_text_evidence(dispute["id"], "winning_evidence")
    at_braintree.sdk.dispute.finalize(dispute["id"])

    at_braintree.simulator.clock(advance=40 * DAY)

    assert lines(at_braintree, today) == [
        (sale.id, "sale", "10.00"),
        (sale.id, "dispute debit", "-10.00"),
    ]
    won = today + timedelta(days=30)
    assert lines(at_braintree, won) == [(sale.id, "dispute credit", "10.00")]


def test_what_is_voided_or_declined_is_never_paid(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], today: date
) -> None:
    voided, declined = taken(settled=False), taken(settled=False)
    at_braintree.transactions.void(voided.id)
    at_braintree.sdk.testing.settlement_decline_transaction(declined.id)
    at_braintree.simulator.clock(advance=2 * DAY)
    assert url_of(at_braintree, "paygate_usd", today) is None
    assert cut(at_braintree) == []


def test_each_part_of_a_sale_is_paid_and_the_sale_itself_is_not(
    at_braintree: BraintreeMerchant, today: date, new: New
) -> None:
    held = at_braintree.sale(order_id=new("pay")).transaction
    take = at_braintree.transactions.submit_for_partial_settlement
    parts = [
        take(held.id, amount, {"order_id": new("att")}).transaction for amount in ("4.00", "6.00")
    ]
    for each in (*parts, held):
        at_braintree.sdk.testing.settle_transaction(each.id)

    cut(at_braintree)

    told = report(at_braintree, today)
    assert [row["Transaction ID"] for row in told] == [part.id for part in parts]
    assert {row["Original Transaction ID"] for row in told} == {held.id}
    assert [row["Order ID"] for row in told] == [part.order_id for part in parts]


def test_a_refund_is_taken_off_once_it_is_settled(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], today: date, new: New
) -> None:
    sale = taken()
    credit = at_braintree.transactions.refund(
        sale.id, {"amount": "4.00", "order_id": new("re")}
    ).transaction
    cut(at_braintree)
    at_braintree.sdk.testing.settle_transaction(credit.id)

    [batch] = cut(at_braintree)

    tomorrow = today + timedelta(days=1)
    [row] = report(at_braintree, tomorrow)
    assert (row["Transaction ID"], row["Transaction Type"]) == (credit.id, "credit")
    assert (row["Original Transaction ID"], row["Order ID"]) == (sale.id, credit.order_id)
    assert row["Settlement Amount"] == "-4.00"
    assert booked(at_braintree, "settled")[-1] == (batch, -4_00, "USD")


def test_a_refund_that_fails_comes_back_only_after_it_was_taken(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], today: date
) -> None:
    early, late = taken(), taken()
    credits = [at_braintree.transactions.refund(sale.id).transaction for sale in (early, late)]
    for credit in credits:
        at_braintree.sdk.testing.settle_transaction(credit.id)
    at_braintree.simulator.act("fail_refund", refund=credits[0].id)
    cut(at_braintree)
    assert (credits[1].id, "credit", "-10.00") in lines(at_braintree, today)
    assert len(lines(at_braintree, today)) == 3

    at_braintree.simulator.act("fail_refund", refund=credits[1].id)
    cut(at_braintree)

    told = lines(at_braintree, today + timedelta(days=1))
    assert told == [(credits[1].id, "credit reversal", "10.00")]


def test_what_is_disputed_again_on_the_same_day_is_of_the_next(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], today: date
) -> None:
    act, sale = at_braintree.simulator.act, taken()
    first = act("dispute", payment=sale.order_id, amount=4_00)["id"]
    act("decide", dispute=first, outcome="won")
    act("escalate", dispute=first)

    at_braintree.simulator.clock(advance=2 * DAY)

    assert lines(at_braintree, today) == [
        (sale.id, "sale", "10.00"),
        (sale.id, "dispute debit", "-4.00"),
        (sale.id, "dispute credit", "4.00"),
    ]
    assert lines(at_braintree, today + timedelta(days=1)) == [(sale.id, "dispute debit", "-4.00")]


def test_a_retrieval_moves_nothing_until_it_becomes_a_chargeback(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], today: date
) -> None:
    act, sale = at_braintree.simulator.act, taken()
    dispute = act("dispute", payment=sale.order_id, kind="retrieval")["id"]
    cut(at_braintree)
    assert len(lines(at_braintree, today)) == 1
    act("escalate", dispute=dispute)
    cut(at_braintree)
    told = at_braintree.sdk.dispute.find(dispute)
    tomorrow = today + timedelta(days=1)
    assert [each.disbursement_date for each in told.status_history] == [None, tomorrow]
    assert lines(at_braintree, tomorrow) == [(sale.id, "dispute debit", "-10.00")]


# -------------------------------------------------------------------------------- fees and currencies


@pytest.mark.parametrize(
    ("amount", "basis_points", "fixed", "fee"),
    [
        ("13.98", 185, 13, "0.38"),  # As in the fixtures: 0.2586 + 0.13 is cut.
        ("10.00", 259, 49, "0.74"),
        ("0.10", 0, 30, "0.30"),
    ],
)
def test_a_fee_is_said_and_not_taken_off(
    at_braintree: BraintreeMerchant,
    taken: Callable[..., Any],
    today: date,
    amount: str,
    basis_points: int,
    fixed: int,
    fee: str,
) -> None:
    sale = taken(amount=amount)
    credit = at_braintree.transactions.refund(sale.id, "0.05").transaction
    at_braintree.sdk.testing.settle_transaction(credit.id)
    at_braintree.simulator.act("price", basis_points=basis_points, fixed=fixed)
    assert (sale.order_id, int(Decimal(fee) * 100), "USD") not in booked(
        at_braintree, "processing_fee"
    )

    cut(at_braintree)

    told, refunded = report(at_braintree, today)
    assert (told["Settlement Amount"], told["Total Fee Amount"]) == (amount, fee)
    assert refunded["Total Fee Amount"] == "0.00"
    exact = Decimal(told["Discount"]) * Decimal(amount) + Decimal(told["Per Transaction Fee"])
    assert 0 <= exact - Decimal(fee) < Decimal("0.01")
    paid = int(Decimal(amount) * 100) - 5
    assert booked(at_braintree, "settled")[-1] == (f"paygate_usd {today}", paid, "USD")
    assert booked(at_braintree, "processing_fee")[-1] == (
        sale.order_id,
        int(Decimal(fee) * 100),
        "USD",
    )


def test_a_currency_can_be_settled_in_another(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], today: date
) -> None:
    at_braintree.simulator.act("settle_in", currency="GBP", **{"in": "EUR", "rate": "1.1700"})
    sale = taken(amount="12.34", merchant_account_id="paygate_gbp")
    credit = at_braintree.transactions.refund(sale.id, "0.50").transaction
    at_braintree.sdk.testing.settle_transaction(credit.id)

    [batch] = cut(at_braintree)

    told, back = report(at_braintree, today, "paygate_gbp")
    assert (told["Presentment Currency"], told["Original Sale Amount"]) == ("GBP", "12.34")
    assert (told["Settlement Currency"], told["Settlement Amount"]) == ("EUR", "14.44")
    assert (told["Exchange Rate"], back["Settlement Amount"]) == ("1.1700", "-0.59")
    assert booked(at_braintree, "settled")[-1] == (batch, 13_85, "EUR")
    converted = booked(at_braintree, "converted")[-2:]
    assert converted == [(batch, 11_84, "GBP"), (batch, -13_85, "EUR")]
    details = at_braintree.transactions.find(credit.id).disbursement_details
    assert details.settlement_amount == Decimal("-0.59")
    assert details.settlement_currency_iso_code == "EUR"
    assert details.settlement_currency_exchange_rate == Decimal("1.17")


def test_all_that_braintree_owes_is_paid_in_the_end(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], today: date
) -> None:
    """But for what is billed."""
    act = at_braintree.simulator.act
    before = owed(at_braintree)
    sales = [taken(settled=False, amount=f"{n}.00") for n in range(10, 16)]
    at_braintree.transactions.void(sales[0].id)
    act("settle")
    for sale in sales[1:4]:
        at_braintree.transactions.refund(sale.id, "3.00")
    act("settle")
    act("fail_refund", payment=sales[1].order_id)
    dispute = act("dispute", payment=sales[4].order_id)["id"]
    cut(at_braintree)
    act("decide", dispute=dispute, outcome="won")
    act("fail_refund", payment=sales[2].order_id)
    assert owed(at_braintree) - before == 14_00 + 3_00
    cut(at_braintree)
    assert owed(at_braintree) == before


def owed(merchant: BraintreeMerchant) -> int:
    total = merchant.simulator.books()["totals"]["USD"]
    came = total["captured"] + total["refund_failed"] + total["reinstated"]
    went = total["capture_failed"] + total["refunded"] + total["disputed"] + total["settled"]
    return int(came - went)


@pytest.mark.parametrize(
    "mistake",
    [
        {"act": "price", "basis_points": -1, "fixed": 0},
        {"act": "price", "basis_points": 0},
        {"act": "settle_in", "currency": "GBP", "in": "EUR", "rate": "0"},
        {"act": "settle_in", "currency": "GBP", "in": "EUR", "rate": "much"},
        {"act": "settle_in", "currency": "GBP", "in": "XXX", "rate": "1.1"},
    ],
)
def test_a_lever_that_cannot_be_pulled_is_refused(
    at_braintree: BraintreeMerchant, mistake: dict[str, Any]
) -> None:
    with pytest.raises(HTTPError) as refused:
        at_braintree.simulator.act(**mistake)
    assert refused.value.code == 400
    refused.value.close()


# --------------------------------------------------------------------------------- who is told of it


def test_a_disbursement_is_told_without_what_was_disputed(
    at_braintree: BraintreeMerchant, listener: Listener, taken: Callable[..., Any], today: date
) -> None:
    sales = [taken(), taken(amount="20.00")]
    at_braintree.simulator.act("dispute", payment=sales[1].order_id, amount=5_00)
    at_braintree.simulator.webhooks(url=listener.url)

    cut(at_braintree)

    told = told_of(at_braintree, listener, 1)
    assert told.disbursement_date == today
    assert (told.amount, told.disbursement_type) == (Decimal("25.00"), "credit")
    assert told.is_credit()
    assert told.transaction_ids == [sale.id for sale in sales]
    assert told.merchant_account.id == "paygate_usd"
    assert told.merchant_account.currency_iso_code == "USD"
    assert (told.success, told.retry, told.exception_message) == (True, False, None)
    assert {each.id for each in told.transactions()} == {sale.id for sale in sales}


def test_what_is_taken_from_our_bank_is_a_debit(
    at_braintree: BraintreeMerchant, listener: Listener, taken: Callable[..., Any]
) -> None:
    sale = taken()
    cut(at_braintree)
    at_braintree.simulator.webhooks(url=listener.url)
    at_braintree.simulator.act("dispute", payment=sale.order_id)
    cut(at_braintree)
    told = told_of(at_braintree, listener, 1)
    assert (told.amount, told.disbursement_type) == (Decimal("10.00"), "debit")
    assert told.is_debit()
    assert told.transaction_ids == []


def test_nothing_is_told_where_nothing_is_paid_in_the_end(
    at_braintree: BraintreeMerchant, listener: Listener, taken: Callable[..., Any], today: date
) -> None:
    at_braintree.simulator.webhooks(url=listener.url)
    sale = taken()
    at_braintree.simulator.act("dispute", payment=sale.order_id)
    cut(at_braintree)
    assert len(lines(at_braintree, today)) == 2
    listener.heard(1)  # The dispute.
    assert listener.paid == []


def told_of(merchant: BraintreeMerchant, listener: Listener, count: int) -> Any:
    """The last of so many disbursements; waits for them."""
    until = time.monotonic() + 10
    while len(listener.paid) < count and time.monotonic() < until:
        time.sleep(0.01)
    told = parsed(merchant, listener.paid[count - 1])
    assert told.kind == "disbursement"
    return told.disbursement


def test_what_was_paid_on_a_day_is_found_by_it(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], today: date
) -> None:
    paid, unpaid = taken(), taken(settled=False)
    cut(at_braintree)
    at = datetime.combine(today, datetime.min.time())

    def found(*terms: Any) -> set[str]:
        return {each.id for each in at_braintree.transactions.search(*terms)}

    assert found(By.disbursement_date == at) == {paid.id}
    assert found(By.disbursement_date.between(at, at + timedelta(days=1))) == {paid.id}
    assert unpaid.id not in found(By.disbursement_date <= at)
    details = at_braintree.transactions.find(paid.id).disbursement_details
    assert details.is_valid
    assert (details.disbursement_date, details.settlement_amount) == (today, Decimal("10.00"))
    assert not at_braintree.transactions.find(unpaid.id).disbursement_details.is_valid


# -------------------------------------------------------------------------------- where the report is


def test_an_account_or_a_query_that_is_none_is_a_validation_error(
    at_braintree: BraintreeMerchant, today: date
) -> None:
    assert url_of(at_braintree, "paygate_usd", today) is None
    ask = at_braintree.sdk.graphql_client
    for query, variables in (
        (QUERY, {"date": str(today), "merchantAccountId": "nobodys"}),
        (QUERY, {"date": "today"}),
        (QUERY, {}),
        ("query { ping }", {}),
    ):
        said = ask.query(query, variables)
        [error] = ask.get_validation_errors(said)["errors"]
        assert error["message"]


def test_a_report_is_had_by_its_address_alone(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], today: date
) -> None:
    taken()
    cut(at_braintree)
    url = url_of(at_braintree, "paygate_usd", today)
    assert url is not None
    with pytest.raises(HTTPError) as missing:
        urlopen(url[:-1])
    assert missing.value.code == 404
    missing.value.close()
    name = f"transaction_level_fees_paygate_usd_{today}.csv"
    with urlopen(url) as reply:
        assert reply.read() == at_braintree.simulator.statement(name)


def test_mistakes_are_planted_in_the_report_and_not_in_the_books(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], today: date
) -> None:
    sales = {taken().id for _ in range(4)}
    wanted = {"lost_capture": 1, "unknown_kind": 1, "wrong_account": 1}
    at_braintree.simulator.act("mistakes", wanted=wanted, seed=3)

    cut(at_braintree)

    told = report(at_braintree, today)
    planted = at_braintree.simulator.statements()[-1]["planted"]
    assert {each["mistake"] for each in planted} == wanted.keys()
    assert {row["Transaction Type"] for row in told} == {"quantum_levy", "sale"}
    assert len(sales - {row["Transaction ID"] for row in told}) == 1
    assert {row["Merchant Account ID"] for row in told} == {"paygate_usd", "paygate_usdOutlet"}
    paid = booked(at_braintree, "settled")[-1][1]
    ours = [row for row in told if row["Merchant Account ID"] == "paygate_usd"]
    assert paid == sum(Decimal(row["Settlement Amount"]) for row in ours) * 100


def test_a_restarted_simulator_pays_an_account_on_another_day(tmp_path: Path) -> None:
    days = []
    for number in range(2):
        with run.start("braintree", folder=tmp_path) as simulator:
            merchant = BraintreeMerchant(simulator)
            merchant.sale(order_id=f"pay_{number}", options={"submit_for_settlement": True})
            simulator.act("settle")
            days.append(simulator.act("cut")["id"])
            merchant.close()
    assert len(set(days)) == 2
