"""Events become notices: one for each endpoint that wants them, however often they are told."""

import pytest
from django.db import IntegrityError, connection, transaction

from disputes.join import DECIDED
from kernel.clock import now
from merchants.models import Notice
from merchants.notices.disable import Reason, disable
from merchants.notices.hear import hear
from merchants.notices.register import remove
from merchants.notices.topics import PATTERNS, TEST, is_public, patterns_of, wanted
from paygate.payments.models import RefundState, State

pytestmark = pytest.mark.django_db


def noticed(registered):
    rows = Notice.objects.filter(webhook_endpoint_id=registered.endpoint.id)
    return sorted(rows.values_list("topic", "sequence"))


def test_each_endpoint_hears_what_it_asked_for(listens, happens):
    everything = listens("/all")
    payments = listens("/payments", enabled_events=["payment.*"])
    captures = listens("/captures", enabled_events=["payment.captured", "refund.failed"])
    happens("pay_a", 1, topic="payment.created")
    happens("pay_a", 2, topic="payment.captured")
    happens("re_a", 1, topic="refund.created")

    assert noticed(everything) == [
        ("payment.captured", 2),
        ("payment.created", 1),
        ("refund.created", 1),
    ]
    assert noticed(payments) == [("payment.captured", 2), ("payment.created", 1)]
    assert noticed(captures) == [("payment.captured", 2)]


def test_an_event_told_again_and_again_is_noticed_once(listens, happens):
    endpoint = listens()
    events = happens("pay_a", 1, 2)
    for _ in range(3):
        assert list(hear(events)) == []

    assert len(noticed(endpoint)) == 2


def test_what_is_told_again_with_more_behind_it_keeps_its_order(listens, happens):
    listens()
    told = happens("pay_a", 1)
    Notice.objects.update(status="delivered", next_try_at=None, finished_at=now())
    fresh = happens("pay_a", 2, 3, told=False)
    hear([*told, *fresh])

    tried = Notice.objects.filter(next_try_at__isnull=False).values_list("sequence", flat=True)
    assert list(tried) == [2]


def test_of_one_object_only_the_first_is_tried_and_of_others_theirs(listens, happens):
    listens("/one")
    listens("/two")
    happens("pay_a", 1)
    happens("pay_a", 2, 3)
    happens("pay_b", 1, 2)

    tried = Notice.objects.filter(next_try_at__isnull=False).values_list("subject", "sequence")
    assert sorted(tried) == [("pay_a", 1)] * 2 + [("pay_b", 1)] * 2
    assert Notice.objects.count() == 10


def test_the_database_lets_nobody_try_two_of_one_object_at_a_time(listens, happens):
    listens()
    happens("pay_a", 1, 2)

    with pytest.raises(IntegrityError, match="notice_one_at_a_time"), transaction.atomic():
        Notice.objects.update(next_try_at=now())


def test_nobody_hears_of_anothers_or_of_the_other_mode(
    listens, happens, merchant, another_merchant
):
    ours, theirs = listens("/ours"), listens("/theirs", whose=another_merchant)
    happens("pay_a", 1)
    happens("pay_b", 2, livemode=True)

    assert noticed(ours) == [("payment.captured", 1)]
    assert noticed(theirs) == []


def test_disabled_and_deleted_endpoints_hear_nothing(listens, happens, merchant):
    disabled, deleted, enabled = listens("/1"), listens("/2"), listens("/3")
    disable(merchant.merchant.id, disabled.endpoint.id, reason=Reason.REQUESTED, at=now())
    remove(merchant.merchant.id, deleted.endpoint.public_id, livemode=False, at=now())
    happens("pay_a", 1)

    assert [len(noticed(one)) for one in (disabled, deleted, enabled)] == [0, 0, 1]


def test_what_is_not_public_is_not_told(listens, happens):
    endpoint = listens()
    happens("key_a", 1, topic="api_key.rolled")
    happens("we_a", 1, topic=TEST)  # Sent to one endpoint by whoever made it, and not by the relay.

    assert noticed(endpoint) == []


def test_a_batch_costs_one_look_and_one_round_trip_more_where_somebody_listens(
    listens, happens, django_assert_num_queries
):
    events = happens("pay_a", *range(1, 50), told=False)
    with django_assert_num_queries(1):
        hear(events)
    assert not Notice.objects.exists()

    listens()
    with django_assert_num_queries(2):
        hear(events)
    assert Notice.objects.count() == 49


def test_an_endpoint_registered_a_moment_ago_hears_already(listens, happens):
    happens("pay_a", 1)  # Nothing is remembered of there having been none.
    endpoint = listens()
    happens("pay_a", 2)

    assert noticed(endpoint) == [("payment.captured", 2)]


@pytest.mark.parametrize(
    "topic, patterns, expected",
    [
        ("payment.captured", ["*"], True),
        ("payment.captured", ["payment.*"], True),
        ("payment.captured", ["payment.captured"], True),
        ("payment.captured", ["payment.failed", "refund.*"], False),
        ("payment.brand_new", ["payment.*"], True),
        ("payment_method.bound", ["*"], False),
        (TEST, ["*"], False),
    ],
)
def test_patterns_ask_for_topics(topic, patterns, expected):
    assert wanted(topic, patterns) is expected


def test_every_pattern_is_asked_for_by_something():
    exact = {pattern for pattern in PATTERNS if not pattern.endswith("*")}

    assert all(is_public(topic) for topic in exact)
    assert set().union(*map(patterns_of, exact)) == PATTERNS


def test_what_becomes_of_payments_refunds_and_disputes_can_be_asked_for_by_name():
    topics = [f"payment.{state}" for state in State]
    topics += [f"refund.{state}" for state in RefundState if state != RefundState.PENDING]
    topics += [f"dispute.{status}" for status in DECIDED]

    assert set(topics) <= PATTERNS


@pytest.mark.parametrize(
    "change",
    [
        "SET subject = 'pay_z'",
        "SET sequence = 9",
        "SET event_id = gen_random_uuid()",
        "SET attempts = attempts - 1",
        "SET body = 'another'",
        "SET body = NULL",
    ],
)
def test_what_a_notice_tells_cannot_be_changed(listens, happens, change):
    listens()
    happens("pay_a", 1)
    Notice.objects.update(body="as it was sent", attempts=1)

    with (
        pytest.raises(Exception, match="tells what it told"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE notice {change}")
