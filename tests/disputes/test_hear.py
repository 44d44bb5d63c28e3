"""What a PSP says of a case becomes a dispute, step by step."""

from dataclasses import replace

import pytest

from disputes.models import Case as CaseRow
from disputes.models import Dispute, Movement, Report, Round
from kernel.ids import decode
from kernel.money import Money
from kernel.outbox.models import OutboxEvent
from paygate.payments.models import Payment
from paygate.psp.cases import Reason
from paygate.psp.events import NotYet, Quarantined
from tests.disputes.conftest import DUE, Case, book, difference, disputed, reinstated, withdrawn
from tests.proof.holds import holds

pytestmark = pytest.mark.django_db
PSPS = ["stripe", "adyen", "braintree"]
FEE = 1500


def told(dispute):
    """The topics of the dispute's events, in order."""
    return list(
        OutboxEvent.objects.filter(subject=dispute.public_id)
        .order_by("sequence")
        .values_list("topic", flat=True)
    )


@pytest.fixture
def before(case, merchant):
    """A case, and the book as it stood before it."""
    one = case()
    return one, book(merchant.merchant.id)


def change(before, merchant):
    """What is different in the book."""
    return difference(before, book(merchant.merchant.id))


@pytest.mark.parametrize("psp", PSPS)
def test_a_case_opens_a_dispute_that_holds_the_money(case, psp):
    one = case(psp)

    dispute = one.heard("needs_response", withdrawn("txn_1"))

    assert (dispute.status, dispute.stage, dispute.amount) == ("needs_response", "chargeback", 1000)
    assert (dispute.reason, dispute.reason_code) == ("fraudulent", "10.4")
    assert dispute.evidence_due_by == DUE
    assert disputed(one.payment) == 1000
    assert told(dispute) == ["dispute.created", "dispute.funds_withdrawn"]
    assert holds()


def test_what_was_withdrawn_and_our_fee_are_set_aside(before, merchant):
    one, books = before
    one.heard("needs_response", withdrawn("txn_1"))

    assert change(books, merchant) == {
        "assets:psp:stripe:receivable": 1000,
        "assets:psp:stripe:disputed": -1000,
        "liabilities:merchant:available": -1000 - FEE,
        "liabilities:merchant:disputed": 1000,
        "income:fees:dispute": FEE,
    }


def test_what_is_won_comes_back_whole(before, merchant):
    one, books = before
    one.heard("needs_response", withdrawn("txn_1"))
    dispute = one.heard("won", reinstated("txn_2"), hours=1)

    assert dispute.status == "won"
    assert dispute.closed_at == dispute.reported_at
    assert change(books, merchant) == {}
    assert disputed(one.payment) == 0
    assert told(dispute)[2:] == ["dispute.won", "dispute.funds_reinstated"]


def test_what_is_lost_is_gone_and_the_payment_stays_held(before, merchant):
    one, books = before
    one.heard("needs_response", withdrawn("txn_1"))
    dispute = one.heard("lost", hours=1)

    assert dispute.status == "lost"
    assert disputed(one.payment) == 1000
    assert change(books, merchant) == {
        "assets:psp:stripe:receivable": 1000,
        "liabilities:merchant:available": -1000 - FEE,
        "income:fees:dispute": FEE,
    }
    assert holds()


def test_what_was_lost_and_comes_back_all_the_same_is_whole_again(before, merchant):
    one, books = before
    one.heard("needs_response", withdrawn("txn_1"))
    one.heard("lost", hours=1)
    dispute = one.heard("won", reinstated("txn_2"), hours=2)

    assert dispute.status == "won"
    assert change(books, merchant) == {}
    assert disputed(one.payment) == 0
    assert holds()


def test_a_loss_that_is_appealed_is_set_aside_once_more(before, merchant):
    one, books = before
    one.heard("needs_response", withdrawn("txn_1"))
    one.heard("lost", hours=1)
    dispute = one.heard("needs_response", hours=2, stage="pre_arbitration")
    assert change(books, merchant)["liabilities:merchant:disputed"] == 1000
    assert dispute.closed_at is None

    one.heard("lost", hours=3, stage="pre_arbitration")
    assert "liabilities:merchant:disputed" not in change(books, merchant)
    assert Round.objects.get().times_lost == 2
    assert holds()


def test_a_second_chargeback_takes_the_money_once_more(before, merchant):
    one, books = before
    one.heard("needs_response", withdrawn("txn_1"))
    one.heard("won", reinstated("txn_2"), hours=1)
    dispute = one.heard("needs_response", withdrawn("txn_3"), hours=2, stage="pre_arbitration")

    assert (dispute.status, dispute.stage) == ("needs_response", "pre_arbitration")
    assert disputed(one.payment) == 1000
    assert change(books, merchant)["liabilities:merchant:available"] == -1000 - FEE
    assert [(r.number, r.amount, r.returned) for r in Round.objects.all()] == [
        (1, 1000, 1000),
        (2, 1000, 0),
    ]
    assert told(dispute)[-2:] == ["dispute.updated", "dispute.funds_withdrawn"]
    assert holds()


def test_an_inquiry_moves_no_money(before, merchant):
    one, books = before
    dispute = one.heard("needs_response", stage="inquiry")
    one.heard("won", stage="inquiry", hours=1)

    assert dispute.stage == "inquiry"
    assert change(books, merchant) == {}
    assert disputed(one.payment) == 0
    assert told(dispute) == ["dispute.created", "dispute.won"]


def test_an_inquiry_that_escalates_is_the_same_dispute(case):
    one = case()
    one.heard("needs_response", stage="inquiry")
    one.heard("under_review", stage="inquiry", hours=1)
    dispute = one.heard("needs_response", withdrawn("txn_1"), hours=2)

    assert (dispute.stage, dispute.status) == ("chargeback", "needs_response")
    assert Dispute.objects.count() == 1


def test_the_psps_fee_is_booked_and_given_back(before, merchant):
    one, books = before
    one.heard("needs_response", withdrawn("txn_1", fee=1500))
    assert change(books, merchant)["expenses:psp:stripe:fees"] == -1500

    one.heard("won", reinstated("txn_2", fee=1500), hours=1)
    assert change(books, merchant) == {}


def test_a_reinstatement_heard_first_waits_for_its_withdrawal(before, merchant):
    one, books = before
    one.heard("won", reinstated("txn_2"), hours=1)
    assert change(books, merchant) == {}
    assert Movement.objects.count() == 1
    assert not Round.objects.exists()

    one.heard("needs_response", withdrawn("txn_1"))
    assert change(books, merchant) == {}
    assert Round.objects.get().returned == 1000
    assert disputed(one.payment) == 0
    assert holds()


def test_a_part_that_comes_back_leaves_the_rest_lost(before, merchant):
    one, books = before
    one.heard("needs_response", withdrawn("txn_1"))
    one.heard("won", reinstated("txn_2", 600), hours=1)

    assert disputed(one.payment) == 400
    assert change(books, merchant) == {
        "assets:psp:stripe:receivable": 400,
        "liabilities:merchant:available": -400,
    }
    assert holds()


def test_a_part_that_comes_back_after_the_loss_leaves_the_same(before, merchant):
    one, books = before
    one.heard("needs_response", withdrawn("txn_1"))
    one.heard("lost", hours=1)
    one.heard("won", reinstated("txn_2", 600), hours=2)

    assert change(books, merchant) == {
        "assets:psp:stripe:receivable": 400,
        "liabilities:merchant:available": -400,
    }
    assert holds()


def test_more_than_was_withdrawn_does_not_come_back(case, caplog):
    one = case()
    one.heard("needs_response", withdrawn("txn_1", 600))
    dispute = one.heard("won", reinstated("txn_2", 601), hours=1)

    assert (dispute.outstanding, disputed(one.payment)) == (600, 600)
    assert "dispute.reinstatement_waits" in caplog.text
    assert holds()


def test_two_disputes_of_one_payment_hold_what_both_took(case):
    one = case(amount=3000)
    other = Case(one.payment, "another")
    one.heard("needs_response", withdrawn("txn_1"))
    other.heard("needs_response", withdrawn("txn_2", 500), amount=500)
    assert disputed(one.payment) == 1500

    one.heard("won", reinstated("txn_3"), hours=1)
    assert disputed(one.payment) == 500
    assert holds()


def test_braintrees_pre_arbitration_is_the_next_round_of_the_same_dispute(case):
    one = case("braintree")
    one.heard("needs_response", withdrawn("a"))
    first = one.heard("won", reinstated("b"), hours=1)
    later = Case(one.payment, "case_later")
    dispute = later.heard(
        "needs_response", withdrawn("c"), hours=2, stage="pre_arbitration", continues=one.name
    )

    assert dispute.id == first.id == one.dispute.id
    assert dispute.psp_reference == "case_later"
    assert (dispute.status, dispute.stage) == ("needs_response", "pre_arbitration")
    # What is still said of the old case belongs to the dispute, and decides nothing any more.
    old_news = one.heard("won", hours=30)
    assert (old_news.status, old_news.psp_reference) == ("needs_response", "case_later")


def test_a_second_round_heard_before_the_first_is_one_dispute(case):
    one = case("braintree")
    later = Case(one.payment, "case_later")
    later.heard(
        "needs_response", withdrawn("c"), hours=2, stage="pre_arbitration", continues=one.name
    )
    dispute = one.heard("won", withdrawn("a"), reinstated("b"), hours=1)

    assert Dispute.objects.count() == 1
    assert (dispute.status, dispute.stage) == ("needs_response", "pre_arbitration")
    assert dispute.outstanding == disputed(one.payment) == 1000
    assert {row.psp_reference for row in CaseRow.objects.all()} == {one.name, "case_later"}
    assert holds()


def test_the_same_report_twice_changes_nothing(case):
    one = case()
    report = one.says("needs_response", withdrawn("txn_1"))
    one.hear(report)
    dispute = one.dispute

    assert one.hear(report) == f"{dispute.public_id}: heard before"
    assert (one.dispute.sequence, Report.objects.count()) == (dispute.sequence, 1)


def test_an_older_report_changes_nothing_but_is_kept(case):
    one = case()
    one.heard("needs_response")
    sequence = one.heard("under_review", withdrawn("txn_1"), hours=2).sequence
    dispute = one.heard("needs_response", hours=1.5, reason=Reason.GENERAL, evidence_due_by=None)

    assert (dispute.status, dispute.sequence) == ("under_review", sequence)
    assert Report.objects.count() == 3


def test_within_a_stage_an_answer_is_not_unsaid(case):
    one = case()
    one.heard("under_review")

    assert one.heard("needs_response", hours=5).status == "under_review"


def test_the_last_reason_that_says_something_counts(case):
    one = case()
    one.heard("needs_response", reason=Reason.NOT_RECEIVED, reason_code="13.1")
    dispute = one.heard("under_review", reason=Reason.GENERAL, reason_code="", hours=1)

    assert (dispute.reason, dispute.reason_code) == ("product_not_received", "13.1")


def test_nobody_pays_a_fee_in_a_currency_without_one(case, merchant):
    one = case(currency="SEK", psp="adyen", amount=1000)
    books = book(merchant.merchant.id)
    one.heard("needs_response", withdrawn("txn_1", currency="SEK"))

    assert change(books, merchant)["liabilities:merchant:available"] == -1000


# ------------------------------------------------------------------------------ what is not believed


def refused(one, report, **more):
    with pytest.raises(Quarantined):
        one.hear(report, **more)
    assert not Report.objects.filter(psp_reference=report.case, said_at=report.at).exists()


def test_another_currency_is_for_a_person(case):
    one = case()
    refused(one, one.says("needs_response", withdrawn("t", currency="EUR")))
    refused(one, replace(one.says(), amount=Money(1000, "EUR")))


def test_more_than_was_taken_is_for_a_person(case):
    one = case()
    refused(one, one.says(amount=1001))
    refused(one, one.says("needs_response", withdrawn("t", 1001)))


def test_nothing_is_not_in_dispute(case):
    one = case()
    refused(one, replace(one.says(), amount=Money(0, "USD")))


def test_a_fee_in_another_currency_is_for_a_person(case):
    one = case()
    movement = replace(withdrawn("t"), fee=Money(5, "EUR"))
    refused(one, one.says("needs_response", movement))


def test_a_payment_that_we_do_not_know_may_be_known_in_a_moment(case):
    one = case()
    with pytest.raises(NotYet):
        one.hear(one.says(payment="", psp_reference="pi_nobody"))
    assert Dispute.objects.count() == 0


def test_another_psps_or_modes_payment_is_for_a_person(case):
    one = case()
    with pytest.raises(Quarantined):
        one.hear(one.says(), livemode=True)


def test_a_case_that_names_another_payment_than_before_is_for_a_person(case):
    one, other = case(), case()
    one.heard("needs_response")
    report = Case(other.payment, one.name).says(hours=1)
    refused(one, report)
    assert one.dispute.payment_id == decode("pay", one.payment["id"])


def test_a_case_that_joins_two_disputes_is_for_a_person(case):
    one = case()
    other = Case(one.payment, "case_other")
    one.heard("needs_response")
    other.heard("needs_response")

    refused(one, other.says(hours=1, stage="pre_arbitration", continues=one.name))


@pytest.mark.parametrize(
    "again", [withdrawn("txn_1", 999), withdrawn("txn_1", fee=1), reinstated("txn_1")]
)
def test_a_movement_that_is_told_otherwise_is_for_a_person(case, again):
    one = case()
    one.heard("needs_response", withdrawn("txn_1"))
    refused(one, one.says("under_review", again, hours=1))
    assert holds()


def test_a_movement_of_another_dispute_is_for_a_person(case):
    one, other = case(), case()
    one.heard("needs_response", withdrawn("txn_1"))
    refused(other, other.says("needs_response", withdrawn("txn_1")))
    assert not Dispute.objects.filter(cases__psp_reference=other.name).exists()


def test_a_dispute_of_what_is_still_being_taken_is_heard_later(case, api, simulators, settings):
    settings.OUTCOME_PATIENCE = 0.1
    one = case()
    simulators["stripe"].faults(next=["timeout_after"], hang_seconds=1)
    early = api.pay(psp="stripe").json()
    assert early["status"] == "processing"
    report = Case(early | {"psp_reference": ""}, "case_early").says()

    with pytest.raises(NotYet):
        one.hear(report)


def test_what_a_dispute_holds_cannot_be_refunded(case, api):
    one = case()
    one.heard("needs_response", withdrawn("txn_1"))

    reply = api.post("refunds", {"payment": one.payment["id"], "amount": 1})

    assert reply.status_code == 409
    assert Payment.objects.get().amount_refund_pending == 0
