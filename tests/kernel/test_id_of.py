"""The database reads public ids as we do."""

from __future__ import annotations

import pytest

from kernel.db import call
from kernel.ids import encode, uuid7

pytestmark = pytest.mark.django_db


def test_the_database_reads_what_we_write():
    ids = [uuid7() for _ in range(20)]

    assert [call("id_of", encode("att", id_))[0][0] for id_ in ids] == ids


@pytest.mark.parametrize(
    "text", ["", "att_", "att_01", "pay_u1m87yzt3fed3rkew03t8w56v1", "01m87yzt3f"]
)
def test_what_is_no_id_is_none(text):
    assert call("id_of", text) == [(None,)]
