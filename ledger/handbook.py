"""The handbook of the books, docs/books.md: the chart and every recipe, written from the code that posts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from kernel.money import Money
from ledger import chart
from ledger.journal import render
from ledger.recipes import (
    corrections,
    disputes,
    fees,
    funds,
    fx,
    payments,
    payouts,
    refunds,
    settlement,
)
from ledger.transaction import Transaction, credit, debit

PAGE = Path(__file__).resolve().parent.parent / "docs" / "books.md"

_ANYONE = UUID(int=0)

_OPENING = """\
# The books

Written by `manage.py books` from the functions that post; do not edit. Amounts are an example's.
Every merchant has a book of their own, with these accounts in each currency. A balance is credits less
debits, so what others owe us stands below zero in it.
"""


def page() -> str:
    """The whole text of docs/books.md."""
    return "\n".join([_OPENING, *_chart(), "", *_recipes()]).rstrip() + "\n"


def _chart() -> Iterator[str]:
    yield "## The chart\n"
    yield "| account | usually | whose money it is |"
    yield "|---|---|---|"
    for account in _accounts():
        names = inspect.signature(account).parameters
        code = account(*(f"<{name}>" for name in names))
        side = "credit" if chart.is_credit_normal(code) else "debit"
        guarded = ", guarded" if code in chart.GUARDED else ""
        meaning = (account.__doc__ or "").partition(" Credit")[0]
        yield f"| `{code}` | {side}{guarded} | {meaning} |"


def _accounts() -> list[Callable[..., str]]:
    """The functions of the chart that name an account, in the order in which they are written there."""
    return [
        f for f in vars(chart).values() if inspect.isfunction(f) and f is not chart.is_credit_normal
    ]


def _recipes() -> Iterator[str]:
    yield "## The recipes\n"
    for recipe, example in _examples():
        yield f"### {example.kind}\n"
        yield inspect.cleandoc(recipe.__doc__ or "").partition("\n\n")[0].replace("\n", " ") + "\n"
        yield "```"
        yield render(example)
        yield "```\n"


def _examples() -> Iterator[tuple[Callable[..., Transaction], Transaction]]:
    """Each recipe with amounts that a reader can follow in the head."""
    gross, fee = Money(100_00, "USD"), Money(2_90, "USD")
    whose: dict[str, Any] = {"merchant": _ANYONE, "livemode": True}
    yield (
        payments.payment_captured,
        payments.payment_captured(**whose, psp="stripe", source="att_1", gross=gross, fee=fee),
    )
    yield (
        payments.capture_reversed,
        payments.capture_reversed(**whose, psp="adyen", source="att_1", gross=gross, fee=fee),
    )
    yield (
        payments.payment_recaptured,
        payments.payment_recaptured(**whose, psp="adyen", source="att_1", gross=gross, fee=fee),
    )
    back: dict[str, Any] = {
        **whose,
        "psp": "stripe",
        "source": "re_1",
        "amount": Money(40_00, "USD"),
    }
    yield refunds.refund_succeeded, refunds.refund_succeeded(**back)
    yield refunds.refund_failed, refunds.refund_failed(**back)
    case: dict[str, Any] = {**whose, "psp": "stripe", "source": "dp_1:1", "amount": gross}
    handling = Money(15_00, "USD")
    yield disputes.dispute_opened, disputes.dispute_opened(**case, fee=handling)
    yield disputes.dispute_won, disputes.dispute_won(**case, fee=handling)
    yield disputes.dispute_lost, disputes.dispute_lost(**case)
    yield disputes.dispute_reinstated, disputes.dispute_reinstated(**case, fee=handling)
    yield (
        fees.psp_fee_charged,
        fees.psp_fee_charged(**whose, psp="stripe", source="txn_1", fee=Money(1_80, "USD")),
    )
    yield (
        fees.psp_fee_returned,
        fees.psp_fee_returned(**whose, psp="stripe", source="txn_2", fee=Money(15_00, "USD")),
    )
    yield (
        fees.processing_fee_returned,
        fees.processing_fee_returned(**whose, source="adj_1", fee=fee),
    )
    yield (
        fees.refund_fee_charged,
        fees.refund_fee_charged(**whose, source="re_1", fee=Money(50, "USD")),
    )
    yield (
        fees.refund_fee_returned,
        fees.refund_fee_returned(**whose, source="re_1", fee=Money(50, "USD")),
    )
    yield fees.cost_passed_on, fees.cost_passed_on(**whose, source="att_1", cost=Money(1_80, "USD"))
    yield from _money_out(whose)
    yield from _conversions(whose)
    yield from _settlement(whose)
    yield from _breaks(whose)


def _money_out(whose: dict[str, Any]) -> Iterator[tuple[Callable[..., Transaction], Transaction]]:
    net, held = Money(97_10, "USD"), Money(9_71, "USD")
    due: dict[str, Any] = {**whose, "source": "2026-12-01 USD 1"}
    yield funds.funds_available, funds.funds_available(**due, amount=net, reserve=held)
    yield funds.funds_recalled, funds.funds_recalled(**due, amount=net)
    yield funds.reserve_released, funds.reserve_released(**due, amount=held)
    po: dict[str, Any] = {**whose, "source": "po_1", "amount": Money(87_39, "USD")}
    bank: dict[str, Any] = {"paid_from": chart.operating_bank()}
    yield payouts.payout_created, payouts.payout_created(**po)
    yield payouts.payout_canceled, payouts.payout_canceled(**po)
    yield payouts.payout_sent, payouts.payout_sent(**po)
    yield payouts.payout_paid, payouts.payout_paid(**po, **bank)
    yield payouts.payout_failed, payouts.payout_failed(**po)
    yield payouts.payout_returned, payouts.payout_returned(**po, **bank)


def _conversions(whose: dict[str, Any]) -> Iterator[tuple[Callable[..., Transaction], Transaction]]:
    euros, dollars = Money(100_00, "EUR"), Money(107_00, "USD")
    yield (
        fx.converted,
        fx.converted(
            **whose,
            source="payment.captured:att_1",
            account=chart.merchant_pending(),
            sold=euros,
            bought=dollars,
            value=Money(108_00, "USD"),
        ),
    )
    yield (
        fx.converted_back,
        fx.converted_back(
            **whose,
            source="refund.succeeded:re_1",
            account=chart.merchant_available(),
            owed=euros,
            paid=dollars,
            value=Money(106_00, "USD"),
        ),
    )
    yield fx.revalued, fx.revalued(**whose, source="2026-12-01", gain=Money(1_25, "USD"))


def _settlement(whose: dict[str, Any]) -> Iterator[tuple[Callable[..., Transaction], Transaction]]:
    gross, fee, none = Money(100_00, "USD"), Money(2_90, "USD"), Money(0, "USD")
    of: dict[str, Any] = {**whose, "psp": "stripe", "source": "stm_1"}
    line: dict[str, Any] = {**of, "gross": gross, "fee": fee, "billed": none}
    yield (
        settlement.settlement_booked,
        settlement.settlement_booked(**line, fee_booked=none, fee_unexpected=Money(10, "USD")),
    )
    euros: dict[str, Any] = {"settled": Money(92_01, "EUR"), "fee": Money(2_90, "EUR")}
    nothing: dict[str, Any] = {
        name: Money(0, "EUR") for name in ("billed", "fee_known", "fee_unexpected")
    }
    yield (
        settlement.settlement_converted,
        settlement.settlement_converted(
            **of, gross=gross, **euros, **nothing, fee_booked=none, rounding=Money(1, "EUR")
        ),
    )
    yield (
        settlement.settlement_unexplained,
        settlement.settlement_unexplained(**of, net=gross - fee),
    )
    batch: dict[str, Any] = {**whose, "source": "stl_1:stm_1"}
    yield (
        settlement.settlement_arrived,
        settlement.settlement_arrived(**batch, psp="stripe", amount=gross - fee),
    )
    yield (
        settlement.bank_unexplained,
        settlement.bank_unexplained(**whose, source="stm_2", amount=Money(12_00, "USD")),
    )


def _breaks(whose: dict[str, Any]) -> Iterator[tuple[Callable[..., Transaction], Transaction]]:
    gross, fee, none = Money(100_00, "USD"), Money(2_90, "USD"), Money(0, "USD")
    brk: dict[str, Any] = {**whose, "source": "brk_1"}
    line: dict[str, Any] = {**brk, "psp": "stripe", "gross": gross, "fee": fee, "billed": none}
    yield corrections.line_explained, corrections.line_explained(**line, fee_booked=none)
    yield (
        corrections.amount_corrected,
        corrections.amount_corrected(**line, fee_booked=none, ours=Money(101_00, "USD")),
    )
    yield (
        corrections.currency_corrected,
        corrections.currency_corrected(**line, ours=Money(92_00, "EUR")),
    )
    yield corrections.line_unallocated, corrections.line_unallocated(**line)
    yield (
        corrections.line_not_ours,
        corrections.line_not_ours(**brk, psp="adyen", net=gross - fee),
    )
    yield (
        corrections.fee_accepted,
        corrections.fee_accepted(**brk, psp="stripe", fee=Money(30, "USD")),
    )
    yield (
        corrections.rounding_accepted,
        corrections.rounding_accepted(**brk, rounding=Money(1, "USD")),
    )
    yield (
        corrections.batch_difference_accepted,
        corrections.batch_difference_accepted(**brk, psp="stripe", difference=Money(-50, "USD")),
    )
    yield (
        corrections.receivable_given_up,
        corrections.receivable_given_up(**brk, psp="stripe", owed=gross),
    )
    yield (
        corrections.batch_given_up,
        corrections.batch_given_up(**brk, psp="stripe", amount=gross - fee),
    )
    yield (
        corrections.payout_not_found,
        corrections.payout_not_found(**brk, amount=Money(87_39, "USD")),
    )
    held = debit(chart.reconciliation_suspense(), gross - fee)
    owed = credit(chart.psp_receivable("stripe"), Money(101_00, "USD"))
    yield corrections.written_off, corrections.written_off(**brk, cleared=[held, owed])
