"""What people do with a break until it is closed: each by name, for a reason, one after the other, and in ink."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from kernel.clock import now
from kernel.ids import uuid7
from paygate.reconciliation.breaks import Changed, Refused, propose, reject, take
from paygate.reconciliation.drafted import as_written, digest
from paygate.reconciliation.models import Break, Note, arrows
from tests.races import at_once
from tests.reconciliation.breaks_of import a_break

DRAFT, WRITE_OFF = Break.Proposal.DRAFT, Break.Proposal.WRITE_OFF


@pytest.fixture
def db(commits):
    """What two people do at once is committed."""


@pytest.fixture
def one(db):
    return a_break()


def proposed(break_, how=DRAFT, *, by="ada", because="It is nobody's."):
    return propose(break_, how, by=by, because=because, digest=digest(break_, how), at=now())


def history(break_):
    return [(note.by, note.act, note.because) for note in Note.objects.filter(of=break_)]


def closed_by_itself(break_, how="later_line"):
    """As the matching of a later file does."""
    Break.objects.filter(id=break_.id).update(
        state="resolved", closed_by=how, closed_at=now(), sequence=break_.sequence + 1
    )


class TestTaking:
    def test_whoever_takes_a_break_looks_into_it(self, one):
        taken = take(one, by="ada", because="I know this one.", at=now())
        assert (taken.state, taken.owner, taken.sequence) == ("investigating", "ada", 2)
        assert history(one) == [("ada", "taken", "I know this one.")]

    def test_two_clicks_take_it_once(self, one):
        at_once(2, lambda _: take(one, by="ada", at=now()))
        assert history(one) == [("ada", "taken", "")]

    def test_another_may_take_it_over(self, one):
        take(one, by="ada", at=now())
        assert take(one, by="grace", at=now()).owner == "grace"

    def test_a_proposed_one_stays_proposed(self, one):
        proposed(one)
        assert take(one, by="grace", at=now()).state == "proposed"

    def test_a_closed_one_is_nobody_s_to_take(self, one):
        closed_by_itself(one)
        with pytest.raises(Refused, match="closed: what was missing has come"):
            take(one, by="ada", at=now())


class TestProposing:
    def test_a_draft_is_proposed_as_it_was_seen(self, one):
        made = proposed(one)
        assert (made.state, made.proposed_as, made.proposed_by) == ("proposed", "draft", "ada")
        assert (made.proposed_because, made.owner) == ("It is nobody's.", "ada")
        assert history(one) == [("ada", "draft proposed", "It is nobody's.")]

    def test_it_stays_with_whoever_looked_into_it(self, one):
        take(one, by="grace", at=now())
        assert proposed(one).owner == "grace"

    def test_a_write_off_clears_what_waits_and_no_more(self, one):
        assert proposed(one, WRITE_OFF).proposed_as == "write_off"
        assert as_written(one, WRITE_OFF).splitlines() == [
            f"reconciliation.written_off  {one.public_id}",
            "    Dr  suspense:reconciliation                       97.10 EUR",
            "    Cr  expenses:write_offs                           97.10 EUR",
        ]

    def test_what_changed_meanwhile_is_not_proposed(self, one):
        seen = digest(one, DRAFT)
        one.draft[0]["entries"][0]["account"] = "expenses:write_offs"
        one.sequence += 1
        one.save()
        with pytest.raises(Changed, match="not what you saw"):
            propose(one, DRAFT, by="ada", because="So.", digest=seen, at=now())
        assert not history(one)

    def test_a_draft_that_does_not_balance_is_not_proposed(self, one):
        seen = digest(one, DRAFT)
        one.draft[0]["entries"][0]["amount"] += 1
        one.sequence += 1
        one.save()
        with pytest.raises(Refused, match="no transaction"):
            propose(one, DRAFT, by="ada", because="So.", digest=seen, at=now())

    @pytest.mark.parametrize("how", [DRAFT, WRITE_OFF])
    def test_nothing_is_not_proposed(self, db, how):
        with pytest.raises(Refused, match="nothing to be posted"):
            proposed(a_break(draft=[]), how)

    @pytest.mark.parametrize("because", ["", "  "])
    def test_nothing_is_proposed_without_a_reason(self, one, because):
        with pytest.raises(Refused, match="Say why"):
            proposed(one, because=because)

    def test_two_clicks_propose_once(self, one):
        at_once(2, lambda _: proposed(one))
        assert history(one) == [("ada", "draft proposed", "It is nobody's.")]

    def test_of_two_people_one_proposes(self, one):
        def attempt(number):
            try:
                return proposed(one, by=("ada", "grace")[number]).proposed_by
            except Refused as refusal:
                return str(refusal)

        ends = at_once(2, attempt)
        winner = Break.objects.get(id=one.id).proposed_by
        assert sorted(ends) == sorted([winner, f"{winner} has proposed something already."])
        assert len(history(one)) == 1

    def test_a_closed_one_is_not_proposed(self, one):
        closed_by_itself(one, "newer_file")
        with pytest.raises(Refused, match="closed: a newer version of the file"):
            proposed(one)


class TestRejecting:
    def test_who_does_not_agree_says_why_and_it_is_looked_into_again(self, one):
        proposed(one)
        back = reject(one, by="grace", because="It is the bakery's.", at=now())
        assert (back.state, back.proposed_by, back.proposed_digest) == ("investigating", "", "")
        assert history(one)[-1] == ("grace", "rejected", "It is the bakery's.")
        assert proposed(one, WRITE_OFF).state == "proposed"

    def test_whoever_proposed_it_may_take_it_back(self, one):
        proposed(one)
        reject(one, by="ada", because="A slip.", at=now())
        assert history(one)[-1] == ("ada", "withdrawn", "A slip.")

    def test_what_is_not_proposed_is_not_rejected(self, one):
        with pytest.raises(Refused, match="Nothing is proposed"):
            reject(one, by="grace", because="No.", at=now())

    def test_a_closed_one_is_not_rejected(self, one):
        proposed(one)
        one.refresh_from_db(fields=["sequence"])
        closed_by_itself(one)
        with pytest.raises(Refused, match="closed"):
            reject(one, by="grace", because="No.", at=now())


class TestTheTables:
    def change(self, one, code, **columns):
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            Break.objects.filter(id=one.id).update(sequence=one.sequence + 1, **columns)
        assert caught.value.__cause__.sqlstate == code

    def test_the_database_knows_the_arrows_of_the_model(self, db):
        with connection.cursor() as cursor:
            cursor.execute("SELECT source, target FROM reconciliation_break_arrows()")
            assert set(cursor.fetchall()) == arrows()

    APPROVED = {"state": "resolved", "closed_by": "draft", "approved_by": "grace"}

    def test_nobody_closes_what_was_not_proposed(self, one):
        self.change(one, "PG136", **self.APPROVED, closed_at=now())

    def test_nobody_closes_it_otherwise_than_proposed(self, one):
        made = proposed(one)
        self.change(made, "PG136", **self.APPROVED, closed_at=now(), draft=[])
        self.change(made, "PG136", **self.APPROVED, closed_at=now(), proposed_by="eve")
        self.change(made, "PG136", **self.APPROVED, closed_at=now(), proposed_digest="0" * 64)
        self.change(made, "PG136", **self.APPROVED, closed_at=now(), news={"news": "CaseReport"})
        given_up = {**self.APPROVED, "state": "written_off", "closed_by": "write_off"}
        self.change(made, "PG136", **given_up, closed_at=now())

    def test_nobody_closes_it_with_books_that_know_nothing(self, one):
        self.change(proposed(one), "PG137", **self.APPROVED, closed_at=now())

    def test_nobody_gives_up_with_books_that_know_nothing(self, one):
        given_up = {**self.APPROVED, "state": "written_off", "closed_by": "write_off"}
        self.change(proposed(one, WRITE_OFF), "PG137", **given_up, closed_at=now())

    def test_the_proposer_never_approves(self, db):
        made = proposed(a_break(draft=[], news={"news": "RefundReported"}))
        self.change(made, "23514", **self.APPROVED | {"approved_by": "ada"}, closed_at=now())

    def test_a_proposal_names_what_it_would_do(self, one):
        self.change(
            one,
            "23514",
            state="proposed",
            proposed_as="draft",
            proposed_by="ada",
            proposed_because="So.",
        )

    def test_changes_follow_one_another(self, one):
        one.sequence += 1  # As if somebody else had changed it meanwhile.
        self.change(one, "PG131", owner="eve")

    def test_what_it_is_about_never_changes(self, one):
        for column, value in {
            "psp": "adyen",
            "livemode": True,
            "key": "k",
            "merchant_id": uuid7(),
        }.items():
            self.change(one, "PG132", **{column: value})

    def test_a_closed_one_stays_as_it_is(self, one):
        closed_by_itself(one)
        one.refresh_from_db(fields=["sequence"])
        self.change(one, "PG133", owner="eve")

    def test_nobody_goes_where_no_arrow_leads(self, one):
        given_up = {"state": "written_off", "closed_by": "write_off", "approved_by": "grace"}
        take(one, by="ada", at=now())
        one.refresh_from_db(fields=["sequence"])
        self.change(one, "PG133", state="open")
        self.change(one, "PG136", **given_up, closed_at=now())

    def test_it_is_kept(self, one):
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            Break.objects.filter(id=one.id).delete()
        assert caught.value.__cause__.sqlstate == "PG134"

    def test_history_is_in_ink(self, one):
        take(one, by="ada", at=now())
        with pytest.raises(DatabaseError), transaction.atomic():
            Note.objects.update(by="eve")

    def test_a_note_is_of_a_break(self, db):
        with pytest.raises(DatabaseError), transaction.atomic():
            Note.objects.create(of_id=uuid7(), at=now(), by="eve", act="taken")
