"""Answering a dispute and giving in: asked of the PSP once, known in the end, never guessed."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from disputes.carry_out import carry_out, see_through, settle, take
from disputes.models import Act
from disputes.resolve import resolve
from kernel import shortcuts
from kernel.clock import now
from kernel.idempotency.models import IdempotencyKey
from kernel.outbox.models import OutboxEvent
from paygate.payments.looks import PAUSES, take_due
from paygate.psp.cases import AcceptCase, Done, Standing, SubmitEvidence
from paygate.psp.gateway import DeclineCode, Declined, NotSent, Unknown
from tests.disputes.conftest import PDF, book, reinstated, withdrawn
from tests.proof.holds import holds

pytestmark = pytest.mark.django_db


@pytest.fixture
def disputed(case, api, puppet):
    """A case with a withdrawal and an explanation, and its path in the API."""
    one = case()
    dispute = one.heard("needs_response", withdrawn("txn_1"))
    path = f"disputes/{dispute.public_id}"
    assert api.post(f"{path}/evidence", {"explanation": "It was delivered."}).status_code == 200
    return one, path


@pytest.fixture
def impatient(settings):
    settings.OUTCOME_PATIENCE = 0.1


def later(seconds):
    return now() + timedelta(seconds=seconds)


# ------------------------------------------------------------------------------------- all goes well


def test_submitting_sends_what_was_given_and_puts_it_under_review(disputed, api, puppet):
    one, path = disputed
    api.client.post(
        f"/v1/{path}/evidence",
        {"receipt": SimpleUploadedFile("Receipt 12.pdf", PDF)},
        headers={"Authorization": f"Bearer {api.secret}"},
    )

    reply = api.post(f"{path}/submit")

    assert reply.status_code == 200, reply.json()
    shown = reply.json()
    assert (shown["status"], shown["available_actions"]) == ("under_review", [])
    assert shown["submitted_at"]
    assert (shown["action"]["type"], shown["action"]["outcome"]) == ("submit", "done")
    assert reply["Location"] == f"/v1/{path}"
    [request] = puppet.asked
    assert isinstance(request, SubmitEvidence)
    assert (request.case, request.key) == (one.name, Act.objects.get().public_id)
    assert dict(request.texts) == {"explanation": "It was delivered."}
    [file] = request.files
    assert (file.kind, file.name, file.media_type, file.content) == (
        "receipt",
        "Receipt 12.pdf",
        "application/pdf",
        PDF,
    )
    assert holds()


def test_accepting_loses_the_dispute_and_gives_up_the_money(disputed, api, puppet, merchant):
    one, path = disputed

    reply = api.post(f"{path}/accept")

    assert (reply.status_code, reply.json()["status"]) == (200, "lost")
    assert puppet.asked == [AcceptCase(key=Act.objects.get().public_id, case=one.name)]
    assert "liabilities:merchant:disputed" not in book(merchant.merchant.id)
    assert holds()


def test_accepting_moves_no_money_by_itself(case, api, puppet, merchant):
    one = case()
    dispute = one.heard("needs_response", stage="inquiry")
    before = book(merchant.merchant.id)
    puppet.answers = [Done(Standing.UNDER_REVIEW)]

    reply = api.post(f"disputes/{dispute.public_id}/accept")

    assert reply.json()["status"] == "under_review"
    assert book(merchant.merchant.id) == before


def test_each_change_is_told_once(disputed, api):
    one, path = disputed
    api.post(f"{path}/submit")

    told = OutboxEvent.objects.filter(subject=one.dispute.public_id).order_by("sequence")
    assert [event.topic.partition(".")[2] for event in told] == [
        "created",
        "funds_withdrawn",
        "updated",  # Evidence.
        "updated",  # Claimed.
        "updated",  # Under review.
    ]
    assert [event.sequence for event in told] == [1, 2, 3, 4, 5]
    assert told.last().body["status"] == "under_review"


def test_what_the_psp_then_decides_goes_on_from_there(disputed, api):
    one, path = disputed
    api.post(f"{path}/submit")
    one.heard("won", reinstated("txn_2"), at=later(60))

    assert api.get(path).json()["status"] == "won"
    assert holds()


def test_the_next_stage_can_be_answered_again(disputed, api, puppet):
    one, path = disputed
    api.post(f"{path}/submit")
    one.heard("won", reinstated("txn_2"), at=later(60))
    one.heard("needs_response", withdrawn("txn_3"), at=later(90), stage="pre_arbitration")

    reply = api.post(f"{path}/submit")

    assert (reply.status_code, reply.json()["status"]) == (200, "under_review")
    assert len(puppet.asked) == 2
    assert holds()


# ------------------------------------------------------------------------------------------ refused


def code(reply, status):
    assert reply.status_code == status, reply.json()
    return reply.json()["error"]["code"]


def test_without_evidence_there_is_nothing_to_submit(case, api, puppet):
    dispute = case().heard("needs_response")

    assert code(api.post(f"disputes/{dispute.public_id}/submit"), 409) == "evidence_missing"
    assert not puppet.asked


@pytest.mark.parametrize("status", ["under_review", "won", "lost"])
@pytest.mark.parametrize("action", ["submit", "accept", "evidence"])
def test_what_is_answered_or_decided_is_not_answered_again(disputed, api, status, action):
    one, path = disputed
    one.heard(status, hours=1)

    reply = api.post(f"{path}/{action}", {"explanation": "x"} if action == "evidence" else {})

    assert code(reply, 409) == "invalid_state"
    assert reply.json()["error"]["payment"] == one.payment["id"]
    assert not IdempotencyKey.objects.filter(subject__in=Act.objects.values("id")).exists()


def test_a_key_is_required(disputed, api):
    _, path = disputed
    assert code(api.post(f"{path}/accept", key=None), 400) == "idempotency_key_required"


def test_an_unknown_field_is_refused(disputed, api):
    _, path = disputed
    assert code(api.post(f"{path}/accept", {"reason": "x"}), 400) == "unknown_parameter"


def test_a_psp_that_declines_is_an_outcome_and_is_replayed(disputed, api, puppet):
    one, path = disputed
    puppet.answers = [
        Declined(DeclineCode.INVALID_STATE, psp_code="95701", psp_message="Too late.")
    ]
    first = api.post(f"{path}/submit", key="k")
    again = api.post(f"{path}/submit", key="k")

    assert code(first, 409) == "psp_declined"
    assert first.json()["error"]["psp_code"] == "95701"
    assert "Too late." in first.json()["error"]["message"]
    assert (again.status_code, again.content) == (409, first.content)
    assert len(puppet.asked) == 1
    assert one.dispute.status == "needs_response"
    assert api.get(path).json()["available_actions"] == ["evidence", "submit", "accept"]


def test_what_was_certainly_not_sent_can_be_asked_for_again_with_a_new_key(disputed, api, puppet):
    _, path = disputed
    puppet.answers = [NotSent("rate limited")]

    assert code(api.post(f"{path}/submit", key="k"), 502) == "psp_unavailable"
    assert code(api.post(f"{path}/submit", key="k"), 502) == "psp_unavailable"
    assert api.post(f"{path}/submit", key="another").status_code == 200
    assert holds()


def test_evidence_that_is_gone_from_its_folder_sends_nothing(
    disputed, api, puppet, evidence_folder
):
    _, path = disputed
    api.client.post(
        f"/v1/{path}/evidence",
        {"receipt": SimpleUploadedFile("receipt.pdf", PDF)},
        headers={"Authorization": f"Bearer {api.secret}"},
    )
    [stored] = [file for file in evidence_folder.rglob("*") if file.is_file()]
    stored.unlink()

    assert code(api.post(f"{path}/submit"), 502) == "psp_unavailable"
    assert not puppet.asked


# ------------------------------------------------------------------------------------- idempotency


def test_the_same_key_gives_the_same_reply_to_the_byte(disputed, api, puppet):
    one, path = disputed
    first = api.post(f"{path}/submit", key="k")
    one.heard("lost", at=later(60))
    again = api.post(f"{path}/submit", key="k")
    shortcuts.client().flushdb()
    without_redis = api.post(f"{path}/submit", key="k")

    assert first.content == again.content == without_redis.content
    assert again["Idempotent-Replayed"] == without_redis["Idempotent-Replayed"] == "true"
    assert len(puppet.asked) == 1


def test_the_same_key_for_something_else_is_refused(disputed, api, puppet):
    _, path = disputed
    api.post(f"{path}/submit", key="k")

    assert code(api.post(f"{path}/accept", key="k"), 422) == "idempotency_key_reused"
    assert code(api.pay(key="k"), 422) == "idempotency_key_reused"
    assert len(puppet.asked) == 1


def test_a_refusal_leaves_its_key_free(disputed, api, case):
    _, path = disputed
    dispute = case().heard("needs_response")
    assert api.post(f"disputes/{dispute.public_id}/submit", key="k").status_code == 409

    assert api.post(f"{path}/submit", key="k").status_code == 200


def test_a_request_that_is_still_running_is_said_to_be(disputed, api, monkeypatch, impatient):
    one, path = disputed
    monkeypatch.setattr("disputes.dispatch.carry_out_task.apply_async", lambda **_: None)
    monkeypatch.setattr("disputes.act.carry_out_here", lambda *_: None)
    monkeypatch.setattr("paygate.api.idempotent.PATIENCE_FOR_ANOTHER", 0.1)
    assert api.post(f"{path}/submit", key="k").status_code == 202

    again = api.post(f"{path}/submit", key="k")
    other = api.post(f"{path}/accept", key="other")

    assert code(again, 409) == "idempotency_key_in_use"
    assert again.json()["error"]["payment"] == one.payment["id"]
    assert again["Retry-After"] == "1"
    assert code(other, 409) == "dispute_processing"
    assert other.json()["error"]["retryable"]


# ------------------------------------------------------------------------------------------ unknown


def unknown(api, path, puppet, action="submit"):
    """An act of which nobody can tell what became."""
    puppet.answers = [Unknown("timed out")]
    reply = api.post(f"{path}/{action}", key="k")
    assert reply.status_code == 202, reply.json()
    assert reply.json()["action"]["outcome"] == "unknown"
    puppet.asked.clear()
    return reply


def test_an_unknown_outcome_is_read_at_a_psp_that_can_be_asked(disputed, api, puppet, impatient):
    one, path = disputed
    unknown(api, path, puppet)
    puppet.case = one.says("under_review", withdrawn("txn_1"), hours=1)

    assert resolve("stripe", at=later(5)) == 1

    assert puppet.asked == [one.name]
    assert Act.objects.get().outcome == "done"
    assert one.dispute.status == "under_review"
    assert one.dispute.submitted_at
    assert api.post(f"{path}/submit", key="k").json()["status"] == "under_review"
    assert holds()


def test_what_never_arrived_is_asked_for_again_under_its_own_key(disputed, api, puppet, impatient):
    one, path = disputed
    unknown(api, path, puppet)
    puppet.case = one.says("needs_response", withdrawn("txn_1"), hours=1)

    resolve("stripe", at=later(5))

    assert [getattr(asked, "key", asked) for asked in puppet.asked] == [
        one.name,
        Act.objects.get().public_id,
    ]
    assert one.dispute.status == "under_review"


def test_a_psp_that_cannot_be_asked_is_asked_for_the_same_again(disputed, api, puppet, impatient):
    one, path = disputed
    unknown(api, path, puppet, "accept")
    puppet.knows_cases = False

    resolve("stripe", at=later(5))

    assert puppet.asked == [AcceptCase(Act.objects.get().public_id, one.name)]
    assert one.dispute.status == "lost"


def test_that_a_second_call_was_not_sent_says_nothing_of_the_first(
    disputed, api, puppet, impatient
):
    one, path = disputed
    unknown(api, path, puppet)
    sequence = one.dispute.sequence
    puppet.knows_cases = False
    puppet.answers = [NotSent("rate limited"), Unknown("timed out")]

    resolve("stripe", at=later(5))
    resolve("stripe", at=later(60))

    assert Act.objects.get().outcome == "unknown"
    assert one.dispute.sequence == sequence


def test_while_the_psp_cannot_be_read_nothing_is_sent_again(disputed, api, puppet, impatient):
    _, path = disputed
    unknown(api, path, puppet)

    resolve("stripe", at=later(5))

    assert len(puppet.asked) == 1
    assert Act.objects.get().open


def test_a_webhook_settles_what_was_unknown(disputed, api, puppet, impatient):
    one, path = disputed
    unknown(api, path, puppet)
    one.heard("under_review", hours=1)

    assert Act.objects.get().outcome == "done"
    reply = api.post(f"{path}/submit", key="k")
    assert (reply.status_code, reply.json()["status"]) == (200, "under_review")
    assert not puppet.asked


@pytest.mark.parametrize(
    "action, status, outcome",
    [
        ("submit", "won", "done"),
        ("submit", "lost", "overtaken"),
        ("accept", "lost", "done"),
        ("accept", "won", "overtaken"),
        ("accept", "under_review", "unknown"),
    ],
)
def test_a_decision_ends_an_act_for_what_it_can_have_been(
    disputed, api, puppet, impatient, action, status, outcome
):
    one, path = disputed
    unknown(api, path, puppet, action)
    one.heard(status, hours=1)

    assert Act.objects.get().outcome == outcome
    reply = api.post(f"{path}/{action}", key="k")
    assert reply.status_code == {"done": 200, "overtaken": 409, "unknown": 202}[outcome]
    assert holds()


def test_a_further_stage_overtakes_an_act(disputed, api, puppet, impatient):
    one, path = disputed
    unknown(api, path, puppet)
    one.heard("needs_response", hours=1, stage="pre_arbitration")

    assert Act.objects.get().outcome == "overtaken"
    assert code(api.post(f"{path}/submit", key="k"), 409) == "dispute_went_on"
    assert api.post(f"{path}/submit", key="new").status_code == 200


def test_an_accept_is_asked_for_again_where_somebody_else_answered(
    disputed, api, puppet, impatient
):
    one, path = disputed
    unknown(api, path, puppet, "accept")
    puppet.case = one.says("under_review", hours=1)
    puppet.answers = [Declined(DeclineCode.INVALID_STATE)]

    resolve("stripe", at=later(5))

    assert Act.objects.get().outcome == "declined"
    assert one.dispute.status == "under_review"


def test_an_adapter_that_crashes_has_not_said_what_the_psp_did(
    disputed, api, puppet, impatient, monkeypatch
):
    _, path = disputed
    monkeypatch.setattr(puppet, "accept_case", lambda _: 1 / 0, raising=False)

    assert api.post(f"{path}/accept").status_code == 202
    assert Act.objects.get().outcome == "unknown"


def test_an_act_whose_message_was_lost_is_carried_out(
    disputed, api, puppet, monkeypatch, impatient
):
    one, path = disputed
    monkeypatch.setattr("disputes.dispatch.carry_out_task.apply_async", lambda **_: None)
    monkeypatch.setattr("disputes.act.carry_out_here", lambda *_: None)
    assert api.post(f"{path}/accept").status_code == 202

    resolve("stripe", at=later(5))

    assert one.dispute.status == "lost"
    assert len(puppet.asked) == 1


def test_an_act_has_one_taker(disputed, api, puppet, monkeypatch, impatient):
    _, path = disputed
    monkeypatch.setattr("disputes.dispatch.carry_out_task.apply_async", lambda **_: None)
    monkeypatch.setattr("disputes.act.carry_out_here", lambda *_: None)
    api.post(f"{path}/accept")
    pair = [(act.merchant_id, act.id) for act in Act.objects.all()]

    assert len(take(pair, at=now())) == 1
    assert take(pair, at=now()) == []
    assert carry_out(pair) == 0
    assert not puppet.asked


def test_a_taker_that_was_stopped_for_long_sends_nothing(disputed, api, puppet, monkeypatch):
    _, path = disputed
    monkeypatch.setattr("disputes.dispatch.carry_out_task.apply_async", lambda **_: None)
    monkeypatch.setattr("disputes.act.carry_out_here", lambda *_: None)
    api.post(f"{path}/accept", key="k", Prefer="respond-async")
    [act] = take([(act.merchant_id, act.id) for act in Act.objects.all()], at=later(-3600))

    see_through(act)

    assert not puppet.asked
    assert Act.objects.get().open


def test_of_two_answers_to_one_act_the_first_settles(disputed, api, puppet, impatient, caplog):
    one, path = disputed
    unknown(api, path, puppet, "accept")
    act = Act.objects.get()
    settle(act, Declined(DeclineCode.INVALID_STATE))
    sequence = one.dispute.sequence

    assert settle(act, Done(Standing.LOST)) is None
    assert (one.dispute.status, one.dispute.sequence) == ("needs_response", sequence)
    assert "psp.contradiction" in caplog.text


def test_the_pauses_grow_and_the_last_one_is_for_ever(disputed, api, puppet, impatient):
    _, path = disputed
    unknown(api, path, puppet)
    at = later(5)

    pauses = []
    for _ in range(len(PAUSES) + 2):
        [act] = take_due(Act, "stripe", at=at, most=10)
        pauses.append((act.next_look_at - at).total_seconds())
        at = act.next_look_at

    assert pauses == [*PAUSES, PAUSES[-1], PAUSES[-1]]


def test_a_broker_that_is_gone_does_not_keep_an_act_from_being_done(
    disputed, api, puppet, monkeypatch
):
    _, path = disputed

    def gone(**_):
        raise OSError

    here = []
    monkeypatch.setattr("disputes.dispatch.carry_out_task.apply_async", gone)
    monkeypatch.setattr("disputes.dispatch.carry_out_here", here.append)
    api.post(f"{path}/accept", Prefer="respond-async")

    assert here == [Act.objects.get()]


def test_one_who_does_not_want_to_wait_is_answered_at_once(disputed, api, puppet, monkeypatch):
    _, path = disputed
    monkeypatch.setattr("disputes.dispatch.carry_out_task.apply_async", lambda **_: None)

    reply = api.post(f"{path}/accept", Prefer="respond-async")

    assert (reply.status_code, reply.json()["status"]) == (202, "needs_response")
    assert reply.json()["available_actions"] == []
