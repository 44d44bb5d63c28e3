"""A second person closes a break: what waited is cleared, once, and only as it was proposed and seen."""

from __future__ import annotations

import pytest
from django.db import transaction

from kernel.clock import now
from kernel.db import TransactionOpen
from kernel.money import Money
from ledger import chart
from ledger.models import LedgerTransaction
from merchants.onboard import onboard
from paygate.psp.events import NotYet
from paygate.reconciliation.alike import alike, approve_all, propose_all
from paygate.reconciliation.breaks import Changed, Refused, propose, reject, take
from paygate.reconciliation.close import approve
from paygate.reconciliation.drafted import digest
from paygate.reconciliation.models import Break, Cause
from tests.proof.holds import holds
from tests.races import all_at_once, at_once
from tests.reconciliation.breaks_of import a_break, as_json, eur, on, waiting
from tests.reconciliation.test_breaks import (
    DRAFT,
    WRITE_OFF,
    closed_by_itself,
    history,
    proposed,
)

NEWS = {"news": "RefundReported"}


@pytest.fixture
def db(commits):
    """What two people do at once is committed."""


@pytest.fixture
def one(db):
    return a_break()


@pytest.fixture
def tell(monkeypatch):
    """What was told to our rooms; what they answer is `tell.answer`. Telling itself has tests of its own."""

    class Told(list):
        answer = None

        def __call__(self, break_):
            if self.answer:
                raise self.answer
            self.append(break_.id)

    told = Told()
    monkeypatch.setattr("paygate.reconciliation.close.tell", told)
    return told


def approved(break_, how=DRAFT, *, by="grace", because="Agreed."):
    return approve(break_, by=by, because=because, digest=digest(break_, how), at=now())


def attempted(*args, **kwargs):
    try:
        return approved(*args, **kwargs).state
    except Refused as refusal:
        return str(refusal)


def posted(kind="reconciliation.resolved"):
    return LedgerTransaction.objects.filter(kind=kind)


def test_what_was_drafted_is_posted_and_nothing_waits_any_more(one):
    assert waiting() == 97_10
    closed = approved(proposed(one))
    assert (closed.state, closed.closed_by, closed.approved_by) == ("resolved", "draft", "grace")
    assert (waiting(), on(chart.unallocated())) == (0, 100_00)
    assert posted().get().source == one.public_id
    assert history(one)[-1] == ("grace", "approved", "Agreed.")
    assert holds()


def test_what_is_given_up_is_ours(one):
    closed = approved(proposed(one, WRITE_OFF), WRITE_OFF)
    assert (closed.state, closed.closed_by) == ("written_off", "write_off")
    assert (waiting(), on(chart.write_offs())) == (0, 97_10)
    assert posted("reconciliation.written_off").get().source == one.public_id
    assert holds()


def test_a_line_that_was_taken_from_us_is_closed_the_other_way_round(db):
    taken = a_break(gross=eur(-30_00), fee=eur(25))
    assert waiting() == -30_25
    approved(proposed(taken))
    assert (waiting(), on(chart.unallocated())) == (0, -30_00)


def test_a_draft_of_several_books_closes_all_of_them(db):
    kiosk, bakery = (onboard(name).merchant.id for name in ("Kiosk", "Bakery"))
    first, second = a_break(kiosk), a_break(bakery)
    [more] = second.draft
    first.draft.append({**more, "source": f"{first.public_id}:2"})
    first.sequence += 1
    first.save()
    approved(proposed(first))
    assert (waiting(kiosk), waiting(bakery)) == (0, 0)
    assert posted().count() == 2


def test_whoever_proposed_it_does_not_approve_it(one):
    made = proposed(one)
    with pytest.raises(Refused, match="ask another"):
        approved(made, by="ada")
    assert waiting() == 97_10


def test_nobody_approves_without_a_reason_or_a_proposal(one):
    with pytest.raises(Refused, match="Nothing is proposed"):
        approved(one)
    with pytest.raises(Refused, match="Say why"):
        approved(proposed(one), because=" ")


def test_two_clicks_close_it_once(one):
    made = proposed(one)
    assert at_once(2, lambda _: attempted(made)) == ["resolved", "resolved"]
    assert posted().count() == 1
    assert [act for _, act, _ in history(one)] == ["draft proposed", "approved"]


def test_of_two_people_who_decide_at_once_one_does(one):
    made = proposed(one)

    def rejected():
        try:
            return reject(made, by="mary", because="No.", at=now()).state
        except Refused as refusal:
            return str(refusal)

    ends = all_at_once(lambda: attempted(made), rejected)
    assert ends in (
        ["resolved", "It is closed: grace has approved it."],
        ["Nothing is proposed.", "investigating"],
    )
    assert waiting() == (0 if ends[0] == "resolved" else 97_10)


def test_what_has_changed_since_it_was_shown_is_not_approved(one):
    made = proposed(one)
    seen = digest(made, DRAFT)
    _redrafted(made)
    with pytest.raises(Changed, match="not what you saw"):
        approve(made, by="grace", because="Agreed.", digest=seen, at=now())
    assert waiting() == 97_10


def test_what_has_changed_since_it_was_proposed_is_not_approved(one):
    made = proposed(one)
    _redrafted(made)
    with pytest.raises(Changed, match="changed since ada proposed it"):
        approved(made)
    assert waiting() == 97_10


def _redrafted(made):
    made.draft[0]["memo"] = "Another line had come."
    made.sequence += 1
    made.save()


def test_what_closed_by_itself_is_not_approved(one):
    made = proposed(one)
    closed_by_itself(made)
    with pytest.raises(Refused, match="closed: what was missing has come"):
        approved(made)
    assert not posted().exists()


def test_what_the_books_do_not_take_leaves_it_open(one):
    made = proposed(one)
    other = a_break()
    Break.objects.filter(id=other.id).update(
        draft=[{**other.draft[0], "source": one.public_id, "memo": "The same, otherwise."}],
        sequence=2,
    )
    other.refresh_from_db(fields=["draft"])
    other.draft[0]["entries"][0]["amount"] += 10
    other.draft[0]["entries"][2]["amount"] += 10
    Break.objects.filter(id=other.id).update(draft=other.draft, sequence=3)
    approved(made)
    other.refresh_from_db(fields=["draft"])
    with pytest.raises(Refused, match="The books do not take it"):
        approved(proposed(other))
    assert Break.objects.get(id=other.id).state == "proposed"


def test_nobody_approves_within_a_transaction(one):
    made = proposed(one)
    with transaction.atomic(), pytest.raises(TransactionOpen):
        approved(made)


class TestNews:
    def unheard(self, **more):
        return a_break(
            gross=eur(-30_00),
            fee=eur(0),
            cause=Cause.REFUNDED_IN_DASHBOARD,
            news=NEWS,
            **more,
        )

    def test_what_we_had_not_heard_is_told_first(self, db, tell):
        unheard = self.unheard()
        approved(proposed(unheard))
        assert tell == [unheard.id]
        assert (waiting(), on(chart.psp_receivable("stripe"))) == (0, -30_00)
        assert [act for _, act, _ in history(unheard)] == [
            *("draft proposed", "told our books of it", "approved")
        ]

    def test_what_our_rooms_do_not_take_stays_open(self, db, tell):
        tell.answer = NotYet("the payment is not captured")
        made = proposed(self.unheard())
        with pytest.raises(Refused, match="the payment is not captured"):
            approved(made)
        assert (waiting(), Break.objects.get(id=made.id).state) == (-30_00, "proposed")

    def test_nothing_is_told_for_what_may_not_be_approved(self, db, tell):
        made = proposed(self.unheard())
        with pytest.raises(Refused):
            approved(made, by="ada")
        assert tell == []

    def test_giving_up_tells_nothing_and_leaves_what_the_psp_owes(self, db, tell):
        unheard = self.unheard()
        approved(proposed(unheard, WRITE_OFF), WRITE_OFF)
        assert tell == []
        assert (waiting(), on(chart.write_offs())) == (0, -30_00)
        assert on(chart.psp_receivable("stripe")) == 0

    def test_other_news_than_was_seen_is_not_told(self, db, tell):
        made = proposed(self.unheard())
        seen = digest(made, DRAFT)
        made.news = {"news": "CaseReport"}
        made.sequence += 1
        made.save()
        with pytest.raises(Changed, match="not what you saw"):
            approve(made, by="grace", because="Agreed.", digest=seen, at=now())
        assert tell == []

    def test_closed_while_it_was_told_is_closed(self, db, tell, monkeypatch):
        made = proposed(self.unheard())
        monkeypatch.setattr("paygate.reconciliation.close.tell", closed_by_itself)
        with pytest.raises(Refused, match="closed"):
            approved(made)
        assert not posted().exists()


def test_the_open_receivable_of_a_loss_is_cleared_too(db):
    from ledger.recipes.corrections import receivable_given_up

    kiosk = onboard("Kiosk").merchant.id
    lost = a_break(kiosk, gross=eur(0), fee=eur(1), cause=Cause.MISSING_THERE)
    whose = {"merchant": kiosk, "livemode": False, "psp": "stripe", "source": lost.public_id}
    draft = receivable_given_up(**whose, owed=eur(50_00))
    Break.objects.filter(id=lost.id).update(draft=[as_json(draft)], sequence=2)
    lost.refresh_from_db(fields=["draft"])
    approved(proposed(lost, WRITE_OFF), WRITE_OFF)
    assert (on(chart.write_offs(), kiosk), on(chart.psp_receivable("stripe"), kiosk)) == (
        *(-50_00, 50_00),
    )


class TestAlike:
    @pytest.fixture
    def some(self, db):
        return [a_break() for _ in range(3)]

    def proposed_all(self, one, how=DRAFT):
        seen = alike(one, how, proposed=False)
        return propose_all(one, how, by="ada", because="All.", digest=seen.digest, at=now())

    def approved_all(self, one, how=DRAFT, *, by="grace"):
        seen = alike(one, how, proposed=True)
        return approve_all(one, how, by=by, because="Agreed.", digest=seen.digest, at=now())

    def test_how_many_and_how_much_is_known_first(self, some):
        seen = alike(some[0], DRAFT, proposed=False)
        assert (seen.count, seen.total) == (3, eur(291_30))

    def test_of_another_kind_is_not_like_it(self, some):
        a_break(cause=Cause.DUPLICATE_LINE)
        a_break(psp="adyen")
        a_break(gross=eur(-100_00))  # What they took is not added to what they gave.
        a_break(gross=Money(100_00, "USD"))
        closed_by_itself(a_break())
        proposed(a_break())
        assert alike(some[0], DRAFT, proposed=False).count == 3

    def test_all_are_proposed_by_one_and_approved_by_another(self, some):
        assert str(self.proposed_all(some[0])) == "3 done."
        assert str(self.approved_all(some[1])) == "3 done."
        assert waiting() == 0
        assert [history(one)[-1] for one in some] == [("grace", "approved", "Agreed.")] * 3

    def test_a_bad_one_stops_no_other(self, some):
        bad = some[1]
        bad.draft[0]["entries"][0]["amount"] += 1
        bad.sequence += 1
        bad.save()
        done = self.proposed_all(some[0])
        assert (done.done, [id_ for id_, _ in done.refused]) == (2, [bad.public_id])
        assert "2 done, 1 not: brk_" in str(done)
        assert self.approved_all(some[0]).done == 2
        assert waiting() == 97_10

    def test_who_proposed_some_of_them_approves_none_of_those(self, some):
        self.proposed_all(some[0])
        done = self.approved_all(some[0], by="ada")
        assert (done.done, len(done.refused)) == (0, 3)
        assert waiting() == 3 * 97_10

    def test_what_is_to_be_given_up_is_not_approved_with_drafts(self, some):
        proposed(some[0], WRITE_OFF)
        proposed(some[1])
        assert self.approved_all(some[0], WRITE_OFF).done == 1
        assert Break.objects.get(id=some[1].id).state == "proposed"

    def test_where_there_are_others_than_were_seen_nothing_is_done(self, some):
        seen = alike(some[0], DRAFT, proposed=False)
        a_break()
        with pytest.raises(Changed, match="not what you saw"):
            propose_all(some[0], DRAFT, by="ada", because="All.", digest=seen.digest, at=now())
        with pytest.raises(Refused, match="Say why"):
            propose_all(some[0], DRAFT, by="ada", because="", digest=seen.digest, at=now())
        assert not Break.objects.filter(state="proposed").exists()

    def test_what_changes_while_others_are_decided_on_is_left_alone(self, some, monkeypatch):
        def propose_and_let_the_last_change(one, *args, **kwargs):
            if one.id == some[0].id:
                take(some[2], by="mary", at=now())
            return propose(one, *args, **kwargs)

        monkeypatch.setattr("paygate.reconciliation.alike.CHUNK", 1)
        monkeypatch.setattr("paygate.reconciliation.alike.propose", propose_and_let_the_last_change)
        done = self.proposed_all(some[0])
        assert (done.done, [id_ for id_, _ in done.refused]) == (2, [some[2].public_id])

    def test_more_than_a_person_waits_for_is_left_for_the_next_time(self, some, monkeypatch):
        monkeypatch.setattr("paygate.reconciliation.alike.AT_ONCE", 2)
        assert str(self.proposed_all(some[0])) == "2 done, 1 are left: do it again."
        assert str(self.proposed_all(some[2])) == "1 done."
