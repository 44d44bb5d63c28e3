"""Sealed values open in their own row, under any key in use, and nowhere else."""

import base64
import os

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import ImproperlyConfigured
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kernel.ids import uuid7
from kernel.sealed import UnableToUnseal, is_newest, read_key, seal, unseal

ROW = uuid7()


def a_key():
    return base64.b64encode(os.urandom(32)).decode()


@given(plain=st.binary(max_size=200))
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_sealed_opens_again(plain):
    assert unseal(seal(plain, table="t", row=ROW), table="t", row=ROW) == plain


def test_a_memoryview_from_the_database_opens_as_well():
    assert unseal(memoryview(seal(b"s", table="t", row=ROW)), table="t", row=ROW) == b"s"


def test_nothing_of_it_can_be_read_and_no_two_seals_are_alike():
    one, two = (seal(b"a secret of ours", table="t", row=ROW) for _ in range(2))

    assert b"secret" not in one + two
    assert one[4:] != two[4:]


@pytest.mark.parametrize("place", [{"table": "t", "row": uuid7()}, {"table": "u", "row": ROW}])
def test_moved_to_another_row_or_table_it_does_not_open(place):
    sealed = seal(b"s", table="t", row=ROW)

    with pytest.raises(UnableToUnseal):
        unseal(sealed, **place)


def test_no_byte_of_it_can_be_changed():
    sealed = seal(b"a secret", table="t", row=ROW)

    for place in range(len(sealed)):
        tampered = bytes([*sealed[:place], sealed[place] ^ 1, *sealed[place + 1 :]])
        with pytest.raises(UnableToUnseal):
            unseal(tampered, table="t", row=ROW)


@pytest.mark.parametrize("length", range(33))
def test_what_is_too_short_does_not_open(length):
    with pytest.raises(UnableToUnseal):
        unseal(seal(b"s", table="t", row=ROW)[:length], table="t", row=ROW)


def test_it_is_aes_256_gcm_as_others_do_it(settings):
    key = a_key()
    settings.SEALING_KEYS = [key]
    sealed = seal(b"s", table="t", row=ROW)

    cipher = AESGCM(base64.b64decode(key))
    assert cipher.decrypt(sealed[4:16], sealed[16:], f"t:{ROW}".encode()) == b"s"
    with pytest.raises(InvalidTag):
        cipher.decrypt(sealed[4:16], sealed[16:], None)


def test_keys_are_rolled_without_losing_anything(settings):
    old, new = a_key(), a_key()
    settings.SEALING_KEYS = [old]
    sealed = seal(b"s", table="t", row=ROW)
    assert is_newest(sealed)

    settings.SEALING_KEYS = [new, old]
    assert unseal(sealed, table="t", row=ROW) == b"s"
    assert not is_newest(sealed)
    again = seal(b"s", table="t", row=ROW)
    assert is_newest(again)

    settings.SEALING_KEYS = [new]
    assert unseal(again, table="t", row=ROW) == b"s"
    with pytest.raises(UnableToUnseal):
        unseal(sealed, table="t", row=ROW)


@pytest.mark.parametrize("text", ["", "short", "ä", base64.b64encode(bytes(16)).decode(), "A" * 43])
def test_what_is_no_key_is_refused_and_not_repeated(text):
    with pytest.raises(ImproperlyConfigured) as error:
        read_key(text)
    assert not text or text not in str(error.value)


def test_without_a_key_nothing_is_sealed(settings):
    settings.SEALING_KEYS = []

    with pytest.raises(ImproperlyConfigured):
        seal(b"s", table="t", row=ROW)
