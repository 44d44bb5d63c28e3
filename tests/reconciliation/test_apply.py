"""Lines meet our books: what agrees is settled, and what does not is in suspense with its cause."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from disputes.hear import case_reported
from kernel.clock import now
from kernel.money import Money
from paygate.costs.models import PaymentCost
from paygate.payments.hear_captures import capture_failed, recaptured
from paygate.payments.models import Attempt
from paygate.psp.cases import CaseReport, Direction, Movement, Reason, Stage, Standing
from paygate.psp.events import (
    CaptureFailed,
    Recaptured,
)
from paygate.reconciliation.charges import learn_costs
from paygate.reconciliation.due import find_overdue
from paygate.reconciliation.models import Break, Cause
from tests.proof.holds import holds
from tests.reconciliation.statements import (
    applied,
    capture_of,
    causes,
    line,
    refund_heard,
    standing,
)


def test_what_agrees_is_settled_to_our_bank_less_the_fee(api, apply):
    paid = api.pay(psp="stripe", amount=10_000).json()

    apply(capture_of(paid, fee=180))

    assert standing() == {"assets:bank:stripe": 9_820, "expenses:psp:stripe:fees": 180}
    assert causes() == []


def test_a_line_that_nobody_knows_waits_in_suspense(api, apply):
    apply(line("capture", 5_000, object="pi_unknown", payment="pi_unknown", fee=100))

    assert standing() == {"assets:bank:stripe": 4_900, "suspense:reconciliation": -4_900}
    assert causes() == [Cause.MISSING_HERE]


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"gross": 9_900, "settled_gross": 9_900}, Cause.AMOUNT),
        ({"gross": 10_100, "settled_gross": 10_100}, Cause.AMOUNT),
        ({"currency": "EUR", "settled_currency": "EUR"}, Cause.CURRENCY),
        ({"account": "somebody"}, Cause.WRONG_MERCHANT_ACCOUNT),
    ],
)
def test_a_line_that_contradicts_our_books_waits_and_its_draft_closes_it(
    api, apply, approve_all, changes, cause
):
    paid = api.pay(psp="stripe", amount=10_000).json()

    apply(capture_of(paid, **{"fee": 180, **changes}))

    assert causes() == [cause]
    assert holds()
    approve_all()
    assert "suspense:reconciliation" not in standing()
    assert holds()


def test_a_conversion_is_settled_through_our_positions(api, apply):
    paid = api.pay(psp="stripe", amount=10_000, currency="GBP").json()

    apply(
        capture_of(
            paid, settled_currency="EUR", settled_gross=11_700, fee=100, rate=Decimal("1.17")
        )
    )

    assert causes() == []
    assert standing() == {
        "assets:bank:stripe": 11_600,
        "expenses:psp:stripe:fees": 100,
        "equity:fx:GBP": 10_000,
        "equity:fx:EUR": -11_700,
    }
    assert holds()


@pytest.mark.parametrize(
    ("settled", "cause"), [(11_701, Cause.FX_ROUNDING), (11_800, Cause.AMOUNT)]
)
def test_a_conversion_unlike_its_rate_is_a_break(api, apply, approve_all, settled, cause):
    paid = api.pay(psp="stripe", amount=10_000, currency="GBP").json()

    apply(capture_of(paid, settled_currency="EUR", settled_gross=settled, rate=Decimal("1.17")))

    assert causes() == [cause]
    approve_all()
    assert holds()
    assert "suspense:reconciliation" not in standing()


def test_a_line_that_is_told_twice_in_a_file_counts_once(api, apply, approve_all):
    paid = api.pay(psp="stripe", amount=10_000).json()

    apply(capture_of(paid, reference="txn_same"), capture_of(paid, reference="txn_same"))

    assert causes() == [Cause.DUPLICATE_LINE]
    approve_all()
    assert holds()


def test_a_line_that_is_told_again_by_another_file_changes_nothing_but_its_batch(api, apply):
    paid = api.pay(psp="stripe", amount=10_000).json()
    first = capture_of(paid, reference="txn_again")
    apply(first)
    before = standing()

    apply({**first, "batch": "po_1"})

    assert standing() == before
    assert causes() == []
    assert holds()


def test_a_second_capture_of_one_payment_is_told_apart(api, apply, approve_all):
    paid = api.pay(psp="stripe", amount=10_000).json()

    apply(capture_of(paid), capture_of(paid))

    assert causes() == [Cause.CAPTURED_TWICE]
    assert standing()["suspense:reconciliation"] == -10_000
    approve_all()
    assert standing()["liabilities:unallocated"] == -10_000
    assert holds()


def test_captures_in_parts_are_settled_by_one_line_or_by_several(api, apply):
    once, apart = (
        api.pay(psp="stripe", amount=10_000, capture_method="manual").json() for _ in range(2)
    )
    for paid in (once, apart):
        for amount, final in ((4_000, False), (6_000, True)):
            reply = api.post(f"payments/{paid['id']}/capture", {"amount": amount, "final": final})
            assert reply.status_code == 200, reply.json()
    lines = [
        capture_of(paid | {"amount_captured": amount})
        for paid, amount in ((once, 10_000), (apart, 6_000), (apart, 4_000))
    ]

    apply(*lines)

    assert causes() == []
    assert "assets:psp:stripe:receivable" not in standing()
    assert holds()


def test_a_fee_unlike_the_contract_is_a_break_and_the_rest_is_settled(
    api, apply, approve_all, price, relay
):
    price(150, 10)
    paid = api.pay(psp="stripe", amount=10_000).json()
    relay()

    apply(capture_of(paid, fee=200))

    assert causes() == [Cause.FEE]
    assert standing()["expenses:psp:stripe:fees"] == 160
    approve_all()
    assert standing()["expenses:psp:stripe:fees"] == 200
    assert holds()


def test_what_payments_cost_is_learned_from_lines_once(api, apply, price, relay):
    price(150, 10)
    paid = api.pay(psp="stripe", amount=10_000).json()
    relay()
    apply(capture_of(paid, fee=160))

    learn_costs(at=now())
    learn_costs(at=now())

    cost = PaymentCost.objects.get()
    assert (cost.expected, cost.actual, cost.deviation) == (160, 160, 0)
    assert holds()


def test_a_newer_version_of_a_file_takes_the_place_of_the_older(api, apply):
    paid, other = (
        api.pay(psp="stripe", amount=10_000).json(),
        api.pay(psp="stripe", amount=2_000).json(),
    )
    wrong = capture_of(paid, gross=9_000, settled_gross=9_000)
    older = apply(wrong, identity="day 1")

    newer = apply(
        {**wrong, "gross": 10_000, "settled_gross": 10_000, "net": 10_000},
        capture_of(other),
        identity="day 1",
    )

    older.refresh_from_db()
    assert (older.state, older.superseded_by_id) == ("superseded", newer.id)
    assert standing() == {"assets:bank:stripe": 12_000}
    assert [b.closed_by for b in Break.objects.all()] == ["newer_file"]
    assert holds()


def test_a_refund_of_the_dashboard_is_told_to_our_books_when_two_agree(api, apply, approve_all):
    paid = api.pay(psp="stripe", amount=10_000).json()
    apply(
        capture_of(paid),
        line("refund", -3_000, object="re_dash", payment=paid["psp_reference"]),
    )
    assert causes() == [Cause.REFUNDED_IN_DASHBOARD]

    approve_all()

    assert api.get(f"payments/{paid['id']}").json()["amount_refunded"] == 3_000
    assert standing() == {"assets:bank:stripe": 7_000}
    assert holds()
    apply(line("fee", -100, booked_at=now() + timedelta(days=7)))
    assert find_overdue(at=now()) == 0


def test_a_chargeback_that_we_had_not_heard_of_becomes_a_dispute_when_two_agree(
    api, apply, approve_all
):
    paid = api.pay(psp="stripe", amount=10_000).json()
    apply(
        capture_of(paid),
        line("chargeback", -10_000, object="txn_cb", payment=paid["psp_reference"], fee=1_500),
    )
    assert causes() == [Cause.CHARGEBACK_NOT_HEARD]

    approve_all()

    assert api.get(f"payments/{paid['id']}").json()["amount_disputed"] == 10_000
    assert holds()


def test_a_payment_whose_outcome_nobody_knew_is_settled_by_the_line_that_tells_of_it(
    api, apply, simulators
):
    simulators["stripe"].faults(next=["timeout_after"], hang_seconds=1)
    reply = api.pay(psp="stripe", amount=10_000).json()
    attempt = Attempt.objects.get()
    assert attempt.outcome == "unknown"

    apply(line("capture", 10_000, object="pi_found", payment="pi_found", ours=attempt.public_id))

    found = api.get(f"payments/{reply['id']}").json()
    assert (found["status"], found["psp_reference"]) == ("captured", "pi_found")
    assert causes() == []
    assert holds()


def test_what_no_statement_tells_of_is_missing_once_its_days_have_passed_and_not_before(
    api, apply, approve_all
):
    told, missing = (
        api.pay(psp="stripe", amount=10_000).json(),
        api.pay(psp="stripe", amount=2_500).json(),
    )
    apply(capture_of(told))
    assert find_overdue(at=now()) == 0

    apply(line("fee", -100, booked_at=now() + timedelta(days=7)))

    assert find_overdue(at=now()) == 1
    assert find_overdue(at=now()) == 0
    found = Break.objects.get()
    assert (found.cause, found.subject, found.amount) == ("missing_there", missing["id"], 2_500)
    approve_all()
    assert standing()["expenses:write_offs"] == 2_500
    assert holds()


def test_a_line_that_comes_late_closes_the_break_by_itself(api, apply):
    missing = api.pay(psp="stripe", amount=2_500).json()
    apply(line("fee", -100, booked_at=now() + timedelta(days=7)))
    find_overdue(at=now())

    apply(capture_of(missing, booked_at=now() + timedelta(days=8)))

    assert Break.objects.get().closed_by == "later_line"
    assert holds()


def test_what_was_taken_and_let_go_again_is_not_missed(api, apply):
    paid = api.pay(psp="stripe", amount=2_500).json()
    assert api.post("refunds", {"payment": paid["id"]}).status_code == 201

    apply(line("fee", -100, booked_at=now() + timedelta(days=7)))

    assert find_overdue(at=now()) == 0


def test_a_line_before_our_own_books_waits_for_them(api, apply):
    apply(line("refund", -2_000, object="re_early", payment="pi_nobody"))
    assert causes() == [Cause.MISSING_HERE]


def test_a_file_of_which_nothing_is_known_here_is_refused(monkeypatch, db):
    lines = [line("capture", 100, object=f"pi_{n}", payment=f"pi_{n}") for n in range(20)]

    refused = applied(monkeypatch, lines)

    assert refused.state == "refused"
    assert "another account" in refused.refused_because
    assert standing() == {}


def test_a_line_that_was_told_before_our_books_had_it_is_settled_when_they_have(
    api, apply, simulators
):
    paid = api.pay(psp="stripe", amount=10_000).json()
    made = simulators["stripe"].act("refund", payment=paid["id"], amount=4_000)
    apply(
        capture_of(paid, batch="po_1"),
        line("refund", -4_000, object=made["id"], payment=paid["psp_reference"], batch="po_1"),
    )
    assert causes() == [Cause.REFUNDED_IN_DASHBOARD]
    refund_heard(paid, 4_000, reference=made["id"])

    find_overdue(at=now())

    assert Break.objects.get().closed_by == "later_line"
    assert standing() == {"assets:bank:stripe": 6_000}
    assert holds()


def test_what_waited_in_our_own_book_is_settled_in_the_merchants(api, apply):
    early = line("refund", -4_000, object="re_early", payment="pi_unknown_yet")
    apply(early)
    paid = api.pay(psp="stripe", amount=10_000).json()
    refund_heard(paid, 4_000, reference="re_early")

    find_overdue(at=now())

    assert Break.objects.get().closed_by == "later_line"
    assert "suspense:reconciliation" not in standing()
    assert holds()


def test_a_dispute_that_only_its_payment_names_is_found_by_it_and_its_amount(
    api, apply, simulators
):
    paid = api.pay(psp="stripe", amount=10_000).json()
    report = CaseReport(
        case="dp_1",
        psp_reference=paid["psp_reference"],
        at=now(),
        stage=Stage.CHARGEBACK,
        standing=Standing.NEEDS_RESPONSE,
        amount=Money(10_000, "USD"),
        reason=Reason.GENERAL,
        movements=(
            Movement("dp_1:withdrawn", Direction.WITHDRAWN, Money(10_000, "USD"), Money(0, "USD")),
        ),
    )
    case_reported("stripe", report, livemode=False, now=now())

    apply(capture_of(paid), line("chargeback", -10_000, payment=paid["psp_reference"]))

    assert causes() == []
    assert holds()


def test_what_two_people_decided_of_an_older_version_is_taken_back_with_it(api, apply, approve_all):
    paid = api.pay(psp="stripe", amount=10_000).json()
    wrong = capture_of(paid, gross=9_000, settled_gross=9_000)
    apply(wrong, identity="day 1")
    approve_all()
    assert standing()["expenses:write_offs"] == 1_000

    apply({**wrong, "gross": 10_000, "settled_gross": 10_000, "net": 10_000}, identity="day 1")

    assert standing() == {"assets:bank:stripe": 10_000}
    assert holds()


def test_a_capture_that_the_psp_names_otherwise_is_found_by_its_payment_and_amount_once(api, apply):
    paid = api.pay(psp="stripe", amount=10_000).json()

    apply(capture_of(paid, object="its-own"), capture_of(paid, object="another"))

    assert causes() == [Cause.CAPTURED_TWICE]
    assert standing()["suspense:reconciliation"] == -10_000
    assert holds()


def test_a_disputes_fee_that_is_in_the_books_is_settled_with_its_conversion(api, apply):
    paid = api.pay(psp="stripe", amount=10_000, currency="GBP").json()
    gbp = {"settled_currency": "EUR", "rate": Decimal("1.17")}
    fee = Money(1_500, "GBP")
    report = CaseReport(
        case="dp_1",
        psp_reference=paid["psp_reference"],
        at=now(),
        stage=Stage.CHARGEBACK,
        standing=Standing.NEEDS_RESPONSE,
        amount=Money(10_000, "GBP"),
        reason=Reason.GENERAL,
        movements=(Movement("txn_w", Direction.WITHDRAWN, Money(10_000, "GBP"), fee),),
    )
    case_reported("stripe", report, livemode=False, now=now())

    apply(
        capture_of(paid, settled_gross=11_700, **gbp),
        line("chargeback", -10_000, "GBP", object="txn_w", settled_gross=-11_700, fee=1_755, **gbp),
    )

    assert causes() == []
    assert standing()["assets:bank:stripe"] == -1_755
    assert "assets:psp:stripe:receivable" not in standing()
    assert holds()


def test_a_payout_that_a_psp_began_and_took_back_comes_to_nothing(api, apply):
    apply(line("payout", -6_000, object="po_x", ours="po_x"))
    assert causes() == [Cause.TIMING]

    apply(line("payout_returned", 6_000, object="po_x", ours="po_x"))

    assert {b.closed_by for b in Break.objects.all()} == {"later_line"}
    assert "suspense:reconciliation" not in standing()
    assert holds()


@pytest.mark.parametrize("files", [1, 3])
def test_a_capture_that_was_taken_back_and_made_after_all_is_settled_three_times(api, apply, files):
    paid = api.pay(psp="adyen", amount=10_000).json()
    about = {"psp_reference": paid["psp_reference"], "capture": paid["psp_reference"]}
    taken = {**about, "amount": Money(10_000, "USD")}
    first = capture_of(paid, reference="CAP")
    back = {**capture_of(paid, reference="CAP"), "kind": "capture_reversed"}
    back |= {"gross": -10_000, "settled_gross": -10_000, "net": -10_000}
    lines = [first, back, {**first, "booked_at": now()}]
    if files == 3:
        apply(lines[0], psp="adyen")
    capture_failed("adyen", CaptureFailed(**taken), livemode=False, now=now())
    if files == 3:
        apply(lines[1], psp="adyen")
    recaptured("adyen", Recaptured(**taken), livemode=False, now=now())

    apply(*(lines if files == 1 else lines[2:]), psp="adyen")

    assert causes() == []
    assert standing() == {"assets:bank:adyen": 10_000}
    assert holds()


def test_a_line_of_nothing_needs_nobody(apply):
    apply(line("other", 0))

    assert causes() == []
    assert holds()


def test_a_fee_of_no_payment_is_a_fee_whatever_column_it_stands_in(apply):
    apply(line("fee", -300), line("fee", 0, fee=200))

    assert standing() == {"assets:bank:stripe": -500, "expenses:psp:stripe:fees": 500}
    assert holds()


def test_sums_that_no_book_can_hold_are_refused(monkeypatch, db):
    most = 2**63 - 1

    refused = applied(monkeypatch, [line("other", most), line("other", most)])

    assert (refused.state, standing()) == ("refused", {})


def test_what_a_newer_file_takes_away_is_missed_anew(api, apply):
    missing = api.pay(psp="stripe", amount=2_500).json()
    later = now() + timedelta(days=7)
    apply(line("fee", -100, booked_at=later))
    find_overdue(at=now())
    apply(capture_of(missing, booked_at=later), identity="day 8")
    assert find_overdue(at=now()) == 0

    apply(line("fee", -50, booked_at=later), identity="day 8")

    assert find_overdue(at=now()) == 1
    assert find_overdue(at=now()) == 0
    assert holds()
