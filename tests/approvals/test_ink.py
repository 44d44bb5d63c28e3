"""What was asked for and decided is in ink; what must never be is refused by the database itself."""

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction

from kernel.clock import now
from kernel.ids import uuid7
from kernel.money import Money
from paygate.approvals.ask import ask
from paygate.approvals.decide import UnableToDecide, approve, reject, withdraw
from paygate.approvals.models import Request
from paygate.proof.prove import prove
from paygate.wiring import APPROVED

pytestmark = pytest.mark.django_db


def done(request, at):
    return "re_done"


@pytest.fixture
def asked(people, monkeypatch, settings, tmp_path):
    monkeypatch.setitem(APPROVED, "nothing", "tests.approvals.test_ink.done")
    settings.STORAGES["evidence"]["OPTIONS"]["location"] = str(tmp_path)
    storages._storages.clear()
    return ask(
        "nothing",
        subject="pay_1",
        merchant_id=uuid7(),
        livemode=True,
        money=Money(120_00, "EUR"),
        payload={},
        by="sam",
        because="why",
        key="k",
        document=SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n"),
        at=now(),
    )


def refused(sql):
    with pytest.raises(DatabaseError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    return getattr(error.value.__cause__, "sqlstate", "")


DECIDED = "decided_because = 'x', decided_at = now()"


@pytest.mark.parametrize(
    "change, sqlstate",
    [
        ("SET amount = 1", "PG152"),
        ('SET payload = \'{"reason": "fraudulent"}\'', "PG152"),
        ("SET asked_by = 'lena'", "PG152"),
        ("SET subject = 'pay_2'", "PG152"),
        ("SET document_id = NULL", "PG152"),
        ("SET state = 'done', result = 're_1', ended_at = now()", "PG151"),
        (f"SET state = 'approved', decided_by = 'sam', {DECIDED}", "23514"),
        (f"SET state = 'rejected', decided_by = 'sam', {DECIDED}", "23514"),
        (f"SET state = 'withdrawn', decided_by = 'lena', {DECIDED}", "23514"),
        ("SET state = 'approved'", "23514"),
    ],
)
def test_what_must_not_be_is_refused(asked, change, sqlstate):
    assert refused(f"UPDATE approval_request {change}") == sqlstate


def test_what_was_decided_is_not_decided_otherwise(asked):
    reject(asked, by="lena", because="no", at=now())

    assert refused("UPDATE approval_request SET decided_by = 'grace'") == "PG152"
    assert refused("UPDATE approval_request SET state = 'approved'") == "PG151"


def test_what_has_ended_stays_so(asked):
    approve(asked, by="lena", because="yes", at=now())

    assert refused("UPDATE approval_request SET result = 're_2'") == "PG152"


def test_nothing_is_taken_out(asked):
    assert refused("DELETE FROM approval_request") == "PG153"
    assert refused("DELETE FROM approval_document") == "PG154"
    assert refused("UPDATE approval_document SET sha256 = repeat('0', 64)") == "PG154"


def test_a_request_begins_as_one_that_waits(asked):
    columns = "merchant_id, gen_random_uuid(), livemode, kind, subject, amount, currency, payload, NULL::uuid"
    assert (
        refused(
            f"INSERT INTO approval_request SELECT {columns}, 'k2', asked_by, asked_because, asked_at,"
            " 'approved', 'lena', 'x', now(), '', '', NULL FROM approval_request"
        )
        == "PG151"
    )


def test_a_verdict_without_a_document_is_none(asked):
    columns = "merchant_id, gen_random_uuid(), livemode, 'verdict', subject, amount, currency, payload, NULL::uuid"
    assert (
        refused(
            f"INSERT INTO approval_request SELECT {columns}, 'k2', asked_by, asked_because, asked_at,"
            " 'pending', '', '', NULL, '', '', NULL FROM approval_request"
        )
        == "23514"
    )


@pytest.mark.parametrize(
    "verb, by, says",
    [
        (approve, "sam", "somebody else has to approve"),
        (approve, "sue", "may not decide"),
        (approve, "nobody", "nobody called"),
        (reject, "sam", "withdraw it"),
        (reject, "ada", "may not decide"),
        (withdraw, "lena", "sam asked for it"),
    ],
)
def test_the_verbs_refuse_who_may_not(asked, verb, by, says):
    with pytest.raises(UnableToDecide, match=says):
        verb(asked, by=by, because="x", at=now())
    assert Request.objects.get().state == "pending"


@pytest.mark.parametrize("verb, by", [(approve, "lena"), (reject, "lena"), (withdraw, "sam")])
def test_a_decision_says_why(asked, verb, by):
    with pytest.raises(UnableToDecide, match="Say why"):
        verb(asked, by=by, because=" ", at=now())


def test_whoever_has_left_decides_nothing(asked, people):
    people["lena"].is_active = False
    people["lena"].save()

    with pytest.raises(UnableToDecide):
        approve(asked, by="lena", because="x", at=now())


def test_the_proof_sees_what_has_no_end(asked, monkeypatch):
    monkeypatch.setitem(APPROVED, "nothing", "tests.approvals.test_ink.nowhere")
    approve(asked, by="lena", because="yes", at=now())
    assert prove().holds
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE approval_request DISABLE TRIGGER USER")
        cursor.execute("UPDATE approval_request SET decided_at = now() - interval '11 minutes'")

    found = [finding.says for finding in prove().findings if finding.contradictions]
    assert found == ["nothing is approved for longer than ten minutes without an end"]
