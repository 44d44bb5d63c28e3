"""docs/house.md draws the graph that the model has, and the README links only to what is there."""

import re

from paygate.payments.models import arrows


def test_the_page_draws_the_graph_of_the_model(root):
    drawn = re.findall(r"^    (\w+) --> (\w+)$", (root / "docs/house.md").read_text(), re.MULTILINE)

    assert set(drawn) == arrows()


def test_the_readme_links_to_what_is_there(root):
    linked = re.findall(r"\]\(([^)#:]+)\)", (root / "README.md").read_text())

    assert [link for link in linked if not (root / link).exists()] == []
