"""A payment's graph is drawn twice, on the model and in the database; the two are one."""

import pytest
from django.db import connection
from django_fsm import TransitionNotAllowed

from paygate.payments.models import Payment, Refund, RefundState, State, arrows


@pytest.mark.django_db
def test_the_database_knows_the_same_arrows_as_the_model():
    with connection.cursor() as cursor:
        cursor.execute("SELECT source, target FROM payment_arrows()")
        drawn = set(cursor.fetchall())

    assert drawn == arrows()


@pytest.mark.django_db
def test_the_database_knows_the_same_arrows_of_refunds():
    with connection.cursor() as cursor:
        cursor.execute("SELECT source, target FROM refund_arrows()")
        drawn = set(cursor.fetchall())

    assert drawn == arrows(Refund)


def test_only_the_psp_taking_back_a_capture_leads_out_of_an_end():
    ends = {State.CAPTURED, State.FAILED, State.CANCELED, State.EXPIRED}
    leaving = {(source, target) for source, target in arrows() if source in ends}

    assert leaving == {(State.CAPTURED, State.FAILED), (State.FAILED, State.CAPTURED)}


def test_what_is_not_given_back_stays_so():
    ends = {RefundState.FAILED, RefundState.CANCELED}

    assert not [source for source, _ in arrows(Refund) if source in ends]


def test_every_state_can_be_reached():
    reached, border = {State.CREATED}, {State.CREATED}
    while border:
        border = {State(to) for frm, to in arrows() if frm in border} - reached
        reached |= border

    assert reached == set(State)


def test_a_state_cannot_be_assigned():
    with pytest.raises(AttributeError):
        Payment(sequence=1).state = State.CAPTURED


def test_every_transition_says_what_is_then_true_in_the_world():
    for change in Payment._meta.get_field("state").get_all_transitions(Payment):
        assert change.method.__doc__, change.name


def test_what_was_never_held_cannot_be_taken():
    with pytest.raises(TransitionNotAllowed):
        Payment(sequence=1).take()
