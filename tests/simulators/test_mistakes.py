"""Mistakes planted in settlement files: each where it can be, on a payment of its own, and the file still adds up."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from urllib.error import HTTPError

import pytest

from simulators.mistakes import KINDS, plant
from simulators.run import Simulator
from simulators.settlement import Planted, Row

NOON = datetime(2026, 11, 5, 12, tzinfo=UTC)
ALL = dict.fromkeys(KINDS, 2)
SEEDS = range(25)


def row(kind: str, number: int, gross: int, *, fee: int = 0, of: int | None = None) -> Row:
    return Row(
        kind=kind,
        reference=f"txn_{kind[:3]}{number:04}",
        object=f"ch_{kind[:3]}{number:04}",
        payment=f"pi_{of or number:04}",
        ours=f"att_{number:04}",
        order=f"pay_{of or number:04}",
        account="PaygateECOM",
        currency="USD",
        gross=gross,
        settled_currency="USD",
        settled_gross=gross,
        fee=fee,
        billed=0,
        rate=None,
        batch="po_0001",
        at=NOON,
    )


def settled(rows: list[Row], batch: str) -> list[Row]:
    """The rows, and what is paid for them."""
    total = sum(found.net for found in rows)
    last = replace(rows[0], kind="settlement", reference=batch, object="", payment="", ours="")
    last = replace(last, order="", fee=0, currency=last.settled_currency, rate=None, batch=batch)
    return [*rows, replace(last, gross=-total, settled_gross=-total)]


@pytest.fixture
def clean() -> list[Row]:
    """A day of forty payments, ten of them given back in part, five charged back, and some converted."""
    dollars = [row("capture", n, 1000 + n, fee=30) for n in range(40)]
    dollars += [row("refund", n, -300, of=n) for n in range(10)]
    dollars += [row("chargeback", n, -1000 - n, of=n) for n in range(10, 15)]
    pounds = [
        replace(
            row("capture", n, 1000, fee=10),
            currency="GBP",
            settled_currency="EUR",
            settled_gross=1170,
            rate=Decimal("1.17"),
            batch="po_0002",
        )
        for n in range(50, 60)
    ]
    return settled(dollars, "po_0001") + settled(pounds, "po_0002")


def paid(rows: list[Row]) -> Counter[str]:
    """What each batch pays, by its settlement row."""
    return Counter({found.batch: -found.net for found in rows if found.kind == "settlement"})


def test_every_kind_can_be_planted_several_times_at_once_and_is_said(clean: list[Row]) -> None:
    for seed in SEEDS:
        _, planted = plant(clean, ALL, seed=seed)

        assert Counter(made.mistake for made in planted) == ALL, seed


def test_there_is_one_mistake_at_most_for_each_payment(clean: list[Row]) -> None:
    for seed in SEEDS:
        _, planted = plant(clean, ALL, seed=seed)

        about = [made.payment or made.reference for made in planted]
        assert len(about) == len(set(about)), seed


def test_the_same_seed_makes_the_same_file_and_another_one_another(clean: list[Row]) -> None:
    assert plant(clean, ALL, seed=3) == plant(clean, ALL, seed=3)
    assert plant(clean, ALL, seed=3) != plant(clean, ALL, seed=4)


def test_the_rows_that_were_given_stay_as_they_are(clean: list[Row]) -> None:
    before = [replace(found) for found in clean]

    plant(clean, ALL, seed=1)

    assert clean == before


def test_a_file_adds_up_but_where_the_payout_is_to_differ(clean: list[Row]) -> None:
    for seed in SEEDS:
        rows, planted = plant(clean, ALL, seed=seed)

        differs = Counter[str]()
        for made in planted:
            if made.mistake == "payout_differs":
                differs[made.reference] += made.amount
        for batch, amount in paid(rows).items():
            lines = [r for r in rows if r.batch == batch and r.kind != "settlement"]
            lines = [line for line in lines if line.account == "PaygateECOM"]
            assert amount == sum(line.net for line in lines) + differs[batch], (seed, batch)


def test_what_is_paid_is_off_by_what_was_planted(clean: list[Row]) -> None:
    for seed in SEEDS:
        rows, planted = plant(clean, ALL, seed=seed)

        off = Counter[str]()
        for made in planted:
            off[made.currency] += made.amount
        assert paid(rows)["po_0001"] - paid(clean)["po_0001"] == off["USD"], seed
        assert paid(rows)["po_0002"] - paid(clean)["po_0002"] == off["EUR"], seed


def test_a_fee_that_is_billed_is_wrong_where_it_is_told(clean: list[Row]) -> None:
    billed = [
        replace(r, fee=0, billed=r.fee) if r.kind != "settlement" else replace(r) for r in clean
    ]

    rows, [made] = plant(billed, {"fee_high": 1}, seed=1)

    was, now = (next(r for r in these if r.reference == made.reference) for these in (billed, rows))
    assert (now.fee, now.billed) == (0, was.billed - made.amount)
    assert now.billed > was.billed


def test_nothing_is_planted_where_it_cannot_be(clean: list[Row]) -> None:
    captures = [replace(r, fee=0, account="") for r in clean if r.payment == "pi_0020"]

    rows, planted = plant(captures, ALL, seed=1)

    assert [made.mistake for made in planted] == ["dashboard_refund"]
    assert [found.kind for found in rows] == ["refund", "capture"]


@pytest.mark.parametrize("wanted", [{"typo": 1}, {"late": -1}])
def test_a_mistake_that_nobody_knows_is_refused(clean: list[Row], wanted: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="no such mistake"):
        plant(clean, wanted, seed=1)


def test_what_is_late_stands_in_the_next_file_of_its_currency(clean: list[Row]) -> None:
    held: list[Row] = []
    dollars = [found for found in clean if found.settled_currency == "USD"]
    euros = [found for found in clean if found.settled_currency == "EUR"]

    _, [made] = plant(dollars, {"late": 1}, seed=1, late=held)
    assert [found.reference for found in held] == [made.reference]

    assert plant(euros, {}, seed=1, late=held)[0] == euros
    next_day = settled([replace(row("capture", 90, 500), batch="po_0003")], "po_0003")
    rows, planted = plant(next_day, {}, seed=1, late=held)

    assert (held, planted) == ([], [])
    assert {(found.reference, found.batch) for found in rows} >= {(made.reference, "po_0003")}
    assert paid(rows)["po_0003"] == 500 - made.amount


def test_what_is_wanted_is_said_in_the_control_room_and_refused_when_it_is_nothing(
    faultless: dict[str, Simulator],
) -> None:
    stripe = faultless["stripe"]

    assert stripe.act("mistakes", wanted={"lost_refund": 2}, seed=7)["wanted"] == {"lost_refund": 2}
    assert stripe.act("mistakes", wanted={}, seed=0)["wanted"] == {}

    with pytest.raises(HTTPError, match="400"):
        stripe.act("mistakes", wanted={"typo": 1}, seed=7)
    with pytest.raises(HTTPError, match="404"):
        stripe.statement("never/published.csv")


def test_what_was_planted_says_what_it_is_about(clean: list[Row]) -> None:
    rows, [made] = plant(clean, {"captured_twice": 1}, seed=5)

    twins = [found for found in rows if found.payment == made.payment]
    assert [found.kind for found in twins] == ["capture", "capture"]
    assert len({found.reference for found in twins}) == 2
    assert made == Planted(
        mistake="captured_twice",
        reference=made.reference,
        object=made.object,
        payment=twins[0].payment,
        order=twins[0].order,
        currency="USD",
        amount=twins[0].net,
    )
