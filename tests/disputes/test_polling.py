"""Lost webhooks are made up for by asking."""

from datetime import timedelta

import pytest

from disputes.models import Dispute, Report
from disputes.polling import OPENED_WITHIN, poll, read_quiet
from kernel.clock import now
from paygate.psp.gateway import Unknown
from tests.disputes.conftest import Case, reinstated, withdrawn
from tests.proof.holds import holds

pytestmark = pytest.mark.django_db


def test_a_case_whose_webhook_was_lost_is_found(case, puppet):
    one = case()
    puppet.recent = [one.says("needs_response", withdrawn("a"))]
    at = now()

    assert poll("stripe", at=at) == 1

    assert one.dispute.outstanding == 1000
    assert puppet.asked == [at - OPENED_WITHIN]
    assert holds()


def test_what_is_said_only_again_is_not_kept(case, puppet):
    one = case()
    for hour in range(5):
        puppet.recent = [one.says("needs_response", withdrawn("a"), hours=hour)]
        assert poll("stripe", at=now()) == (1 if hour == 0 else 0)

    assert Report.objects.count() == 1


def test_what_has_changed_is_heard(case, puppet):
    one = case()
    one.heard("needs_response", withdrawn("a"))
    puppet.recent = [one.says("won", withdrawn("a"), reinstated("b"), hours=5)]

    assert poll("stripe", at=now()) == 1
    assert one.dispute.status == "won"


def test_one_that_cannot_be_heard_does_not_stop_the_others(case, puppet, caplog):
    one, other = case(), case()
    stranger = Case(one.payment | {"id": "", "psp_reference": "pi_foreign"}, "foreign")
    too_much = Case(one.payment, "too_much")
    broken = other.says()
    object.__setattr__(broken, "amount", None)
    puppet.recent = [
        stranger.says(),
        too_much.says(amount=1001),
        broken,
        other.says("needs_response", withdrawn("a")),
    ]

    assert poll("stripe", at=now()) == 1
    assert other.dispute.outstanding == 1000
    assert "poll.not_yet" in caplog.text
    assert "poll.quarantined" in caplog.text
    assert "poll.failed" in caplog.text


def test_a_psp_that_does_not_answer_is_asked_again_later(case, puppet):
    puppet.recent = Unknown("timed out")

    assert poll("stripe", at=now()) == 0


def test_a_psp_that_does_not_know_its_cases_is_not_asked(case, puppet):
    puppet.knows_cases = False

    assert poll("adyen", at=now()) == read_quiet("adyen", at=now()) == 0
    assert not puppet.asked


def test_open_cases_that_have_been_quiet_are_read_one_by_one(case, puppet):
    one, decided = case(), case()
    one.heard("under_review", withdrawn("a"))
    decided.heard("lost")
    puppet.case = one.says("won", withdrawn("a"), reinstated("b"), hours=500)

    assert read_quiet("stripe", at=now()) == 0  # It was heard of just now.
    assert read_quiet("stripe", at=now() + timedelta(hours=7)) == 1

    assert puppet.asked == [one.name]
    assert one.dispute.status == "won"


def test_one_that_cannot_be_read_does_not_stop_the_others(case, puppet, monkeypatch):
    one, other = case(), case()
    one.heard("under_review")
    other.heard("under_review")

    def read(name):
        if name == one.name:
            raise ZeroDivisionError
        return other.says("lost", hours=5)

    monkeypatch.setattr(puppet, "read_case", read, raising=False)

    assert read_quiet("stripe", at=now() + timedelta(hours=7)) == 1
    assert set(Dispute.objects.values_list("status", flat=True)) == {"under_review", "lost"}
