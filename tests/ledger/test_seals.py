"""Days that are sealed stand as they stood: whatever is done to them behind the triggers' backs is found."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest
from django.db import DatabaseError, connection, transaction

from kernel.ids import uuid7
from ledger.post import post
from ledger.seals import heads, seal, verify_seals
from tests.ledger.conftest import NOON, TABLES, commits, wait_for_whoever_is_older
from tests.races import at_once

pytestmark = commits


def ask(sql, *arguments):
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments or None)
        return cursor.fetchall() if cursor.description else None


def clock():
    [(moment,)] = ask("SELECT clock_timestamp()")
    return moment


def close(*, upto=None):
    """Seal what there is, until now; how many seals."""
    upto = upto or clock()
    wait_for_whoever_is_older()
    return seal(upto=upto, patience=60)


def verified_after(*statements):
    """What verify_seals finds after a change that only the tables' owner can make; then all is as it was."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE contype = 'f' AND conparentid = 0 AND conrelid = ANY (%s::regclass[])",
            [list(TABLES)],
        )
        for table, constraint in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)
            assert cursor.rowcount > 0
        found = verify_seals()
        transaction.set_rollback(True)
    return found


def insert_of_long_ago(ago):
    """A transaction like the one there is, as it would have been posted then."""
    same = "merchant_id, livemode, effective_at, xid"
    of_entry = f"{same}, account_id, amount, line, guarded, type, currency"
    with transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        about = {"id": uuid7(), "ago": ago}
        cursor.execute(
            f"INSERT INTO ledger_transaction (id, posted_at, kind, source, memo, {same})"
            f" SELECT %(id)s, posted_at - %(ago)s::interval, kind, 'long_ago', '', {same} FROM ledger_transaction",
            about,
        )
        cursor.execute(
            f"INSERT INTO ledger_entry (transaction_id, posted_at, {of_entry})"
            f" SELECT %(id)s, posted_at - %(ago)s::interval, {of_entry} FROM ledger_entry",
            about,
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.fixture
def sealed(merchant, captured):
    """Two sealed ranges of one book, and one of another's."""
    post(captured("att_1"), effective_at=NOON)
    post(captured("att_2", 1_234), effective_at=NOON)
    post(captured("att_3", whose=uuid7()), effective_at=NOON)
    assert close() == 2
    post(captured("att_4"), effective_at=NOON)
    assert close() == 1
    assert verify_seals() == []
    return merchant


def test_a_seal_says_what_it_is_of_and_goes_on_from_the_one_before(sealed):
    first, second = ask(
        "SELECT number, transactions, entries, sums, previous, hash FROM ledger_seal WHERE merchant_id = %s"
        " ORDER BY number",
        sealed,
    )
    assert first[:4] == (1, 2, 6, "USD 11234")
    assert second[:4] == (2, 1, 3, "USD 10000")
    assert bytes(first[4]) == bytes(32)
    assert second[4] == first[5]


def test_every_closing_has_its_roll_in_each_mode(sealed):
    assert ask("SELECT livemode, seals FROM ledger_roll ORDER BY upto, livemode") == [
        (False, 2),
        (True, 0),
        (False, 1),
        (True, 0),
    ]
    assert [head.livemode for head in heads()] == [False, True]


def test_sealing_again_changes_nothing(sealed):
    before = ask("SELECT * FROM ledger_seal ORDER BY merchant_id, number")
    assert seal(patience=60) == 0
    assert ask("SELECT * FROM ledger_seal ORDER BY merchant_id, number") == before


def test_only_days_that_are_over_are_closed_unless_it_is_asked_for(merchant, captured):
    post(captured("att_1"), effective_at=NOON)
    assert seal(patience=60) == 0
    assert ask("SELECT * FROM ledger_closing") == []


def test_each_day_has_a_closing_of_its_own_however_late_the_sealer_comes(merchant, captured):
    post(captured("att_1"), effective_at=NOON)
    insert_of_long_ago("3 days")

    wait_for_whoever_is_older()
    assert seal(patience=60) == 1

    assert ask(
        "SELECT count(*), bool_and(upto AT TIME ZONE 'UTC' = date_trunc('day', upto AT TIME ZONE 'UTC'))"
        " FROM ledger_closing WHERE upto > now() - interval '3 days' AND upto < now()"
    ) == [(3, True)]
    assert verify_seals() == []


def test_four_sealers_at_once_make_one_chain(merchant, captured):
    for number in range(20):
        post(captured(f"att_{number}"), effective_at=NOON)
    upto = clock()
    wait_for_whoever_is_older()

    assert sum(at_once(4, lambda _: seal(upto=upto, patience=60))) == 1
    assert ask("SELECT count(*) FROM ledger_seal") == [(1,)]
    assert verify_seals() == []


ENTRY = "merchant_id = (SELECT merchant_id FROM ledger_seal WHERE number = 2)"
LAST = f"{ENTRY} AND posted_at > (SELECT min(upto) FROM ledger_closing)"
WRONG = {
    "an amount": f"UPDATE ledger_entry SET amount = amount + 1 WHERE {LAST} AND line = 1",
    "both sides": f"UPDATE ledger_entry SET amount = amount + 256 WHERE {LAST}",
    "a side": f"UPDATE ledger_entry SET type = CASE type WHEN 'DEBIT' THEN 'CREDIT' ELSE 'DEBIT' END WHERE {ENTRY}",
    "an account": f"""UPDATE ledger_entry e SET account_id = (
        SELECT max(id) FROM ledger_account a WHERE a.merchant_id = e.merchant_id AND a.id <> e.account_id)
        WHERE {LAST} AND line = 2""",
    "an account's name": "UPDATE ledger_account SET code = 'assets:psp:stripe:receivables' WHERE code LIKE '%stripe%'",
    "a currency": f"UPDATE ledger_entry SET currency = 'EUR' WHERE {LAST}",
    "a mode": f"UPDATE ledger_entry SET livemode = true WHERE {LAST}",
    "when an entry happened": f"UPDATE ledger_entry SET effective_at = effective_at + '1s' WHERE {LAST}",
    "when it happened": f"UPDATE ledger_transaction SET effective_at = effective_at + '1s' WHERE {LAST}",
    "when it was posted": f"UPDATE ledger_transaction SET posted_at = posted_at + '1us' WHERE {LAST}",
    "what it was": f"UPDATE ledger_transaction SET kind = 'payment.recaptured' WHERE {LAST}",
    "what caused it": f"UPDATE ledger_transaction SET source = 'att_5' WHERE {LAST}",
    "what is said of it": f"UPDATE ledger_transaction SET memo = 'never mind' WHERE {LAST}",
    "what it reverses": f"UPDATE ledger_transaction SET reverses = id WHERE {LAST}",
    "whose it is": f"UPDATE ledger_transaction SET merchant_id = gen_random_uuid() WHERE {LAST}",
    "a deleted entry": f"DELETE FROM ledger_entry WHERE {LAST} AND line = 3",
    "an inserted pair": f"""INSERT INTO ledger_entry (merchant_id, transaction_id, account_id, amount, effective_at,
        posted_at, xid, line, livemode, guarded, type, currency)
        SELECT merchant_id, transaction_id, account_id, 1, effective_at, posted_at, xid, 10 + side, livemode, guarded,
            CASE side WHEN 0 THEN 'DEBIT' ELSE 'CREDIT' END, currency
        FROM ledger_entry, generate_series(0, 1) side WHERE {LAST} AND line = 1""",
    "an inserted transaction": f"""INSERT INTO ledger_transaction (merchant_id, id, livemode, kind, source, memo,
        effective_at, posted_at, xid)
        SELECT merchant_id, gen_random_uuid(), livemode, kind, 'att_0', '', effective_at, posted_at, xid
        FROM ledger_transaction WHERE {LAST}""",
    "the tail": f"DELETE FROM ledger_transaction WHERE {LAST}",
    "the tail's entries": f"DELETE FROM ledger_entry WHERE {LAST}",
    "a seal": "UPDATE ledger_seal SET content = sha256('') WHERE number = 2",
    "a seal's sum": "UPDATE ledger_seal SET sums = 'USD 1' WHERE number = 1",
    "the last seal": "DELETE FROM ledger_seal WHERE number = 2",
    "the last seal of all": "DELETE FROM ledger_seal WHERE number = 2 OR upto = (SELECT max(upto) FROM ledger_closing)",
    "the first seal": f"DELETE FROM ledger_seal WHERE number = 1 AND {ENTRY}",
    "a roll": "DELETE FROM ledger_roll WHERE upto = (SELECT min(upto) FROM ledger_closing) AND livemode",
    "a closing": "DELETE FROM ledger_closing WHERE upto = (SELECT min(upto) FROM ledger_closing)",
    "a closing's beginning": "UPDATE ledger_closing SET after = after - interval '1us'",
}


@pytest.mark.parametrize("what", WRONG)
def test_whatever_is_changed_of_a_sealed_day_is_found(sealed, what):
    assert verified_after(WRONG[what]) != []
    assert verify_seals() == []


def test_a_seal_made_anew_over_changed_entries_is_found_by_what_follows_it(sealed):
    found = verified_after(
        f"UPDATE ledger_entry SET amount = amount + 256 WHERE {ENTRY} AND NOT ({LAST})",
        f"""UPDATE ledger_seal s SET content = c.content, sums = c.sums
            FROM ledger_closing k, LATERAL ledger_contents(k.after, k.upto, NULL) c
            WHERE s.{ENTRY} AND s.number = 1 AND k.upto = s.upto AND c.merchant_id = s.merchant_id""",
        "UPDATE ledger_seal s SET hash = ledger_hash_of(s) WHERE s.number = 1",
    )

    said = [str(broken) for broken in found]

    assert any("seal 2 does not go on from the one before" in line for line in said)
    assert any("the roll is not of the seals that are there" in line for line in said)


def test_what_is_wrong_is_said_by_book_and_seal(sealed):
    [broken] = verified_after(f"DELETE FROM ledger_entry WHERE {LAST} AND line = 3")

    assert broken.merchant == sealed
    assert str(broken).endswith("seal 2 has 3 entries, here are 2")


def test_one_book_or_the_last_days_can_be_verified_alone(sealed, captured):
    other = uuid7()
    post(captured("att_5", whose=other), effective_at=NOON)
    [(between,)] = ask("SELECT max(upto) FROM ledger_closing")
    close()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_transaction DISABLE TRIGGER USER")
        cursor.execute("UPDATE ledger_transaction SET memo = 'never mind' WHERE source = 'att_4'")
        [broken] = verify_seals()
        assert broken.merchant == sealed
        assert verify_seals(merchant=sealed) == [broken]
        assert verify_seals(merchant=other) == verify_seals(since=between) == []
        transaction.set_rollback(True)


# ------------------------------------------------------------------------------------- who comes late


def test_what_began_before_a_closing_is_not_posted_after_it(merchant, captured):
    post(captured("att_1"), effective_at=NOON)
    with transaction.atomic():
        ask("SELECT now()")  # It has begun, and has no number: no watermark knows of it.
        close_from_elsewhere()
        with pytest.raises(DatabaseError) as refusal:
            post(captured("att_2"), effective_at=NOON)
        transaction.set_rollback(True)
    assert refusal.value.__cause__.sqlstate == "LG007"
    assert ask("SELECT transactions FROM ledger_seal") == [(1,)]
    assert verify_seals() == []


def test_a_day_is_not_sealed_while_somebody_may_still_commit_into_it(merchant, captured):
    post(captured("att_1"), effective_at=NOON)
    with transaction.atomic():
        post(captured("att_2"), effective_at=NOON)
        assert close_from_elsewhere(patience=0.2) == 0
        assert ask("SELECT count(*) FROM ledger_closing") == [(1,)]

    wait_for_whoever_is_older()
    assert seal(patience=60) == 1
    assert ask("SELECT transactions FROM ledger_seal") == [(2,)]
    assert verify_seals() == []


def test_whoever_wrote_while_the_closing_was_being_written_is_waited_for(merchant, captured):
    with closing(connection.copy()) as closer, transaction.atomic():
        ask("SELECT now()")  # Begun before the closing, and numbered after it.
        with closer.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(
                "INSERT INTO ledger_closing (after, upto) VALUES (to_timestamp(0), clock_timestamp())"
            )
            post(captured("att_1"), effective_at=NOON)  # It cannot see the closing yet.
            cursor.execute("COMMIT")
        assert seal_from_elsewhere(patience=0.2) == 0
        assert ask("SELECT count(*) FROM ledger_roll") == [(0,)]

    wait_for_whoever_is_older()
    assert seal(patience=60) == 1
    assert ask("SELECT transactions FROM ledger_seal") == [(1,)]
    assert verify_seals() == []


def test_what_was_rolled_back_is_in_no_seal(merchant, captured):
    post(captured("att_1"), effective_at=NOON)
    with transaction.atomic():
        post(captured("att_2"), effective_at=NOON)
        assert close_from_elsewhere(patience=0.2) == 0
        transaction.set_rollback(True)

    wait_for_whoever_is_older()
    assert seal(patience=60) == 1
    assert ask("SELECT transactions FROM ledger_seal") == [(1,)]


def test_under_a_snapshot_older_than_a_minute_nothing_is_posted(merchant, captured):
    [(guard,)] = ask("SELECT pg_get_functiondef('ledger_transactions_are_of_now'::regproc)")
    with transaction.atomic():
        ask("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        post(captured("att_1"), effective_at=NOON)
        # Instead of a minute's sleep, a guard with less patience.
        ask(guard.replace("1 minute", "1 microsecond"))
        with pytest.raises(DatabaseError) as refusal:
            post(captured("att_2"), effective_at=NOON)
        transaction.set_rollback(True)
    assert refusal.value.__cause__.sqlstate == "LG007"
    assert "READ COMMITTED" in str(refusal.value)


def close_from_elsewhere(*, patience=60):
    return seal_from_elsewhere(upto=clock(), patience=patience)


def seal_from_elsewhere(*, upto=None, patience=60):
    made = []

    def work():
        try:
            made.append(seal(upto=upto, patience=patience))
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return made[0]


def test_nobody_slips_into_a_sealed_range_whoever_posts_and_seals_meanwhile(merchant, captured):
    done = threading.Event()

    def poster(number):
        posted = late = 0
        for turn in range(25):
            try:
                with transaction.atomic():
                    ask("SELECT pg_sleep(random() * 0.01)")  # Begun, not yet numbered.
                    post(captured(f"att_{number}_{turn}"), effective_at=NOON)
                    ask("SELECT pg_sleep(random() * 0.01)")  # Numbered, not yet committed.
            except DatabaseError as error:
                late += error.__cause__.sqlstate == "LG007"
            else:
                posted += 1
        return posted, late

    def sealer():
        made = 0
        while not done.is_set():
            made += seal(upto=clock(), patience=60)
        return made

    def work(number):
        if number >= 6:
            return sealer()
        try:
            return poster(number)
        finally:
            finished.append(number)
            if len(finished) == 6:
                done.set()

    finished = []
    *posters, one, other = at_once(8, work)

    assert one + other > 3
    assert sum(late for _, late in posters) > 0
    close()
    assert ask("SELECT sum(transactions) FROM ledger_seal") == [
        (sum(posted for posted, _ in posters),)
    ]
    assert verify_seals() == []


def test_seals_outlive_the_cluster_they_were_made_in(sealed):
    """A restore brings the rows and not the numbers of transactions: a cluster of its own begins anew."""
    assert (
        verified_after(
            "UPDATE ledger_transaction SET xid = '3'", "UPDATE ledger_entry SET xid = '3'"
        )
        == []
    )
