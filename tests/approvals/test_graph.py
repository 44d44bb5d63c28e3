"""A request's graph is drawn twice, on the model and in the database; the two are one."""

import pytest
from django.db import connection

from paygate.approvals.models import Request, State, arrows


@pytest.mark.django_db
def test_the_database_knows_the_same_arrows_as_the_model():
    with connection.cursor() as cursor:
        cursor.execute("SELECT source, target FROM approval_request_arrows()")
        drawn = set(cursor.fetchall())

    assert drawn == arrows()


def test_nothing_leads_out_of_an_end():
    ends = {State.REJECTED, State.WITHDRAWN, State.DONE, State.FAILED}

    assert not [source for source, _ in arrows() if source in ends]


def test_a_state_cannot_be_assigned():
    with pytest.raises(AttributeError):
        Request().state = State.APPROVED


def test_every_transition_says_what_is_then_true_in_the_world():
    for change in Request._meta.get_field("state").get_all_transitions(Request):
        assert change.method.__doc__, change.name
