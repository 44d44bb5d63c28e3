"""A dispute's graph is drawn three times, on the model, in the database and in docs/house.md; they are one."""

import pytest
from django.db import connection
from django_fsm import TransitionNotAllowed

from disputes.models import STAGES, Dispute, Status, arrows
from paygate.psp.cases import Stage, Standing


@pytest.mark.django_db
def test_the_database_knows_the_same_arrows_as_the_model():
    with connection.cursor() as cursor:
        cursor.execute("SELECT source, target, in_a_further_stage FROM dispute_arrows()")
        drawn = set(cursor.fetchall())

    assert drawn == arrows()


def test_only_what_goes_back_needs_a_further_stage():
    order = [Status.NEEDS_RESPONSE, Status.UNDER_REVIEW, Status.WON, Status.LOST]
    decided = {Status.WON, Status.LOST}
    for source, target, again in arrows():
        back = order.index(target) < order.index(source) and not {source, target} <= decided
        assert again == back, (source, target)


def test_every_status_can_be_reached_from_the_first():
    assert {target for source, target, _ in arrows() if source == "needs_response"} | {
        "needs_response"
    } == set(Status.values)


def test_a_status_cannot_be_assigned():
    with pytest.raises(AttributeError):
        Dispute().status = Status.WON


def test_every_transition_says_what_is_then_true_in_the_world():
    for change in Dispute._meta.get_field("status").get_all_transitions(Dispute):
        assert change.method.__doc__, change.name


def test_what_waits_for_us_cannot_be_taken_up_again():
    with pytest.raises(TransitionNotAllowed):
        Dispute().take_up_again()


def test_statuses_and_stages_are_the_psps_standings_and_stages():
    assert set(Status.values) == {standing.value for standing in Standing}
    assert [stage.value for stage in Stage] == STAGES
