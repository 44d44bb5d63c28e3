"""Every kind of mistake in a PSP's file is found, gets its cause and a draft that closes it; and none is invented."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from kernel.clock import now
from merchants.onboard import onboard
from paygate.reconciliation.apply import apply_waiting
from paygate.reconciliation.breaks import propose
from paygate.reconciliation.close import approve
from paygate.reconciliation.drafted import digest
from paygate.reconciliation.due import find_overdue
from paygate.reconciliation.models import Break, Cause, Statement
from simulators import run
from simulators.mistakes import KINDS
from tests.conftest import Api
from tests.proof.holds import holds
from tests.reconciliation.world import World
from tests.simulators.listener import listener

PSPS = ["stripe", "adyen", "braintree"]

#: What each mistake is: the causes by which it may go.
CAUSES = {
    "lost_capture": {Cause.MISSING_THERE},
    "lost_refund": {Cause.MISSING_THERE},
    "lost_chargeback": {Cause.MISSING_THERE},
    "late": set(),  # It came in time.
    "unknown_payment": {Cause.MISSING_HERE},
    "unknown_refund": {Cause.MISSING_HERE},
    "unknown_kind": {Cause.MISSING_HERE},
    "amount_low": {Cause.AMOUNT},
    "amount_high": {Cause.AMOUNT},
    "payout_differs": {Cause.AMOUNT},
    "wrong_currency": {Cause.CURRENCY},
    "fee_high": {Cause.FEE},
    "fee_low": {Cause.FEE},
    "fx_rounding": {Cause.FX_ROUNDING},
    "captured_twice": {Cause.CAPTURED_TWICE},
    "dashboard_refund": {Cause.REFUNDED_IN_DASHBOARD},
    "unheard_chargeback": {Cause.CHARGEBACK_NOT_HEARD},
    "duplicate_line": {Cause.DUPLICATE_LINE},
    "wrong_account": {Cause.WRONG_MERCHANT_ACCOUNT},
}


@pytest.fixture
def db(commits: None) -> None:
    """What is received, applied and approved is committed, as it is in life."""


@pytest.fixture
def running(tmp_path_factory: pytest.TempPathFactory, psp: str) -> Iterator[dict[str, Any]]:
    """A simulator of the test's own: it settles, and days pass."""
    with run.start(psp, folder=tmp_path_factory.mktemp("books")) as simulator:
        yield {psp: simulator}


@pytest.fixture
def world(psp: str, db: None, simulators: dict[str, Any], settings: Any) -> Iterator[World]:
    bases = dict.fromkeys(("transfers_base", "reports_base", "files_base"), simulators[psp].url)
    settings.PSPS[psp]["test"] |= bases
    apis = []
    for name in ("Kiosk", "Bakery"):
        merchant = onboard(name)
        api: Any = Api(merchant.secret_key)
        api.merchant = merchant.merchant.id
        apis.append(api)
    with listener() as ears:
        yield World(psp, simulators[psp], ears, apis)
        simulators[psp].webhooks(url="")


def taken_in(world: World) -> list[Statement]:
    """The PSP's files, in our books."""
    files = world.files()
    apply_waiting(at=now())
    for file in files:
        file.refresh_from_db()
        assert file.state == Statement.State.APPLIED, (file.name, file.refused_because)
    return files


def open_breaks() -> list[Break]:
    return list(Break.objects.filter(closed_at=None).order_by("id"))


def approve_all() -> None:
    """Two people close what there is, as it is drafted."""
    for break_ in open_breaks():
        shown = digest(break_, Break.Proposal.DRAFT)
        why: dict[str, Any] = {"because": "As the file says.", "digest": shown, "at": now()}
        propose(break_, Break.Proposal.DRAFT, by="ada", **why)
        approve(break_, by="grace", **why)


def told(break_: Break) -> str:
    return f"{break_.cause} {break_.key} {break_.money} {break_.subject} {break_.evidence}"


@pytest.mark.parametrize("psp", PSPS)
def test_nothing_is_found_where_nothing_is_wrong(world: World) -> None:
    if world.psp != "braintree":  # It pays no merchants.
        world.pay_out()
    world.trade(random.Random(world.psp))
    assert world.cut() == []

    assert taken_in(world)
    find_overdue(at=now())

    invented = [told(break_) for break_ in open_breaks()]
    assert not invented, "\n".join(invented)
    assert world.receivable() == world.owed()
    assert world.suspense() == []
    assert holds()


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("psp", PSPS)
def test_each_mistake_is_found_once_with_its_cause_and_closed_by_its_draft(
    world: World, seed: int
) -> None:
    world.trade(random.Random(seed))
    planted = world.cut(dict.fromkeys(KINDS, 2), seed=seed)
    assert len({made["mistake"] for made in planted}) >= 15
    world.week()
    assert world.cut() == []

    taken_in(world)
    find_overdue(at=now())

    known = [made for made in planted if found(made, world)]
    wrong = judged(known, open_breaks(), in_parts=world.in_parts)
    assert not wrong, "\n".join(wrong)

    approve_all()
    assert open_breaks() == []
    assert world.suspense() == []
    should = world.owed()
    for made in planted:
        if made["mistake"] != "late":
            should[made["currency"]] += made["amount"]
    assert world.receivable() == should
    assert holds()


def found(made: dict[str, Any], world: World) -> bool:
    """What each of several captures should cost, no price list says."""
    return not (made["mistake"].startswith("fee_") and made["order"] in world.in_parts)


def judged(planted: list[dict[str, Any]], breaks: list[Break], *, in_parts: set[str]) -> list[str]:
    """In sentences: mistakes without a break of their cause, and breaks without a mistake.

    Where Stripe's one line for all captures of a payment is lost, each of them is missed.
    """
    wrong, left = [], list(breaks)
    for made in planted:
        names = {made["reference"], made["object"], made["payment"], made["order"]} - {""}
        mine = [break_ for break_ in left if names & _names(break_)]
        fitting = [break_ for break_ in mine if break_.cause in CAUSES[made["mistake"]]]
        if fitting:
            several = made["mistake"] == "lost_capture" and made["order"] in in_parts
            left = [one for one in left if one not in (fitting if several else fitting[:1])]
        elif mine or CAUSES[made["mistake"]]:
            wrong.append(f"{made} was taken for {[told(break_) for break_ in mine]}")
    return wrong + [f"invented: {told(break_)}" for break_ in left]


def _names(break_: Break) -> set[str]:
    theirs = break_.evidence.get("theirs", {})
    ours = break_.evidence.get("ours", {})
    said = {*theirs.values(), *ours.values(), break_.subject}
    return {name for name in said if isinstance(name, str)}


def test_the_table_of_causes_knows_every_mistake() -> None:
    assert CAUSES.keys() == set(KINDS)
