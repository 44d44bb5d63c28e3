"""What PSPs pay to our bank, and what our bank says of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from kernel.clock import now
from kernel.money import Money
from paygate.psp.events import Disbursed
from paygate.reconciliation.due import find_overdue
from paygate.reconciliation.hear import disbursed
from paygate.reconciliation.models import Break, Cause
from tests.proof.holds import holds
from tests.reconciliation.statements import capture_of, causes, line, refund_heard, standing


def test_a_batch_is_posted_to_those_whose_lines_it_pays_when_it_is_at_the_bank(
    api, another_merchant, client_for, apply
):
    one, two = (
        api.pay(psp="stripe", amount=10_000).json(),
        client_for(another_merchant).pay(psp="stripe", amount=5_000).json(),
    )
    apply(
        *(capture_of(paid, batch="po_9", fee=100) for paid in (one, two)),
        line("settlement", -14_800, batch="po_9"),
    )
    assert standing()["assets:bank:stripe"] == 14_800

    apply(line("settlement", 14_800, ours="STRIPE PAYOUT po_9"), psp="bank")

    assert causes() == []
    assert standing() == {"assets:bank:operating": 14_800, "expenses:psp:stripe:fees": 200}
    assert holds()


@pytest.mark.parametrize(
    ("paid", "came", "keys"), [(9_000, 9_000, 1), (9_900, 9_800, 1), (9_000, 8_000, 2)]
)
def test_a_batch_that_differs_from_its_lines_or_at_the_bank_is_a_break(
    api, apply, approve_all, paid, came, keys
):
    one = api.pay(psp="stripe", amount=10_000).json()
    apply(capture_of(one, batch="Eu.1:13+4", fee=100), line("settlement", -paid, batch="Eu.1:13+4"))

    apply(line("settlement", came, ours="Eu.1:13+4"), psp="bank")

    assert causes() == [Cause.AMOUNT] * keys
    assert holds()
    approve_all()
    assert standing()["assets:bank:operating"] == came
    assert "suspense:reconciliation" not in standing()
    assert "assets:bank:stripe" not in standing()
    assert holds()


def test_what_only_looks_like_a_batch_is_proposed_and_not_believed(api, apply, approve_all):
    one = api.pay(psp="stripe", amount=10_000).json()
    apply(capture_of(one, batch="po_9"), line("settlement", -10_000, batch="po_9"))

    apply(line("settlement", 10_000, ours="no reference at all"), psp="bank")

    [found] = Break.objects.all()
    assert found.evidence["ours"]["perhaps"] == "stripe po_9"
    assert standing()["assets:bank:stripe"] == 10_000
    approve_all()
    assert standing() == {"assets:bank:operating": 10_000}
    assert holds()


def test_what_a_psp_told_that_it_paid_and_no_bank_has_is_missed(api, apply):
    one = api.pay(psp="stripe", amount=10_000).json()
    apply(capture_of(one, batch="po_9"), line("settlement", -10_000, batch="po_9"))
    apply(line("payout", 0, booked_at=now() + timedelta(days=7)), psp="bank")

    assert find_overdue(at=now()) == 1
    assert Break.objects.get(cause="missing_there").key.endswith(":awaited")

    apply(line("settlement", 10_000, ours="po_9"), psp="bank")

    assert Break.objects.get(cause="missing_there").closed_by == "later_line"


def test_a_bank_that_writes_a_reference_in_its_own_way_is_understood_if_the_amount_is_right(
    api, apply
):
    one = api.pay(psp="stripe", amount=10_000).json()
    apply(
        capture_of(one, batch="PaygateECOM:134"),
        line("settlement", -10_000, batch="PaygateECOM:134"),
    )

    apply(line("settlement", 10_001, ours="TX78213 batch 134, PaygateECOM"), psp="bank")
    assert causes() == [Cause.MISSING_HERE]

    apply(line("settlement", 10_000, ours="TX78214 batch 134, PaygateECOM"), psp="bank")
    assert causes() == [Cause.MISSING_HERE]
    assert standing()["assets:bank:operating"] == 20_001
    assert holds()


def test_a_newer_version_of_a_file_whose_batch_has_arrived_is_posted_anew(api, apply):
    one, two = (api.pay(psp="stripe", amount=amount).json() for amount in (10_000, 2_000))
    paid = line("settlement", -12_000, batch="po_9")
    older = [capture_of(one, batch="po_9"), paid]
    apply(*older, identity="day 9")
    apply(line("settlement", 12_000, ours="po_9"), psp="bank")
    assert causes() == [Cause.AMOUNT]
    assert holds()

    apply(*older, capture_of(two, batch="po_9"), identity="day 9")

    assert standing() == {"assets:bank:operating": 12_000}
    assert [b.closed_by for b in Break.objects.all()] == ["newer_file"]
    assert holds()


def test_a_bank_that_books_before_the_psp_tells_is_understood_when_it_does(api, apply):
    paid = api.pay(psp="braintree", amount=10_000).json()
    apply(line("settlement", 10_000, ours="BRAINTREE paygate_usd 2026-11-07"), psp="bank")
    assert causes() == [Cause.MISSING_HERE]
    told = Disbursed("paygate_usd 2026-11-07", Money(10_000, "USD"), now())
    disbursed("braintree", told, livemode=False, now=now())

    apply(capture_of(paid, batch="paygate_usd 2026-11-07"), psp="braintree")

    assert Break.objects.get().closed_by == "later_line"
    assert standing() == {"assets:bank:operating": 10_000}
    assert holds()


def test_what_waited_in_our_own_book_is_the_merchants_at_the_bank_too(api, apply):
    one = api.pay(psp="stripe", amount=10_000).json()
    early = line("refund", -4_000, object="re_early", payment="pi_unknown_yet", batch="po_9")
    apply(capture_of(one, batch="po_9"), early, line("settlement", -6_000, batch="po_9"))
    apply(line("settlement", 6_000, ours="po_9"), psp="bank")
    refund_heard(one, 4_000, reference="re_early")

    find_overdue(at=now())

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT merchant_id FROM ledger_account a"
            " CROSS JOIN LATERAL ledger_balances(a.merchant_id, a.id) b"
            " WHERE (code LIKE 'assets:bank:%' OR code LIKE 'suspense:%') AND b.balance <> 0"
        )
        assert len(cursor.fetchall()) == 1
    assert holds()
