"""The join of reports and the books that follow from it, without a database: thousands of orders."""

from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disputes.books import Books, waiting
from disputes.join import join
from disputes.models import STAGES, Dispute, Movement, Report, Status, arrows
from kernel.ids import uuid7
from ledger.transaction import Side
from paygate.psp.cases import Direction
from tests.disputes.conftest import Case, reinstated, withdrawn
from tests.disputes.lifecycles import TELLERS, lives

WHOSE = uuid7()


def case(psp="stripe"):
    payment = {"id": "pay_1", "psp": psp, "psp_reference": "pi_1", "currency": "USD"}
    return Case(payment)


def report(said):
    return Report(
        digest=sha256(repr(said).encode()).digest(),
        psp_reference=said.case,
        continues=said.continues,
        said_at=said.at,
        stage=said.stage.value,
        standing=said.standing.value,
        amount=said.amount.minor,
        reason=said.reason.value,
        reason_code=said.reason_code,
        evidence_due_by=said.evidence_due_by,
    )


def joined(*said):
    return join([report(one) for one in said])


class Believer:
    """Hears reports one by one, as disputes.follow does, and keeps what every way of hearing must agree on."""

    def __init__(self):
        self.dispute = Dispute(
            merchant_id=WHOSE, livemode=False, psp="stripe", currency="USD", fee=1500
        )
        self.dispute.stage = None
        self.books = Books(self.dispute, [])
        self.heard, self.movements = {}, {}
        self.lawful = True

    def hear(self, said):
        self.heard.setdefault(repr(said), report(said))
        fresh = []
        for movement in said.movements:
            if movement.id not in self.movements:
                row = Movement(
                    psp_reference=movement.id,
                    direction=movement.direction,
                    amount=movement.amount.minor,
                    fee=movement.fee.minor,
                )
                self.movements[movement.id] = row
                fresh.append(row)
        found = join(list(self.heard.values()))
        self._move(found)
        self.books.withdraw([row for row in fresh if row.direction == Direction.WITHDRAWN])
        self.books.reinstate(waiting(self.movements.values(), self.books.rounds))
        self.books.conclude()

    def _move(self, found):
        if self.dispute.stage is not None:
            further = STAGES.index(found.stage) - STAGES.index(self.dispute.stage)
            ways = {(a, b) for a, b, again in arrows() if further > 0 or not again}
            was = self.dispute.status
            self.lawful &= further >= 0 and (was == found.status or (was, found.status) in ways)
        self.dispute.stage = found.stage
        self.dispute.__dict__["status"] = found.status  # Protected, and not what is tried here.

    @property
    def balances(self):
        found = Counter()
        for item in self.books.transactions:
            for entry in item.entries:
                sign = 1 if entry.type is Side.CREDIT else -1
                found[entry.account] += sign * entry.amount.minor
        return {account: balance for account, balance in found.items() if balance}

    @property
    def posted_once(self):
        names = [(item.kind, item.source) for item in self.books.transactions]
        return len(set(names)) == len(names)


def believed(reports):
    believer = Believer()
    for said in reports:
        believer.hear(said)
    assert believer.lawful
    assert believer.posted_once
    return join(list(believer.heard.values())), believer.books.outstanding, believer.balances


@pytest.mark.parametrize("psp", list(TELLERS))
@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_any_order_and_repetition_makes_the_same_dispute_by_lawful_steps(psp, data):
    life = data.draw(lives(case(psp)))
    there = believed(life.reports)
    assert (there[0].stage, there[0].status, there[1]) == (
        life.stage,
        life.status,
        life.outstanding,
    )

    again = data.draw(st.lists(st.sampled_from(life.reports), max_size=4))
    assert believed(data.draw(st.permutations([*life.reports, *again]))) == there


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_even_what_no_psp_would_say_ends_the_same_in_any_order(data):
    said = data.draw(
        st.lists(
            st.builds(
                lambda standing, stage, hours, moved: case().says(
                    standing, *moved, stage=stage, hours=hours
                ),
                st.sampled_from(Status.values),
                st.sampled_from(STAGES),
                st.integers(0, 3),
                st.lists(
                    st.sampled_from(
                        [withdrawn("w1"), withdrawn("w2"), reinstated("r1"), reinstated("r2")]
                    ),
                    max_size=2,
                    unique=True,
                ),
            ),
            min_size=1,
            max_size=7,
        )
    )
    assert believed(data.draw(st.permutations(said))) == believed(said)


def test_of_two_reports_of_one_second_the_further_is_the_later():
    first = case().says("needs_response", hours=1)
    second = case().says("under_review", hours=1)

    assert joined(first, second).status == joined(second, first).status == "under_review"


def test_a_decision_holds_since_it_was_first_said():
    won = joined(
        case().says("lost", hours=1), case().says("won", hours=2), case().says("won", hours=9)
    )

    assert won.closed_at == case().says(hours=2).at


def test_what_was_decided_in_an_earlier_stage_does_not_count_in_a_later_one():
    found = joined(
        case().says("won", hours=1), case().says("needs_response", stage="pre_arbitration", hours=2)
    )

    assert (found.stage, found.status, found.closed_at) == (
        "pre_arbitration",
        "needs_response",
        None,
    )


def test_a_case_never_goes_back_to_an_earlier_stage():
    found = joined(
        case().says("lost", stage="pre_arbitration", hours=1), case().says("won", hours=2)
    )

    # However late it is said: of an earlier stage nothing decides any more. Clocks may differ.
    assert (found.stage, found.status) == ("pre_arbitration", "lost")


def test_the_date_of_an_earlier_stage_is_not_that_of_a_later_one():
    early = case().says("needs_response", stage="inquiry")
    late = case().says("needs_response", hours=2, evidence_due_by=None)

    assert joined(early, late).evidence_due_by is None


def test_cases_that_continue_each_other_in_a_circle_still_end():
    one = case().says("won", continues="b", case="a")
    other = case().says("lost", continues="a", case="b", hours=1)

    assert joined(one, other) == joined(other, one)
