"""What two people decided of an unknown and the PSP's file tells otherwise later is a break, and the books hold."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile

from kernel.clock import now
from paygate.approvals.decide import approve
from paygate.approvals.models import State
from paygate.payments.models import Attempt, Payment, Refund
from paygate.payments.verdict import ask_for_verdict
from paygate.reconciliation.due import find_overdue
from paygate.reconciliation.models import Cause
from tests.proof.holds import holds
from tests.reconciliation.statements import capture_of, causes, line


@pytest.fixture(autouse=True)
def people(db, settings, tmp_path):
    settings.OUTCOME_PATIENCE = 0.1
    settings.STORAGES["evidence"]["OPTIONS"]["location"] = str(tmp_path)
    storages._storages.clear()
    for login in ("lena", "grace"):
        User.objects.create_user(login).groups.add(Group.objects.get(name="finance lead"))


@pytest.fixture
def decided(api, simulators):
    """A charge, or a refund of one, of which nobody heard; and what two people said it was."""

    def build(*, executed, refund=0):
        paid = api.pay(psp="stripe", amount=10_000).json() if refund else None
        simulators["stripe"].faults(next=["timeout_after"], hang_seconds=1)
        if refund:
            api.post("refunds", {"payment": paid["id"], "amount": refund})
        else:
            api.pay(psp="stripe", amount=10_000)
        attempt = Attempt.objects.get(outcome="unknown")
        request = ask_for_verdict(
            attempt,
            executed=executed,
            psp_reference="ref_decided" if executed else "",
            document=SimpleUploadedFile("letter.pdf", b"%PDF-1.7 x"),
            by="lena",
            because="their support wrote",
            key="k",
            at=now(),
        )
        assert approve(request, by="grace", because="read it", at=now()).state == State.DONE
        return Attempt.objects.get(id=attempt.id), paid

    return build


def test_a_charge_that_was_not_executed_and_was_settled_is_a_break(decided, apply, approve_all):
    attempt, _ = decided(executed=False)

    apply(line("capture", 10_000, object="pi_x", payment="pi_x", ours=attempt.public_id))

    assert causes() == [Cause.MISSING_HERE]
    assert Payment.objects.get().amount_captured == 0
    assert holds()
    approve_all()
    assert holds()


@pytest.mark.parametrize("amount", [10_000, 9_000])
def test_a_charge_that_was_executed_is_settled_by_its_line_or_is_a_break(
    decided, apply, approve_all, amount
):
    decided(executed=True)

    apply(line("capture", amount, object="ref_decided", payment="ref_decided"))

    assert causes() == ([] if amount == 10_000 else [Cause.AMOUNT])
    assert holds()
    approve_all()
    assert holds()


def test_a_charge_is_settled_once_where_the_file_has_another_reference_and_then_that_one(
    decided, apply, approve_all
):
    attempt, _ = decided(executed=True)

    apply(line("capture", 10_000, object="pi_other", payment="pi_other", ours=attempt.public_id))
    assert causes() == [Cause.MISSING_HERE]
    assert holds()
    apply(line("capture", 10_000, object="ref_decided", payment="ref_decided"))
    assert causes() == [Cause.MISSING_HERE]
    approve_all()
    assert holds()


def test_a_charge_that_was_said_to_be_executed_and_is_never_settled_is_missing(
    decided, apply, approve_all
):
    decided(executed=True)

    apply(line("fee", -100, booked_at=now() + timedelta(days=7)))

    assert find_overdue(at=now()) == 1
    assert causes() == [Cause.MISSING_THERE]
    approve_all()
    assert holds()


def test_a_refund_that_was_not_executed_and_was_settled_is_a_break(decided, apply, approve_all):
    _, paid = decided(executed=False, refund=4_000)
    refund = Refund.objects.get()

    apply(
        capture_of(paid),
        line("refund", -4_000, object="re_x", payment=paid["psp_reference"], ours=refund.public_id),
    )

    assert causes() == [Cause.REFUNDED_IN_DASHBOARD]
    assert Refund.objects.get().state == "failed"
    assert holds()
    approve_all()
    assert Payment.objects.get().amount_refunded == 4_000
    assert holds()


def test_a_refund_that_was_executed_is_settled_by_its_line(decided, apply, approve_all):
    _, paid = decided(executed=True, refund=4_000)
    refund = Refund.objects.get()

    apply(
        capture_of(paid),
        line(
            "refund",
            -4_000,
            object="ref_decided",
            payment=paid["psp_reference"],
            ours=refund.public_id,
        ),
    )

    assert causes() == []
    assert holds()
