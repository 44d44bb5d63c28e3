"""While a request waits for its outcome it holds nothing that others need."""

import threading

import pytest
import redis

from tests.stories.conftest import at_once, until

pytestmark = pytest.mark.stack

POOL = 4  # Connections that the web process has in this stack.


@pytest.fixture
def crowd(running):
    """More requests waiting for a PSP that hangs than the web process has connections."""
    redis.Redis.from_url(
        running.stack.redis_url
    ).flushall()  # Earlier crowds have made the PSP look ill.
    running.faults(probabilities={"timeout_after": 1.0}, seed=1, hang_seconds=2)
    replies = []
    waiting = threading.Thread(
        target=lambda: replies.extend(at_once(4 * POOL, lambda _: running.pay()))
    )
    waiting.start()
    until(
        lambda: (
            len(running.query("SELECT FROM payment_attempt WHERE finished_at IS NULL")) >= 2 * POOL
        )
    )
    yield replies
    running.faults()
    waiting.join()


def test_waiting_requests_hold_no_transaction_and_no_connection(running, crowd):
    held = running.query(
        "SELECT pid, query FROM pg_stat_activity"
        " WHERE datname = 'paygate' AND state LIKE 'idle in transaction%'"
        " AND state_change < now() - interval '0.3 s'"
    )
    assert held == []
    assert running.pay(psp="adyen").status_code == 201
    assert crowd == []  # All of them still wait, and another PSP's payment has gone through.


def test_a_slow_psp_slows_only_itself(running, crowd):
    assert [running.pay(psp=psp).status_code for psp in ("adyen", "braintree")] == [201, 201]


def test_a_client_that_does_not_wait_is_answered_while_the_psp_hangs(running, crowd):
    reply = running.pay(headers={"Prefer": "respond-async"})

    assert reply.status_code == 202
    assert reply.json()["status"] == "processing"
