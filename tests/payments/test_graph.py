"""A payment's graph is drawn twice, on the model and in the database; the two are one."""

import pytest
from django.db import connection
from django_fsm import TransitionNotAllowed

from paygate.payments.models import Payment, State, arrows, terminal


@pytest.mark.django_db
def test_the_database_knows_the_same_arrows_as_the_model():
    with connection.cursor() as cursor:
        cursor.execute("SELECT source, target FROM payment_arrows()")
        drawn = set(cursor.fetchall())

    assert drawn == arrows()


def test_no_arrow_leaves_a_terminal_state():
    assert not [source for source, _ in arrows() if terminal(source)]


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
