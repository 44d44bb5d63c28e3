"""A key's secret is shown once, checked without the database, rolled with an overlap, and ended for good."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from merchants.keys import UnableToRoll, UnknownScope, digest, make, revoke, roll, well_formed
from merchants.models import ApiKey
from tests.merchants.conftest import NOON

HOUR = timedelta(hours=1)


@pytest.fixture
def made(merchant):
    return make(merchant.merchant.id, livemode=False, at=NOON)


@pytest.mark.parametrize(
    "kind, livemode, prefix",
    [
        (ApiKey.Kind.SECRET, False, "sk_test_"),
        (ApiKey.Kind.SECRET, True, "sk_live_"),
        (ApiKey.Kind.RESTRICTED, False, "rk_test_"),
        (ApiKey.Kind.RESTRICTED, True, "rk_live_"),
    ],
)
def test_a_secret_says_its_kind_and_mode(merchant, kind, livemode, prefix):
    made = make(merchant.merchant.id, livemode=livemode, at=NOON, kind=kind)

    assert made.secret.startswith(prefix)
    assert made.secret.isascii()
    assert well_formed(made.secret)
    assert str(made.key) == f"{prefix}…{made.secret[-4:]}"


def test_no_two_secrets_are_alike(merchant):
    secrets = {make(merchant.merchant.id, livemode=False, at=NOON).secret for _ in range(50)}

    assert len(secrets) == 50
    assert len({len(secret) for secret in secrets}) == 1


def test_the_database_holds_the_hash_and_four_letters_and_no_secret(made):
    with connection.cursor() as cursor:
        cursor.execute("SELECT api_key::text FROM api_key WHERE id = %s", [made.key.id])
        [[row]] = cursor.fetchall()

    assert sha256(made.secret.encode()).hexdigest() in row
    assert made.secret not in row
    assert made.secret[8:-6] not in row
    assert made.key.last4 == made.secret[-4:]


def test_neither_a_made_key_nor_a_new_merchant_prints_its_secret(made, merchant):
    assert made.secret not in repr(made)
    assert merchant.secret_key not in repr(merchant)


@pytest.mark.parametrize("place", range(0, 47, 3))
def test_one_wrong_letter_is_known_without_the_database(made, place):
    letter = "x" if made.secret[place] != "x" else "y"
    wrong = made.secret[:place] + letter + made.secret[place + 1 :]

    assert not well_formed(wrong)


@pytest.mark.parametrize(
    "secret",
    ["", "sk_test_", "sk_test_1", "x" * 47, "sk_test_" + "0" * 39, "sk_test_" + "é" * 39],
)
def test_what_we_never_made_is_not_well_formed(secret):
    assert not well_formed(secret)


@pytest.mark.parametrize(
    "change", [lambda s: s[:-1], lambda s: s + "0", lambda s: s + "\n", str.upper]
)
def test_a_secret_is_taken_to_the_letter(made, change):
    assert not well_formed(change(made.secret))


def test_rolling_leaves_the_old_key_until_the_overlap_ends(made):
    new = roll(made.key.id, overlap=HOUR, at=NOON)
    made.key.refresh_from_db()

    assert new.secret != made.secret
    assert made.key.expires_at == NOON + HOUR
    assert (new.key.expires_at, new.key.revoked_at) == (None, None)


def test_a_rolled_key_may_do_what_the_old_one_might(merchant):
    old = make(
        merchant.merchant.id,
        livemode=True,
        at=NOON,
        kind=ApiKey.Kind.RESTRICTED,
        scopes=["payments:read"],
    )
    new = roll(old.key.id, overlap=HOUR, at=NOON).key

    assert (new.merchant_id, new.kind, new.livemode, new.scopes) == (
        old.key.merchant_id,
        old.key.kind,
        True,
        ["payments:read"],
    )


@pytest.mark.parametrize("overlap", [-HOUR, timedelta(days=7, seconds=1)])
def test_an_overlap_is_between_nothing_and_a_week(made, overlap):
    with pytest.raises(UnableToRoll):
        roll(made.key.id, overlap=overlap, at=NOON)


def test_a_key_is_rolled_once(made):
    roll(made.key.id, overlap=HOUR, at=NOON)
    with pytest.raises(UnableToRoll):
        roll(made.key.id, overlap=HOUR, at=NOON)


def test_a_revoked_key_is_not_rolled_into_a_new_one(made):
    revoke(made.key.id, at=NOON)
    with pytest.raises(UnableToRoll):
        roll(made.key.id, overlap=HOUR, at=NOON)


def test_revoking_twice_is_revoking_once(made):
    revoke(made.key.id, at=NOON)
    revoke(made.key.id, at=NOON + HOUR)
    made.key.refresh_from_db()

    assert made.key.revoked_at == NOON


@pytest.mark.parametrize(
    "kind, scopes",
    [
        (ApiKey.Kind.RESTRICTED, ["payment:read"]),
        (ApiKey.Kind.RESTRICTED, ["*"]),
        (ApiKey.Kind.SECRET, ["payments:read"]),
    ],
)
def test_a_scope_that_nobody_asks_for_is_refused(merchant, kind, scopes):
    with pytest.raises(UnknownScope):
        make(merchant.merchant.id, livemode=False, at=NOON, kind=kind, scopes=scopes)


@pytest.mark.parametrize(
    "change",
    [
        {"livemode": True},
        {"kind": "restricted"},
        {"scopes": ["payments:write"]},
        {"sha256": b"x" * 32},
        {"last4": "0000"},
    ],
)
def test_the_database_lets_no_key_become_another(made, change):
    with pytest.raises(DatabaseError), transaction.atomic():
        ApiKey.objects.filter(id=made.key.id).update(**change)


def test_the_database_lets_no_key_change_hands(made, another_merchant):
    with pytest.raises(DatabaseError, match="stays what it is"), transaction.atomic():
        ApiKey.objects.filter(id=made.key.id).update(merchant_id=another_merchant.merchant.id)


@pytest.mark.parametrize("field", ["revoked_at", "expires_at"])
@pytest.mark.parametrize("again", [None, NOON + HOUR])
def test_the_database_lets_no_key_that_has_ended_begin_again(made, field, again):
    ApiKey.objects.filter(id=made.key.id).update(**{field: NOON})
    with pytest.raises(DatabaseError, match="stays what it is"), transaction.atomic():
        ApiKey.objects.filter(id=made.key.id).update(**{field: again})


def test_the_database_lets_two_keys_have_one_hash_never(made):
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.create(
            merchant_id=made.key.merchant_id,
            kind="secret",
            livemode=False,
            sha256=digest(made.secret),
            last4="0000",
            created_at=NOON,
        )
