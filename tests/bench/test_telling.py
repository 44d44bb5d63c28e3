"""What the bench tells is what Stripe would tell, and of it a share twice."""

from __future__ import annotations

import json
from itertools import islice

import stripe

from bench.telling import Orders, events, intents

SECRET = "whsec_bench"


def orders(again: float) -> Orders:
    about = intents([("pay_1", "pi_1", 1000, "EUR"), ("pay_2", "pi_2", 2000, "USD")])
    return Orders("http://127.0.0.1:1", SECRET, about, again, clients=1, seconds=1.0)


def test_the_sdk_verifies_what_was_signed_by_hand() -> None:
    [ask] = islice(events(orders(0.0), 0), 1)
    head = dict(line.split(": ", 1) for line in ask.head.decode().split("\r\n")[1:] if line)

    assert stripe.WebhookSignature.verify_header(ask.body, head["Stripe-Signature"], SECRET)
    assert int(head["Content-Length"]) == len(ask.body)
    assert ask.head % b"key"  # drive() fills in one thing.


def test_a_share_is_told_again_and_the_rest_is_new() -> None:
    ids = [json.loads(ask.body)["id"] for ask in islice(events(orders(0.2), 0), 1000)]

    assert 150 < len(ids) - len(set(ids)) < 250
    assert len({json.loads(ask.body)["id"] for ask in islice(events(orders(0.0), 0), 99)}) == 99


def test_clients_tell_different_things() -> None:
    one, other = (
        {json.loads(ask.body)["id"] for ask in islice(events(orders(0.0), number), 50)}
        for number in range(2)
    )

    assert not one & other
