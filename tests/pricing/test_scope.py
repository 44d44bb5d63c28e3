"""Of several plans the one that says the most about a payment counts, and it is always the same one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from random import Random

import pytest

from merchants.pricing.scope import Use, most_specific

VISA_FROM_GERMANY = Use("stripe", "EUR", "visa", "DE")


@dataclass(frozen=True)
class Plan:
    psp: str = ""
    method: str = ""
    country: str = ""
    currency: str = ""


def chosen(*plans, use=VISA_FROM_GERMANY, home="DE"):
    return most_specific(plans, use, home=home)


def test_where_no_plan_counts_none_is_chosen():
    assert chosen() is None
    assert (
        chosen(Plan(psp="adyen"), Plan(method="amex"), Plan(country="FR"), Plan(currency="USD"))
        is None
    )


@pytest.mark.parametrize(
    "more, less",
    [
        (Plan(), None),
        (Plan(currency="EUR"), Plan()),
        (Plan(psp="stripe"), Plan(currency="EUR")),
        (Plan(psp="stripe"), Plan(method="visa")),
        (Plan(method="visa"), Plan(country="DE")),
        (Plan(country="DE"), Plan(currency="EUR")),
        (Plan(method="card", currency="EUR"), Plan(psp="stripe")),  # Who names more says more.
        (Plan(method="visa", country="eea", currency="EUR"), Plan(psp="stripe", method="visa")),
        (Plan(method="visa"), Plan(method="card")),
        (Plan(country="DE"), Plan(country="domestic")),
        (Plan(country="domestic"), Plan(country="eea")),
    ],
)
def test_the_plan_that_says_more_counts(more, less):
    plans = [plan for plan in (more, less) if plan]

    assert chosen(*plans) == chosen(*reversed(plans)) == more


@pytest.mark.parametrize(
    "issuer, home, named",
    [
        ("DE", "DE", {"DE", "domestic", "eea", ""}),
        ("FR", "DE", {"FR", "eea", ""}),
        ("NO", "DE", {"NO", "eea", ""}),
        ("GB", "DE", {"GB", "other", ""}),
        ("CH", "DE", {"CH", "other", ""}),
        ("US", "US", {"US", "domestic", ""}),
        ("DE", "US", {"DE", "eea", ""}),
        ("", "DE", {""}),  # Nobody knows where it is from.
        ("", "", {""}),
    ],
)
def test_an_issuers_country_has_these_names(issuer, home, named):
    use = Use("stripe", "EUR", "visa", issuer)
    names = ("", "domestic", "eea", "other", "DE", "FR", "NO", "GB", "CH", "US")

    assert {n for n in names if chosen(Plan(country=n), use=use, home=home)} == named


def test_a_card_of_an_unknown_brand_is_a_card():
    use = Use("stripe", "EUR")

    assert chosen(Plan(method="card"), use=use) == Plan(method="card")
    assert chosen(Plan(method="visa"), use=use) is None


def test_a_brand_is_known_however_it_is_written():
    assert chosen(Plan(method="visa"), use=Use("stripe", "EUR", "Visa")) == Plan(method="visa")


def test_the_order_of_the_plans_decides_nothing():
    every = [
        Plan(*names)
        for names in product(
            ("", "stripe"), ("", "card", "visa"), ("", "eea", "domestic", "DE"), ("", "EUR")
        )
    ]
    draw = Random(7)
    for _ in range(200):
        some = draw.sample(every, 6)
        assert (
            len(
                {
                    most_specific(draw.sample(some, 6), VISA_FROM_GERMANY, home="DE")
                    for _ in range(5)
                }
            )
            == 1
        )
