"""Disputes from end to end, at each PSP: its own webhooks and API, our dispute, and the PSP's books as the witness."""

from __future__ import annotations

import random
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from disputes.hear import case_reported
from disputes.models import Act, Dispute
from disputes.polling import poll, read_quiet
from disputes.resolve import resolve
from kernel.clock import now
from paygate.psp.cases import CaseReport
from paygate.psp.events import Delivery
from paygate.psp.registry import configuration, webhook
from simulators import run
from tests.disputes.conftest import PDF, book, difference, disputed
from tests.proof.holds import holds
from tests.simulators.listener import listener

pytestmark = pytest.mark.django_db

PSPS = ["stripe", "adyen", "braintree"]
KNOWING = ["stripe", "braintree"]  # Those that can be asked.
MONTHS = 70 * 86400.0  # Until every bank has decided, and every deadline is over.
FEE = 1500


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Simulators of this module's own: their clocks run ahead."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("simulators")
        yield {psp: stack.enter_context(run.start(psp, folder=folder)) for psp in PSPS}


class Psp:
    """One PSP, seen from both sides: what happens there, and what we hear of it."""

    def __init__(self, psp, simulator, ears, api):
        self.psp, self.simulator, self.ears, self.api = psp, simulator, ears, api
        self.payment = api.pay(psp=psp).json()
        assert self.payment["status"] == "captured"
        if psp == "braintree":
            simulator.act("settle", payment=self.payment["id"])
        self.heard = 0
        self.random = random.Random(psp)
        self.case = ""

    def disputes(self, **how):
        self.case = self.simulator.act("dispute", payment=self.payment["id"], **how)["id"]

    def act(self, act, **how):
        self.case = self.simulator.act(act, dispute=self.case, **how)["id"] or self.case

    def pass_time(self, seconds=MONTHS):
        self.simulator.clock(advance=seconds)

    def hear(self):
        """Hear all webhooks that came since, each twice and in no order."""
        self.ears.wait(lambda: self.simulator.told()["waiting"] == 0)
        fresh = list(zip(self.ears.headers, self.ears.bodies, strict=True))[self.heard :]
        self.heard += len(fresh)
        news = [report for headers, body in fresh for report in self.reports(headers, body)] * 2
        self.random.shuffle(news)
        for report in news:
            self.tell(report)

    def reports(self, headers, body):
        door = webhook(self.psp)
        items = door.receive(
            Delivery(body, headers), configuration(self.psp, livemode=False), now=now()
        )
        news = [door.translate(item) for item in items]
        return [report for report in news if isinstance(report, CaseReport)]

    def tell(self, report):
        case_reported(self.psp, report, livemode=False, now=now())

    @property
    def shown(self):
        [dispute] = self.api.get("disputes", {"payment": self.payment["id"]}).json()["data"]
        return dispute

    def post(self, action, body=None, **more):
        return self.api.post(f"disputes/{self.shown['id']}/{action}", body, **more)

    def give(self, explanation):
        return self.api.client.post(
            f"/v1/disputes/{self.shown['id']}/evidence",
            {
                "explanation": explanation,
                "customer_name": "Ada Lovelace",
                "receipt": SimpleUploadedFile("Receipt 12.pdf", PDF),
            },
            headers={"Authorization": f"Bearer {self.api.secret}"},
        )

    @property
    def gone(self):
        """What disputes hold of the payment by the PSP's own books."""
        moved = {"disputed": 1, "reinstated": -1}
        return sum(
            moved.get(entry["kind"], 0) * entry["amount"]
            for entry in self.simulator.books()["entries"]
            if entry["payment"] == self.payment["id"]
        )

    def agrees(self):
        assert self.gone == disputed(self.payment) == Dispute.objects.get().outstanding
        return holds()


@pytest.fixture
def at(simulators, api):
    """at("adyen"): a payment there, whose webhooks are kept until the test hears them."""
    with listener() as ears:

        def build(psp):
            simulators[psp].webhooks(url=ears.url)
            return Psp(psp, simulators[psp], ears, api)

        yield build
        for simulator in simulators.values():
            simulator.webhooks(url="")


@pytest.mark.parametrize("psp", PSPS)
def test_a_dispute_is_answered_won_taken_up_again_and_given_up(at, psp, merchant):
    there = at(psp)
    before = book(merchant.merchant.id)
    there.disputes()
    there.hear()
    opened = there.shown
    assert (opened["status"], opened["stage"]) == ("needs_response", "chargeback")
    assert (opened["amount"], opened["amount_withdrawn"], opened["reason"]) == (
        1000,
        1000,
        "fraudulent",
    )
    assert opened["evidence_due_by"] > opened["opened_at"]
    assert there.agrees()

    assert there.give("It was delivered: winning_evidence").status_code == 200
    sent = there.post("submit")
    assert (sent.status_code, sent.json()["status"]) == (200, "under_review"), sent.json()

    there.pass_time()
    there.hear()
    assert (there.shown["status"], there.shown["amount_reinstated"]) == ("won", 1000)
    assert there.shown["fee"] == 0
    assert difference(before, book(merchant.merchant.id)) in ({}, psp_fees(there, before, merchant))
    assert there.agrees()

    there.act("escalate")
    there.hear()
    again = there.shown
    assert again["stage"] == "pre_arbitration"
    assert again["amount_withdrawn"] == 2000
    assert there.agrees()

    if again["status"] == "needs_response":
        assert there.post("accept").json()["status"] == "lost"
    there.hear()
    there.pass_time()
    there.hear()
    assert there.shown["status"] == "lost"
    assert there.agrees()


def psp_fees(there, before, merchant):
    """A PSP may keep its own fee of a dispute that was won: that is ours to bear, and nothing of the merchant's."""
    moved = difference(before, book(merchant.merchant.id))
    ours = {f"expenses:psp:{there.psp}:fees", f"assets:psp:{there.psp}:receivable"}
    return moved if set(moved) <= ours else {}


@pytest.mark.parametrize("psp", PSPS)
def test_an_inquiry_that_nobody_answers_escalates_and_is_lost(at, psp):
    there = at(psp)
    there.disputes(kind="inquiry")
    there.hear()
    assert (there.shown["stage"], there.shown["amount_withdrawn"]) == ("inquiry", 0)
    assert there.agrees()

    there.act("escalate")
    there.hear()
    assert (there.shown["stage"], there.shown["status"]) == ("chargeback", "needs_response")
    there.pass_time()
    there.hear()
    assert there.shown["status"] == "lost"
    assert there.agrees()


@pytest.mark.parametrize("psp", PSPS)
def test_bad_evidence_loses(at, psp):
    there = at(psp)
    there.disputes()
    there.hear()
    there.give("losing_evidence")
    there.post("submit")
    there.pass_time()
    there.hear()

    assert (there.shown["status"], there.shown["win_estimate"]) == ("lost", None)
    assert there.agrees()


@pytest.mark.parametrize("psp", PSPS)
@pytest.mark.parametrize("action", ["submit", "accept"])
def test_an_answer_whose_answer_was_lost_is_found_out(at, psp, action, settings):
    settings.OUTCOME_PATIENCE = 0.1
    there = at(psp)
    there.disputes()
    there.hear()
    there.give("winning_evidence")
    there.simulator.faults(
        probabilities={"timeout_after": 1.0, "lookup_timeout_after": 0.0}, seed=1, hang_seconds=1.0
    )
    assert there.post(action, key="k").status_code == 202
    there.simulator.faults()

    resolve(psp, at=now() + timedelta(seconds=60))

    assert Act.objects.get().outcome == "done"
    assert there.shown["status"] == {"submit": "under_review", "accept": "lost"}[action]
    assert there.post(action, key="k").status_code == 200
    there.pass_time()
    there.hear()
    assert there.shown["status"] == {"submit": "won", "accept": "lost"}[action]
    assert there.agrees()


@pytest.mark.parametrize("psp", KNOWING)
def test_all_webhooks_lost_are_made_up_for_by_asking(at, psp):
    there = at(psp)
    there.disputes()
    assert poll(psp, at=now()) >= 1
    assert there.shown["status"] == "needs_response"
    assert poll(psp, at=now()) == 0

    there.give("winning_evidence")
    there.post("submit")
    there.pass_time()
    assert read_quiet(psp, at=now() + timedelta(hours=7)) == 1
    assert there.shown["status"] == "won"
    assert there.agrees()

    there.hear()  # At last.
    assert there.shown["status"] == "won"
    assert there.agrees()


@pytest.mark.parametrize("psp", PSPS)
def test_what_was_disputed_cannot_be_refunded_and_what_was_won_can(at, psp):
    there = at(psp)
    there.disputes()
    there.hear()
    refund = {"payment": there.payment["id"], "amount": 100}
    assert there.api.post("refunds", refund).status_code == 409

    there.act("decide", outcome="won")
    there.hear()
    assert there.api.post("refunds", refund).status_code in {201, 202}
    assert there.agrees()
