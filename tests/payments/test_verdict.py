"""What nobody can tell is decided by two people with a document; what is told otherwise later waits for a person."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from kernel.clock import now
from kernel.ids import decode
from kernel.money import Money
from paygate.approvals.ask import UnableToAsk
from paygate.approvals.decide import UnableToDecide, approve
from paygate.approvals.documents import UnfitDocument
from paygate.approvals.models import Document, Request, State
from paygate.payments.carry_out import reload, settle
from paygate.payments.hear import payment_moved
from paygate.payments.hear_refunds import refund_reported
from paygate.payments.models import Attempt, Payment, Refund
from paygate.payments.verdict import ask_for_verdict
from paygate.proof.prove import prove
from paygate.psp.events import Became, PaymentMoved, Quarantined, RefundReported, RefundState
from paygate.psp.gateway import Approved, Pending

pytestmark = pytest.mark.django_db

LETTER = b"%PDF-1.7 what the PSP wrote"


@pytest.fixture(autouse=True)
def apart(settings, tmp_path):
    settings.OUTCOME_PATIENCE = 0.1
    settings.STORAGES["evidence"]["OPTIONS"]["location"] = str(tmp_path)
    storages._storages.clear()


@pytest.fixture
def lena(db):
    for login in ("lena", "grace"):
        user = User.objects.create_user(login)
        user.groups.add(Group.objects.get(name="finance lead"))
    return User.objects.get(username="lena")


@pytest.fixture
def unknown(api, simulators, lena):
    """An attempt that Adyen executed, or not, and of which nobody heard again."""

    def build(path="", body=None, *, fault="timeout_after", **changes):
        payment = {}
        if path:
            payment = api.pay(psp="adyen", **changes).json()
        simulators["adyen"].faults(next=[fault], hang_seconds=1)
        if not path:
            reply = api.pay(psp="adyen", **changes)
        elif path == "refunds":
            reply = api.post("refunds", {"payment": payment["id"], **(body or {})})
        else:
            reply = api.post(f"payments/{payment['id']}/{path}", body)
        assert reply.status_code == 202, reply.json()
        simulators["adyen"].faults()
        return Attempt.objects.get(outcome="unknown")

    return build


def letter(content=LETTER, name="letter.pdf"):
    return SimpleUploadedFile(name, content)


def asked(attempt, *, executed=True, reference="ADYEN-1", amount=None, **changes):
    told = {"document": letter(), "by": "lena", "because": "their support wrote", "key": "k"}
    return ask_for_verdict(
        attempt,
        executed=executed,
        psp_reference=reference,
        amount=amount,
        at=now(),
        **told | changes,
    )


def decide(request):
    return approve(request, by="grace", because="I read the letter", at=now())


def of(attempt):
    return Payment.objects.get(id=attempt.payment_id)


def tell(attempt, became, /, **news):
    return payment_moved(
        "adyen",
        PaymentMoved(psp_reference="", payment=of(attempt).public_id, became=became, **news),
        livemode=False,
        now=now(),
    )


def test_a_charge_that_was_executed_is_booked(unknown):
    attempt = unknown()
    request = asked(attempt)
    assert of(attempt).state == "processing"

    ended = decide(request)

    payment = of(attempt)
    assert (ended.state, ended.result) == (State.DONE, attempt.public_id)
    assert (payment.state, payment.amount_captured) == ("captured", 1000)
    assert payment.psp_reference == "ADYEN-1"
    assert request.public_id in Attempt.objects.get().psp_message
    assert prove().holds


def test_a_charge_that_was_not_executed_has_failed_and_is_told_so(unknown, api):
    attempt = unknown(fault="timeout_before")

    assert decide(asked(attempt, executed=False)).state == State.DONE

    told = api.get(f"payments/{of(attempt).public_id}").json()
    assert (told["status"], told["amount_captured"]) == ("failed", 0)
    assert prove().holds


@pytest.mark.parametrize(
    "path, body, executed, state, taken, given",
    [
        ("capture", {"amount": 600}, True, "captured", 600, 0),
        ("capture", {"amount": 600}, False, "authorized", 0, 0),
        ("cancel", None, True, "canceled", 0, 0),
        ("cancel", None, False, "authorized", 0, 0),
    ],
)
def test_what_is_done_to_a_hold_can_be_decided(unknown, path, body, executed, state, taken, given):
    attempt = unknown(path, body, capture_method="manual")

    assert decide(asked(attempt, executed=executed)).state == State.DONE

    payment = of(attempt)
    assert (payment.state, payment.amount_captured, payment.amount_refunded) == (
        state,
        taken,
        given,
    )
    assert prove().holds


@pytest.mark.parametrize("executed, state, given", [(True, "succeeded", 400), (False, "failed", 0)])
def test_a_refund_can_be_decided(unknown, executed, state, given):
    attempt = unknown("refunds", {"amount": 400})

    assert decide(asked(attempt, executed=executed)).state == State.DONE

    payment = of(attempt)
    assert Refund.objects.get().state == state
    assert (payment.amount_refunded, payment.amount_refund_pending) == (given, 0)
    assert prove().holds


def test_the_document_is_kept_as_it_came(unknown):
    request = asked(unknown(), document=letter(name="../../why?.exe"))

    document = Document.objects.get(id=request.document_id)
    assert (document.file_name, document.media_type, document.size) == (
        "why.pdf",
        "application/pdf",
        len(LETTER),
    )
    with storages["evidence"].open(document.stored_as) as kept:
        assert kept.read() == LETTER


@pytest.mark.parametrize(
    "content, says", [(b"", "empty"), (b"MZ", "none of them"), (b"%PDF-" + b"x" * 10**7, "10 MB")]
)
def test_what_is_no_document_stands_for_nothing(unknown, content, says):
    with pytest.raises(UnfitDocument, match=says):
        asked(unknown(), document=letter(content))
    assert not Request.objects.exists()


@pytest.mark.parametrize(
    "wrong, says",
    [
        ({"document": None}, "takes a document"),
        ({"reference": " "}, "PSP's reference"),
        ({"reference": "x" * 101}, "no reference"),
        ({"reference": "4242424242424242"}, "card number"),
        ({"amount": 999}, "another thing"),
        ({"because": ""}, "Say why"),
    ],
)
def test_what_does_not_fit_is_not_asked(unknown, wrong, says, tmp_path):
    with pytest.raises(UnableToAsk, match=says):
        asked(unknown(), **wrong)
    assert not Request.objects.exists()
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]


def test_the_reference_of_another_payment_is_not_this_ones(unknown, api):
    other = api.pay(psp="adyen").json()["psp_reference"]

    with pytest.raises(UnableToAsk, match="already"):
        asked(unknown(), reference=other)


def test_one_verdict_at_a_time_is_asked_for(unknown):
    attempt = unknown()
    first = asked(attempt)

    assert asked(attempt) == first
    with pytest.raises(UnableToAsk, match="already"):
        asked(attempt, key="another")
    assert Document.objects.count() == 1


@pytest.mark.parametrize(
    "changes", [{"executed": False}, {"reference": "ADYEN-2"}, {"document": b"another letter"}]
)
def test_a_verdict_is_not_taken_for_another_that_came_under_its_key(unknown, changes):
    attempt = unknown()
    asked(attempt)
    if "document" in changes:
        changes = {"document": letter(b"%PDF-" + changes["document"])}

    with pytest.raises(UnableToAsk, match="something else"):
        asked(attempt, **changes)
    assert Request.objects.count() == 1


def test_nobody_decides_about_what_is_known(unknown):
    attempt = unknown()
    tell(attempt, Became.AUTHORIZED, outcome=Approved("ADYEN-1", Money(1000, "USD")))

    with pytest.raises(UnableToAsk, match="not unknown any more"):
        asked(attempt)


def test_nobody_decides_about_his_own(unknown):
    with pytest.raises(UnableToDecide, match="somebody else"):
        approve(asked(unknown()), by="lena", because="sure", at=now())


@pytest.mark.parametrize("executed", [True, False])
def test_news_that_came_meanwhile_count(unknown, executed):
    attempt = unknown()
    request = asked(attempt, executed=executed)
    tell(attempt, Became.AUTHORIZED, outcome=Approved("ADYEN-2", Money(1000, "USD")))

    ended = decide(request)

    assert (ended.state, ended.failure) == (
        State.FAILED,
        f"News came meanwhile: {attempt.public_id} is approved.",
    )
    assert of(attempt).psp_reference == "ADYEN-2"
    assert prove().holds


def test_what_the_psp_has_by_now_it_will_decide_itself(unknown):
    attempt = unknown("refunds", {"amount": 400})
    request = asked(attempt)
    fresh, payment, others = reload(attempt)
    settle(payment, fresh, others, Pending("ADYEN-R"))

    assert decide(request).failure == f"News came meanwhile: {attempt.public_id} is pending."


def test_a_verdict_that_was_killed_before_its_end_is_found_settled(unknown, monkeypatch):
    from paygate.approvals import carry_out as carrying

    request = asked(unknown())
    monkeypatch.setattr(carrying, "_end", lambda request, *_, **__: request)
    assert decide(request).state == State.APPROVED
    monkeypatch.undo()

    ended = carrying.carry_out(Request.objects.get(), at=now())

    assert ended.state == State.DONE
    assert prove().holds


def test_a_charge_that_was_decided_not_to_be_is_quarantined_when_it_is_told(unknown):
    attempt = unknown()
    decide(asked(attempt, executed=False))

    with pytest.raises(Quarantined, match="failed here, and authorized"):
        tell(attempt, Became.AUTHORIZED, outcome=Approved("ADYEN-1", Money(1000, "USD")))
    assert prove().holds


def test_a_charge_that_was_decided_to_be_is_quarantined_when_it_is_told_declined(unknown):
    attempt = unknown()
    decide(asked(attempt))

    with pytest.raises(Quarantined, match="two people decided"):
        tell(attempt, Became.DECLINED, attempt=attempt.public_id)
    assert of(attempt).state == "captured"
    assert prove().holds


def test_a_capture_that_was_decided_not_to_be_is_quarantined_when_it_is_told(unknown, api):
    attempt = unknown("capture", {"amount": 600}, capture_method="manual")
    decide(asked(attempt, executed=False))
    api.post(f"payments/{of(attempt).public_id}/capture", {"amount": 300, "final": False})

    with pytest.raises(Quarantined, match="two people decided"):
        tell(attempt, Became.CAPTURED, attempt=attempt.public_id)
    assert of(attempt).amount_captured == 300
    assert prove().holds


def test_a_refund_that_was_decided_not_to_be_is_quarantined_when_it_is_told(unknown):
    attempt = unknown("refunds", {"amount": 400})
    decide(asked(attempt, executed=False))
    news = SimpleNamespace(reference="ADYEN-R", refund=Refund.objects.get().public_id)

    with pytest.raises(Quarantined, match="failed here, and succeeded"):
        refund_reported(
            "adyen",
            RefundReported(
                psp_reference=of(attempt).psp_reference,
                reference=news.reference,
                refund=news.refund,
                state=RefundState.SUCCEEDED,
                amount=Money(400, "USD"),
            ),
            livemode=False,
            now=timezone.now(),
        )
    assert prove().holds


def test_what_is_told_as_it_was_decided_is_nothing_new(unknown):
    attempt = unknown()
    decide(asked(attempt))

    assert tell(attempt, Became.AUTHORIZED) == "nothing new"
    assert decode("att", attempt.public_id) == attempt.id
