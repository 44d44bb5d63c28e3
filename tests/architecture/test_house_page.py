"""docs/house.md draws the graphs that the models have, and the README links only to what is there."""

import re

import pytest

from disputes.models import arrows as arrows_of_a_dispute
from paygate.payments.models import Payment, Refund, arrows
from paygate.reconciliation.models import arrows as arrows_of_a_break
from payouts.models import Batch, Payout
from payouts.models import arrows as arrows_of_payouts


def drawn(root, heading):
    """The arrows below a heading of the page, each with what is written at it."""
    page = (root / "docs/house.md").read_text()
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^    (\w+) --> (\w+)(?:: (.+))?$", section, re.MULTILINE)


@pytest.mark.parametrize("model", [Payment, Refund])
def test_the_page_draws_the_graph_of_payments_and_refunds(root, model):
    found = drawn(root, f"The states of a {model.__name__.lower()}")

    assert {(source, target) for source, target, _ in found} == arrows(model)


def test_the_page_draws_the_graph_of_a_dispute(root):
    found = drawn(root, "The states of a dispute")

    assert {
        (source, target, label == "in a further stage") for source, target, label in found
    } == arrows_of_a_dispute()


@pytest.mark.parametrize(
    ("model", "heading"),
    [(Payout, "The states of a payout"), (Batch, "The states of a batch of payouts")],
)
def test_the_page_draws_the_graphs_of_payouts_and_their_batches(root, model, heading):
    found = drawn(root, heading)

    assert {(source, target) for source, target, _ in found} == arrows_of_payouts(model)


def test_the_page_draws_the_graph_of_a_break(root):
    found = drawn(root, "The states of a break")

    assert {(source, target) for source, target, _ in found} == arrows_of_a_break()


def test_the_readme_links_to_what_is_there(root):
    linked = re.findall(r"\]\(([^)#:]+)\)", (root / "README.md").read_text())

    assert [link for link in linked if not (root / link).exists()] == []
