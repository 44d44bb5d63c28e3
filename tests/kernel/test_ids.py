"""Ids sort by time, in the database and as text, and are read back exactly or not at all."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.ids import InvalidId, decode, encode, moment, uuid7


@given(st.uuids())
def test_what_is_encoded_is_decoded_again(id_):
    assert decode("pay", encode("pay", id_)) == id_


@given(st.uuids(), st.uuids())
def test_the_text_sorts_as_the_uuid_does(one, other):
    assert (encode("pay", one) < encode("pay", other)) == (one < other)


@given(st.text(max_size=40))
def test_text_is_refused_or_is_exactly_what_would_be_written(text):
    try:
        id_ = decode("pay", text)
    except InvalidId:
        return
    assert encode("pay", id_) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pay",
        "pay_",
        "re_01k9z3ek8gf8s9q7v6w5x4y3z2",  # Another kind.
        "pay_01k9z3ek8gf8s9q7v6w5x4y3z",  # A letter short.
        "pay_01k9z3ek8gf8s9q7v6w5x4y3z22",
        "pay_81k9z3ek8gf8s9q7v6w5x4y3z2",  # More than 128 bits.
        "pay_01k9z3ek8gf8s9q7v6w5x4y3zl",  # No l in the alphabet.
        "PAY_01K9Z3EK8GF8S9Q7V6W5X4Y3Z2",
        "pay_01k9z3ek8gf8s9q7v6w5x4y3z2\n",
    ],
)
def test_what_encode_does_not_write_is_refused(text):
    with pytest.raises(InvalidId):
        decode("pay", text)


def test_ids_of_one_process_strictly_increase_from_many_threads():
    made: list[list[UUID]] = [[] for _ in range(4)]

    def make(mine: list[UUID]) -> None:
        mine += [uuid7() for _ in range(2_000)]

    threads = [threading.Thread(target=make, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(mine == sorted(mine) for mine in made)
    assert len({id_ for mine in made for id_ in mine}) == 8_000


def test_an_id_is_a_uuid_of_version_7_and_tells_its_moment():
    before = datetime.now(UTC)
    id_ = uuid7()

    assert (id_.version, id_.variant) == (7, "specified in RFC 4122")
    assert abs(moment(id_) - before) < timedelta(seconds=60)
