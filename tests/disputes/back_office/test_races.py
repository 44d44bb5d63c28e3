"""The desk with several people at once: real threads, real commits, one act at the PSP."""

from __future__ import annotations

import pytest

from disputes.models import Act, Dispute, Evidence
from kernel.audit.models import Entry
from tests.disputes.back_office.conftest import ACCEPT, ANSWER, LOOK, Desk, said
from tests.disputes.conftest import withdrawn
from tests.proof.holds import holds
from tests.races import all_at_once, at_once


@pytest.fixture
def db(commits):
    """Each thread has a connection of its own, and what it writes is there for the others."""


THREADS = 6


@pytest.fixture
def people(db):
    return [Desk(*LOOK, ANSWER, ACCEPT) for _ in range(THREADS)]


@pytest.fixture
def proved(case, puppet, noon, people):
    dispute = case().heard("needs_response", withdrawn("txn_1"))
    people[0].save(dispute, {"text_explanation": "It was delivered."})
    return Dispute.objects.get()


def test_accept_and_submit_at_once_are_one_act(proved, people, puppet, api):
    forms = [people[n].hidden(proved, ("submit", "accept")[n % 2]) for n in range(THREADS)]

    replies = at_once(
        THREADS, lambda n: people[n].press(proved, ("submit", "accept")[n % 2], forms[n])
    )

    assert [reply.status_code for reply in replies] == [302] * THREADS
    assert sum("has taken it" in said(reply) for reply in replies) == 1
    assert Act.objects.count() == len(puppet.asked) == 1
    ends = Entry.objects.filter(act__in=("dispute.submit", "dispute.accept")).exclude(
        outcome="asked"
    )
    assert sorted(ends.values_list("outcome", flat=True)) == ["done"] + ["refused"] * (THREADS - 1)
    assert holds()


def test_one_form_sent_by_six_at_once_is_one_act(proved, people, puppet):
    form = people[0].hidden(proved, "submit")

    at_once(THREADS, lambda n: people[n].press(proved, "submit", form))

    assert Act.objects.count() == len(puppet.asked) == 1
    assert holds()


def test_the_desk_and_the_merchant_at_once_are_one_act(proved, people, puppet, api):
    form = people[0].hidden(proved, "accept")
    path = f"disputes/{proved.public_id}/submit"

    all_at_once(lambda: people[0].press(proved, "accept", form), lambda: api.post(path))

    assert Act.objects.count() == len(puppet.asked) == 1


def test_of_those_who_save_at_once_one_saves_and_the_others_are_told(proved, people):
    replies = at_once(
        THREADS, lambda n: people[n].save(proved, {"text_explanation": f"By number {n}."})
    )

    saved = [n for n, reply in enumerate(replies) if reply.status_code == 302]
    assert len(saved) == 1
    assert Evidence.objects.get(replaced_at=None).text == f"By number {saved[0]}."
    for n, reply in enumerate(replies):
        if n not in saved:
            assert "has changed since you opened this page" in said(reply)
