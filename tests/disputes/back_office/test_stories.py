"""A dispute answered at the desk with a file, and won: end to end at each PSP, its books as the witness."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from disputes.models import Dispute
from kernel.audit.models import Entry
from simulators import run
from tests.disputes.back_office.conftest import said, words
from tests.disputes.conftest import PDF
from tests.disputes.test_stories import PSPS, Psp
from tests.proof.holds import holds
from tests.simulators.listener import listener

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Simulators of this module's own: their clocks run ahead."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("simulators")
        yield {psp: stack.enter_context(run.start(psp, folder=folder)) for psp in PSPS}


@pytest.mark.parametrize("psp", PSPS)
def test_a_dispute_is_answered_at_the_desk_with_a_file_and_won(simulators, api, sam, psp):
    with listener() as ears:
        simulators[psp].webhooks(url=ears.url)
        there = Psp(psp, simulators[psp], ears, api)
        there.disputes()
        there.hear()
        dispute = Dispute.objects.get()
        assert dispute.public_id in sam.client.get("/admin/disputes/dispute/").content.decode()

        saved = sam.save(
            dispute,
            {
                "text_explanation": "It was delivered: winning_evidence",
                "file_receipt": SimpleUploadedFile("Receipt 12.pdf", PDF),
            },
        )
        assert said(saved) == "Saved as a draft. Nothing has been sent yet."
        sent = sam.ask(Dispute.objects.get(), "submit")
        assert said(sent) == f"The evidence was submitted: {psp.capitalize()} has taken it."
        assert "The bank has not decided yet." in words(sam.page(dispute))

        there.pass_time()
        there.hear()

        page = words(sam.page(dispute))
        assert "Won on" in page
        assert "10.00 USD came back" in page
        assert Dispute.objects.get().status == "won"
        assert there.agrees()
        assert holds()
        done = Entry.objects.filter(act="dispute.submit", outcome="done").get()
        assert done.by == sam.user.username
        simulators[psp].webhooks(url="")


@pytest.mark.parametrize("psp", PSPS)
def test_a_dispute_is_given_up_at_the_desk(simulators, api, sam, psp):
    with listener() as ears:
        simulators[psp].webhooks(url=ears.url)
        there = Psp(psp, simulators[psp], ears, api)
        there.disputes()
        there.hear()

        given_up = sam.ask(Dispute.objects.get(), "accept")

        assert said(given_up) == f"It was accepted: {psp.capitalize()} has taken it."
        there.hear()
        assert "Given up on" in words(sam.page(Dispute.objects.get()))
        assert there.agrees()
        simulators[psp].webhooks(url="")
