"""Thirty at once with one key: one charge, whatever happens to Redis meanwhile."""

import pytest
import redis

from tests.stories.conftest import at_once, until

pytestmark = pytest.mark.stack


def named(reply):
    """The payment that a reply names, be it the payment or an error about it."""
    body = reply.json()
    return body["id"] if "id" in body else body["error"]["payment"]


def test_thirty_simultaneous_requests_with_one_key_make_one_charge(running):
    replies = at_once(30, lambda _: running.pay("thirty"))

    assert {reply.status_code for reply in replies} <= {201, 409}
    assert len({named(reply) for reply in replies}) == 1
    payment = named(replies[0])
    assert running.followed(payment)["status"] == "captured"
    assert running.books(payment) == [("authorized", 1000), ("captured", 1000)]
    assert len({reply.content for reply in replies if reply.status_code == 201}) == 1


def test_thirty_more_after_a_redis_flush_get_the_same_bytes(running):
    first = running.pay("flushed")
    redis.Redis.from_url(running.stack.redis_url).flushall()

    replies = at_once(30, lambda _: running.pay("flushed"))

    assert {(reply.status_code, reply.content) for reply in replies} == {(201, first.content)}
    assert running.books(named(first)) == [("authorized", 1000), ("captured", 1000)]


def test_payments_go_through_right_after_a_flush(running):
    redis.Redis.from_url(running.stack.redis_url).flushall()

    assert [running.pay(psp=psp).status_code for psp in running.stack.simulators] == [201] * 3


def test_without_redis_the_answers_are_the_same(running):
    before = running.pid("redis")
    first = running.pay("before it went")
    running.stack.processes.kill("redis")

    replies = at_once(8, lambda number: running.pay(f"while it is gone {number % 2}"))

    assert running.pay("before it went").content == first.content
    assert {reply.status_code for reply in replies} <= {201, 202, 409}
    payments = {named(reply) for reply in replies}
    assert len(payments) == 2
    for payment in payments:
        assert running.followed(payment)["status"] == "captured"
        assert running.books(payment) == [("authorized", 1000), ("captured", 1000)]
    running.is_back("redis", before)
    until(lambda: running.pay().status_code == 201)
