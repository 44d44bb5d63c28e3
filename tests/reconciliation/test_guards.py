"""What must not be taken for agreement: each of these is nearly right, and would be settled if nobody looked twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kernel.clock import now
from paygate.payments.models import Attempt, Refund
from paygate.reconciliation.days import due_before
from paygate.reconciliation.due import find_overdue
from paygate.reconciliation.models import Break, Cause
from tests.proof.holds import holds
from tests.reconciliation.statements import capture_of, causes, line, refund_heard, standing


@pytest.fixture
def in_parts(api):
    """A payment that was captured in two parts."""
    held = api.pay(psp="stripe", amount=10_000, capture_method="manual").json()
    for amount, final in ((4_000, False), (6_000, True)):
        reply = api.post(f"payments/{held['id']}/capture", {"amount": amount, "final": final})
        assert reply.status_code == 200, reply.json()
    return held


def a_week_later(**more: Any) -> dict[str, Any]:
    return line("fee", -100, booked_at=now() + timedelta(days=7), **more)


class TestOnceSettled:
    def test_a_capture_that_another_file_settled_is_not_settled_again(self, api, apply):
        paid = api.pay(psp="stripe", amount=10_000).json()
        apply(capture_of(paid))

        apply(capture_of(paid))

        assert causes() == [Cause.CAPTURED_TWICE]
        assert holds()

    def test_parts_that_one_line_settled_are_neither_missed_nor_settled_again(
        self, in_parts, apply
    ):
        apply(capture_of(in_parts | {"amount_captured": 10_000}), a_week_later())
        assert find_overdue(at=now()) == 0

        apply(*(capture_of(in_parts | {"amount_captured": part}) for part in (4_000, 6_000)))

        assert causes() == [Cause.CAPTURED_TWICE] * 2
        assert holds()

    def test_what_was_given_up_and_comes_after_all_waits_for_people(self, api, apply, approve_all):
        paid = api.pay(psp="stripe", amount=2_500).json()
        apply(a_week_later())
        find_overdue(at=now())
        approve_all()

        apply(capture_of(paid, booked_at=now() + timedelta(days=8)))

        assert causes() == [Cause.MISSING_THERE, Cause.TIMING]
        assert standing()["suspense:reconciliation"] == -2_500
        approve_all()
        assert "expenses:write_offs" not in standing()
        assert holds()

    def test_a_refund_of_what_was_given_up_is_missed_all_the_same(self, api, apply, approve_all):
        paid = api.pay(psp="stripe", amount=2_500).json()
        apply(a_week_later())
        find_overdue(at=now())
        approve_all()

        assert api.post("refunds", {"payment": paid["id"]}).status_code == 201

        assert find_overdue(at=now()) == 1

    def test_what_a_newer_version_does_not_have_any_more_is_missed(self, api, apply):
        paid = api.pay(psp="stripe", amount=2_500).json()
        apply(capture_of(paid), identity="day 1")

        apply(a_week_later(), identity="day 1")

        assert find_overdue(at=now()) == 1

    def test_a_refund_that_two_lines_told_of_early_is_settled_by_one_of_them(self, api, apply):
        for _ in range(2):
            apply(line("refund", -4_000, object="re_early", payment="pi_unknown_yet"))
        refund_heard(api.pay(psp="stripe", amount=10_000).json(), 4_000)

        for _ in range(2):
            find_overdue(at=now())

        assert sorted(Break.objects.values_list("closed_by", flat=True)) == ["", "later_line"]
        assert holds()


class TestSomebodyElses:
    def test_a_line_of_another_psp_may_have_the_same_name(self, api, apply):
        one, other = (api.pay(psp=psp, amount=10_000).json() for psp in ("stripe", "adyen"))
        apply(capture_of(one, reference="same"))

        apply(capture_of(other, reference="same"), psp="adyen")

        assert causes() == []
        assert standing() == {"assets:bank:stripe": 10_000, "assets:bank:adyen": 10_000}

    def test_what_one_psp_owes_another_does_not_settle(self, api, apply):
        paid = api.pay(psp="stripe", amount=10_000).json()

        apply(capture_of(paid), psp="adyen")

        assert causes() == [Cause.MISSING_HERE]
        assert standing()["assets:psp:stripe:receivable"] == 10_000

    def test_a_live_file_settles_nothing_that_was_a_test_nor_does_its_line_count_there(
        self, api, apply
    ):
        paid = api.pay(psp="stripe", amount=10_000).json()

        apply(capture_of(paid, reference="same"), livemode=True)
        assert causes() == [Cause.MISSING_HERE]
        assert standing() == {"assets:psp:stripe:receivable": 10_000}

        apply(capture_of(paid, reference="same"))
        assert standing() == {"assets:bank:stripe": 10_000}
        assert causes() == [Cause.MISSING_HERE]

    def test_a_refund_of_another_psp_does_not_explain_what_was_told_early(self, api, apply):
        apply(line("refund", -4_000, object="re_early", payment="pi_unknown_yet"))

        refund_heard(api.pay(psp="adyen", amount=10_000).json(), 4_000, psp="adyen")
        find_overdue(at=now())

        assert Break.objects.get().closed_by == ""


class TestAnotherAmount:
    @pytest.mark.parametrize("changes", [{"gross": 9_000, "settled_gross": 9_000}, {"batch": "b"}])
    def test_a_line_that_says_something_else_under_its_name_is_no_repetition(
        self, api, apply, changes
    ):
        paid = api.pay(psp="stripe", amount=10_000).json()
        apply(capture_of(paid, reference="same", batch="a"))

        apply(capture_of(paid, reference="same", **{"batch": "a", **changes}))

        assert causes() == [Cause.DUPLICATE_LINE]
        assert holds()

    def test_a_refund_of_another_amount_does_not_explain_what_was_told_early(self, api, apply):
        apply(line("refund", -4_000, object="re_early", payment="pi_unknown_yet"))

        refund_heard(api.pay(psp="stripe", amount=10_000).json(), 3_000)
        find_overdue(at=now())

        assert Break.objects.get().closed_by == ""


class TestNoEvidence:
    """Of a payment whose outcome nobody knows."""

    def unknown(self, api, simulators, **more: Any) -> Attempt:
        simulators["stripe"].faults(next=["timeout_after"], hang_seconds=1)
        api.pay(psp="stripe", amount=10_000, **more)
        return Attempt.objects.get(outcome="unknown")

    def told(self, attempt: Attempt, gross: int = 10_000) -> dict[str, Any]:
        return line("capture", gross, object="pi_x", payment="pi_x", ours=attempt.public_id)

    @pytest.mark.parametrize(
        ("times", "gross", "livemode", "more"),
        [
            (1, 9_000, False, {}),
            (2, 10_000, False, {}),
            (1, 10_000, True, {}),
            (1, 10_000, False, {"capture_method": "manual"}),
        ],
        ids=["another amount", "two lines", "a live file", "a hold"],
    )
    def test_a_line_that_might_be_of_something_else_settles_no_payment(
        self, api, apply, simulators, times, gross, livemode, more
    ):
        attempt = self.unknown(api, simulators, **more)

        apply(*(self.told(attempt, gross) for _ in range(times)), livemode=livemode)

        attempt.refresh_from_db()
        assert attempt.outcome == "unknown"
        assert len(causes()) == times

    def test_a_line_of_another_amount_settles_no_refund(self, api, apply, simulators):
        paid = api.pay(psp="stripe", amount=10_000).json()
        simulators["stripe"].faults(next=["timeout_after"], hang_seconds=1)
        api.post("refunds", {"payment": paid["id"], "amount": 4_000})

        apply(line("refund", -3_000, object="re_x", ours=Refund.objects.get().public_id))

        assert Refund.objects.get().state == "pending"


class TestAtTheBank:
    @pytest.fixture
    def batch(self, api, apply):
        paid = api.pay(psp="stripe", amount=10_000).json()
        apply(capture_of(paid, batch="po_9"), line("settlement", -10_000, batch="po_9"))

    @pytest.mark.parametrize(
        ("says", "currency", "livemode"),
        [
            ("po_99", "USD", False),
            ("repo_9", "USD", False),
            ("po_9", "EUR", False),
            ("po_9", "USD", True),
        ],
    )
    def test_a_credit_that_is_named_or_paid_otherwise_is_not_the_batch(
        self, batch, apply, says, currency, livemode
    ):
        apply(line("settlement", 10_000, currency, ours=says), psp="bank", livemode=livemode)

        assert causes() == [Cause.MISSING_HERE]
        assert standing()["assets:bank:stripe"] == 10_000

    def test_a_batch_arrives_once(self, batch, apply):
        for _ in range(2):
            apply(line("settlement", 10_000, ours="po_9"), psp="bank")

        assert causes() == [Cause.MISSING_HERE]
        assert holds()

    def test_a_credit_that_names_two_batches_is_one_of_them(self, batch, api, apply):
        paid = api.pay(psp="stripe", amount=10_000).json()
        apply(capture_of(paid, batch="po_8"), line("settlement", -10_000, batch="po_8"))

        apply(line("settlement", 10_000, ours="po_8 po_9"), psp="bank")

        assert standing()["assets:bank:stripe"] == 10_000
        assert holds()

    def test_a_batch_is_not_missed_before_its_days_have_passed(self, batch, apply):
        apply(line("payout", 0), psp="bank")

        assert find_overdue(at=now()) == 0


def test_days_on_which_no_bank_works_are_not_counted():
    monday = datetime(2026, 11, 23, 12, tzinfo=UTC)

    assert [due_before(monday, days).day for days in (0, 1, 2, 6)] == [23, 20, 19, 13]
