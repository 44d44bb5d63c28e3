"""In whatever order, and however often, what a PSP says of a dispute is heard: it ends the same."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disputes.models import Dispute, Movement, Round
from paygate.payments.models import Payment
from tests.disputes.conftest import book
from tests.disputes.lifecycles import lives
from tests.proof.holds import holds

pytestmark = pytest.mark.django_db

PSPS = ["stripe", "adyen", "braintree"]
UNTOLD = {"id", "sequence", "created_at", "updated_at", "reminders", "submitted_at"}


def outcome(one, merchant_id):
    """All that must not depend on the order: the dispute, its payment, its money and its books."""
    dispute = Dispute.objects.get()
    return {
        "dispute": {
            field.attname: getattr(dispute, field.attname)
            for field in Dispute._meta.concrete_fields
            if field.attname not in UNTOLD
        },
        "payment": Payment.objects.get().amount_disputed,
        "movements": set(Movement.objects.values_list("psp_reference", "amount", "fee")),
        "rounds": sorted(Round.objects.values_list("amount", "returned", "fee")),
        "books": book(merchant_id),
    }


def heard(one, reports, merchant_id):
    """What comes of hearing these; then nothing of it ever was."""
    with transaction.atomic():
        for report in reports:
            one.hear(report)
        found = outcome(one, merchant_id)
        assert holds()
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("psp", PSPS)
def test_any_permutation_with_any_repetition_ends_the_same(case, merchant, psp):
    one = case(psp)
    merchant_id = merchant.merchant.id

    @given(st.data())
    @settings(
        max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    def check(data):
        life = data.draw(lives(one))
        in_order = heard(one, life.reports, merchant_id)
        assert in_order["dispute"]["stage"] == life.stage
        assert in_order["dispute"]["status"] == life.status
        assert in_order["payment"] == life.outstanding
        assert len(in_order["rounds"]) == life.rounds

        again = data.draw(st.lists(st.sampled_from(life.reports), max_size=4))
        shuffled = data.draw(st.permutations([*life.reports, *again]))
        assert heard(one, shuffled, merchant_id) == in_order

    check()


@pytest.mark.parametrize("psp", PSPS)
def test_any_part_of_what_was_said_ends_the_same_in_any_order(case, merchant, psp):
    """Also while the rest is still to come, or lost."""
    one = case(psp)
    merchant_id = merchant.merchant.id

    @given(st.data())
    @settings(
        max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    def check(data):
        life = data.draw(lives(one))
        part = data.draw(st.lists(st.sampled_from(life.reports), min_size=1, unique_by=id))
        there = heard(one, part, merchant_id)
        back = heard(one, data.draw(st.permutations(part)), merchant_id)
        assert back == there

    check()
