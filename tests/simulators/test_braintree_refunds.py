"""Braintree settles by night and gives back in two ways; what each does is in the books."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError

import pytest

from simulators import run
from tests.simulators.sdk import BraintreeMerchant, braintree

HOUR = 3600
By = braintree.TransactionSearch
New = Callable[[str], str]


@pytest.fixture(scope="module")
def ahead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[run.Simulator]:
    """One whose clock may run ahead."""
    with run.start("braintree", folder=tmp_path_factory.mktemp("books")) as started:
        yield started


@pytest.fixture
def at_braintree(ahead: run.Simulator) -> Iterator[BraintreeMerchant]:
    ahead.faults()
    merchant = BraintreeMerchant(ahead)
    yield merchant
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


def code(result: Any) -> str:
    """The one validation error of a result that failed."""
    assert not result.is_success
    (error,) = result.errors.deep_errors
    return str(error.code)


def since_taken(merchant: BraintreeMerchant, sale: Any) -> list[tuple[str, int]]:
    """What was booked of it after it was authorized and captured."""
    return merchant.booked(sale.order_id)[2:]


def status(merchant: BraintreeMerchant, transaction: Any) -> str:
    return str(merchant.transactions.find(transaction.id).status)


# -------------------------------------------------------------------------------------- settlement


def test_a_sale_is_settled_half_a_day_later_and_cannot_be_voided_an_hour_before(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any]
) -> None:
    sale = taken(settled=False)
    clock = at_braintree.simulator.clock

    clock(advance=11 * HOUR - 60)
    assert status(at_braintree, sale) == "submitted_for_settlement"
    clock(advance=60)
    assert status(at_braintree, sale) == "settling"
    assert code(at_braintree.transactions.void(sale.id)) == "91504"
    clock(advance=HOUR)
    assert status(at_braintree, sale) == "settled"
    assert since_taken(at_braintree, sale) == []


@pytest.mark.parametrize(
    ("amount", "currency", "end"),
    [
        ("4001.50", "usd", "settlement_declined"),
        ("4003.00", "usd", "settlement_declined"),
        ("4002.00", "usd", "settled"),
        ("5001.03", "usd", "settled"),
        ("4001.50", "eur", "settled"),
        ("4500", "jpy", "settled"),
    ],
)
def test_the_sandboxs_amounts_are_not_paid_in_the_end(
    at_braintree: BraintreeMerchant,
    taken: Callable[..., Any],
    amount: str,
    currency: str,
    end: str,
) -> None:
    sale = taken(settled=False, amount=amount, merchant_account_id=f"paygate_{currency}")

    at_braintree.simulator.clock(advance=12 * HOUR)

    assert status(at_braintree, sale) == end
    failed = [kind for kind, _ in since_taken(at_braintree, sale)]
    assert failed == (["capture_failed"] if end == "settlement_declined" else [])


def test_people_settle_what_waits_of_one_payment_or_of_all(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any]
) -> None:
    one, other = taken(settled=False), taken(settled=False)

    at_braintree.simulator.act("settle", payment=one.order_id)
    assert (status(at_braintree, one), status(at_braintree, other)) == (
        "settled",
        "submitted_for_settlement",
    )
    at_braintree.simulator.act("settle")
    assert status(at_braintree, other) == "settled"


def test_a_settlement_can_be_declined_by_hand(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any]
) -> None:
    sale = taken(settled=False)

    declined = at_braintree.sdk.testing.settlement_decline_transaction(sale.id)

    assert declined.transaction.status == "settlement_declined"
    assert since_taken(at_braintree, sale) == [("capture_failed", 10_00)]
    assert code(at_braintree.sdk.testing.settle_transaction(sale.id)) == "91575"


# ------------------------------------------------------------------------------------- giving back


def test_a_void_of_what_was_taken_gives_it_back(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any]
) -> None:
    sale = taken(settled=False)

    assert at_braintree.transactions.void(sale.id, {"api_request_key": f"void-{sale.id}"})

    assert since_taken(at_braintree, sale) == [("refunded", 10_00)]
    entry = at_braintree.simulator.books()["entries"][-1]
    assert (entry["reference"], entry["attempt"]) == (sale.id, f"void-{sale.id}")
    at_braintree.simulator.clock(advance=12 * HOUR)
    assert status(at_braintree, sale) == "voided"


def test_a_refund_is_a_credit_that_names_its_sale(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], new: New
) -> None:
    sale, ours = taken(), new("re")

    credit = at_braintree.transactions.refund(
        sale.id, {"amount": "4.00", "order_id": ours, "api_request_key": f"key-{ours}"}
    ).transaction
    again = at_braintree.transactions.refund(sale.id, "5.00").transaction

    assert (credit.type, credit.status) == ("credit", "submitted_for_settlement")
    assert (credit.amount, credit.currency_iso_code) == (Decimal("4.00"), "USD")
    assert (credit.order_id, again.order_id) == (ours, sale.order_id)
    assert credit.refunded_transaction_id == sale.id
    assert at_braintree.transactions.find(sale.id).refund_ids == [credit.id, again.id]
    assert since_taken(at_braintree, sale) == [("refunded", 4_00), ("refunded", 5_00)]
    first = at_braintree.simulator.books()["entries"][-2]
    assert (first["reference"], first["attempt"]) == (credit.id, f"key-{ours}")
    at_braintree.simulator.clock(advance=12 * HOUR)
    assert status(at_braintree, credit) == "settled"


def test_a_refund_needs_what_is_settled_and_not_given_back(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any]
) -> None:
    refund = at_braintree.transactions.refund
    early, sale = taken(settled=False), taken()

    assert code(refund(early.id)) == "91506"
    assert code(refund(sale.id, "10.01")) == "91521"
    assert code(refund(sale.id, "0.00")) == "81531"
    credit = refund(sale.id, "4.00").transaction
    assert code(refund(credit.id)) == "91505"
    assert code(refund(sale.id)) == "91521"  # All of it, of which a part is gone.
    assert refund(sale.id, "6.00").is_success
    assert code(refund(sale.id, "0.01")) == "91512"
    with pytest.raises(braintree.exceptions.not_found_error.NotFoundError):
        refund("nobodys")
    at_braintree.simulator.clock(advance=11 * HOUR)
    assert refund(early.id).is_success  # While it settles.
    assert since_taken(at_braintree, sale) == [("refunded", 4_00), ("refunded", 6_00)]


def test_a_key_stands_for_one_refund(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], new: New
) -> None:
    sale, early, key = taken(), taken(settled=False), new("key")

    def refund(of: Any, amount: str, key: str) -> Any:
        return at_braintree.transactions.refund(of.id, {"amount": amount, "api_request_key": key})

    made = {refund(sale, "4.00", key).transaction.id for _ in range(2)}

    assert len(made) == 1
    assert code(refund(sale, "5.00", key)) == "915232"
    failed = new("key")
    assert code(refund(early, "4.00", failed)) == "91506"
    assert code(refund(early, "4.00", failed)) == "915234"
    assert since_taken(at_braintree, sale) == [("refunded", 4_00)]


def test_a_bank_may_want_no_refund(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any]
) -> None:
    sale = taken(amount="3500.00")

    result = at_braintree.transactions.refund(sale.id, "2001.00")

    assert not result.is_success
    assert result.errors.deep_errors == []
    assert (result.transaction.type, result.transaction.status) == ("credit", "processor_declined")
    assert result.transaction.processor_response_code == "2001"
    assert since_taken(at_braintree, sale) == []
    assert at_braintree.transactions.refund(
        sale.id, "3500.00"
    ).is_success  # None of it was used up.


def test_a_refund_is_found_by_its_order_id(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], new: New
) -> None:
    sale, ours = taken(), new("re")
    refund = {"amount": "4.00", "order_id": ours}
    credit = at_braintree.transactions.refund(sale.id, refund).transaction

    def found(*terms: Any) -> list[str]:
        return [each.id for each in at_braintree.transactions.search(By.order_id == ours, *terms)]

    assert found() == [credit.id]
    assert found(By.type == "credit") == [credit.id]
    assert found(By.type == "sale") == []


def test_a_reverse_voids_while_it_can_and_refunds_after(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any]
) -> None:
    early, late = taken(settled=False), taken()
    reverse = at_braintree.transactions.reverse

    voided, credit = reverse(early.id).transaction, reverse(late.id).transaction

    assert (voided.id, voided.status) == (early.id, "voided")
    assert (credit.type, credit.refunded_transaction_id) == ("credit", late.id)
    assert since_taken(at_braintree, early) == since_taken(at_braintree, late)
    assert code(reverse(early.id)) == "915282"
    assert code(reverse(late.id)) == "91512"


def test_a_credit_that_is_voided_gives_nothing_back(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any]
) -> None:
    sale = taken()
    credit = at_braintree.transactions.refund(sale.id).transaction

    assert at_braintree.transactions.void(credit.id).is_success

    assert since_taken(at_braintree, sale) == [("refunded", 10_00), ("refund_failed", 10_00)]
    assert at_braintree.transactions.refund(sale.id).is_success


# ----------------------------------------------------------------------------- in the Control Panel


def test_a_refund_can_fail_after_it_went_through(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any], new: New
) -> None:
    sale, ours = taken(), new("re")
    key = {"order_id": ours, "api_request_key": new("key")}
    credit = at_braintree.transactions.refund(sale.id, key).transaction
    at_braintree.simulator.clock(advance=12 * HOUR)

    assert at_braintree.simulator.act("fail_refund", refund=ours)["id"] == credit.id

    failed = at_braintree.transactions.find(credit.id)
    assert (failed.status, failed.processor_response_code) == ("processor_declined", "2057")
    assert since_taken(at_braintree, sale) == [("refunded", 10_00), ("refund_failed", 10_00)]
    replay = at_braintree.transactions.refund(sale.id, key)
    assert (replay.is_success, replay.transaction.id) == (False, credit.id)
    again = at_braintree.transactions.refund(sale.id).transaction
    assert at_braintree.simulator.act("fail_refund", payment=sale.order_id)["id"] == again.id
    with pytest.raises(HTTPError):
        at_braintree.simulator.act("fail_refund", refund=again.id)


def test_people_give_back_what_is_settled_and_void_what_is_not(
    at_braintree: BraintreeMerchant, taken: Callable[..., Any]
) -> None:
    act = at_braintree.simulator.act
    early, late = taken(settled=False), taken()

    with pytest.raises(HTTPError):
        act("refund", payment=early.order_id, amount=4_00)
    assert act("refund", payment=early.order_id)["id"] == early.id
    part = at_braintree.transactions.find(act("refund", payment=late.order_id, amount=4_00)["id"])
    act("refund", payment=late.order_id)
    with pytest.raises(HTTPError):
        act("refund", payment=late.order_id)

    assert (part.type, part.order_id) == ("credit", late.order_id)
    assert since_taken(at_braintree, early) == [("refunded", 10_00)]
    assert since_taken(at_braintree, late) == [("refunded", 4_00), ("refunded", 6_00)]


def test_people_cancel_what_is_held(at_braintree: BraintreeMerchant, new: New) -> None:
    held = at_braintree.sale(order_id=new("pay")).transaction
    act = at_braintree.simulator.act

    assert act("cancel", payment=held.order_id)["id"] == held.id

    assert at_braintree.booked(held.order_id) == [("authorized", 10_00), ("canceled", 10_00)]
    for mistake in (
        {"act": "cancel", "payment": held.order_id},
        {"act": "cancel", "payment": "nobodys"},
        {"act": "refund", "payment": held.order_id},
        {"act": "fail_refund", "payment": held.order_id},
        {"act": "fail_refund", "refund": "nobodys"},
        {"act": "teleport"},
    ):
        with pytest.raises(HTTPError) as refused:
            act(**mistake)
        assert refused.value.code == 400
        refused.value.close()
