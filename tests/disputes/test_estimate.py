"""How likely a dispute is to be won: by the merchant's own history, with its size, never certain."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disputes.estimate import Chance, Past, estimate, histories, history
from disputes.models import Dispute
from paygate.psp.cases import Reason
from tests.disputes.conftest import Case

RECEIPT = frozenset({"receipt"})
BOTH = frozenset({"receipt", "explanation"})
NONE = frozenset()


def asked(kinds=NONE, *past, reason="fraudulent"):
    return estimate(Dispute(reason=reason), kinds, past)


def test_without_history_there_is_no_estimate():
    assert asked() is None


def test_the_closest_likeness_that_has_happened_counts():
    same = Past("fraudulent", BOTH, won=3, decided=4)
    reason = Past("fraudulent", NONE, won=0, decided=4)
    other = Past("duplicate", NONE, won=0, decided=8)

    assert asked(RECEIPT, same, reason, other) == {
        "probability": round(4 / 6, 4),
        "sample_size": 4,
        "basis": "reason_and_evidence",
    }
    assert asked(frozenset({"other"}), same, reason, other) == {
        "probability": 0.4,
        "sample_size": 8,
        "basis": "reason",
    }
    assert asked(NONE, same, reason, other)["basis"] == "reason"
    assert asked(RECEIPT, same, reason, other, reason="general") == {
        "probability": round(4 / 18, 4),
        "sample_size": 16,
        "basis": "all",
    }


@given(st.integers(1, 10_000), st.data())
def test_it_is_never_certain(decided, data):
    won = data.draw(st.integers(0, decided))

    assert 0 < asked(NONE, Past("fraudulent", NONE, won, decided))["probability"] < 1


DECIDED = st.integers(0, 10_000).flatmap(
    lambda decided: st.tuples(st.integers(0, decided), st.just(decided))
)
MINOR = st.integers(0, 10**15)


@given(DECIDED, MINOR, MINOR)
def test_what_answering_is_worth_is_exact_to_half_a_minor_unit(counted, amount, fee):
    chance = Chance(*counted, "all")
    likely = Fraction(chance.won + 1, chance.decided + 2)

    worth = chance.worth(amount=amount, fee=fee)

    exact = likely * amount - (1 - likely) * fee
    assert worth - Fraction(1, 2) <= exact < worth + Fraction(1, 2)
    assert -fee <= worth <= amount
    assert type(worth) is int


@given(DECIDED, MINOR, MINOR)
def test_another_one_won_never_makes_answering_worth_less(counted, amount, fee):
    won, decided = counted
    before = Chance(won, decided, "all").worth(amount=amount, fee=fee)

    assert Chance(won + 1, decided + 1, "all").worth(amount=amount, fee=fee) >= before
    assert Chance(won, decided + 1, "all").worth(amount=amount, fee=fee) <= before


@given(DECIDED)
def test_in_percent_it_is_never_certain_and_never_off_by_more_than_one(counted):
    chance = Chance(*counted, "all")
    exact = Fraction(100 * (chance.won + 1), chance.decided + 2)

    assert 1 <= chance.percent <= 99
    assert abs(chance.percent - exact) <= 1


def test_the_worth_of_a_known_case():
    chance = Chance(29, 46, "reason")  # 30 of 48.

    assert chance.percent == 63
    assert chance.worth(amount=2495, fee=1500) == 997  # 1559.375 less 562.5, and up.
    assert Chance(0, 0, "all").worth(amount=1, fee=0) == 1  # Half of one goes up.
    assert Chance(0, 0, "all").worth(amount=0, fee=1) == 0


@pytest.mark.django_db
def test_histories_are_each_merchants_own(merchant, another_merchant, case, client_for):
    case().heard("won")
    paid = client_for(another_merchant).pay(psp="stripe").json()
    Case(paid, "foreign").heard("lost")
    ours, theirs = ((one.merchant.id, False) for one in (merchant, another_merchant))
    live = (merchant.merchant.id, True)

    assert histories([ours, theirs, live]) == {
        ours: [Past("fraudulent", NONE, won=1, decided=1)],
        theirs: [Past("fraudulent", NONE, won=0, decided=1)],
        live: [],
    }
    assert histories([]) == {}


@pytest.mark.django_db
def test_the_history_is_the_merchants_own_decided_disputes(
    case, api, puppet, merchant, another_merchant, client_for
):
    def closed(status, kinds=(), **more):
        one = case()
        one.heard("needs_response", **more)
        if kinds:
            api.post(f"disputes/{one.dispute.public_id}/evidence", dict.fromkeys(kinds, "x"))
        return one.heard(status, hours=1, **more)

    closed("won", ["explanation", "customer_name"])
    closed("won", ["explanation", "customer_name"])
    closed("lost", ["explanation"])
    closed("lost", reason=Reason.DUPLICATE)
    given_up = case().heard("needs_response")
    api.post(f"disputes/{given_up.public_id}/accept")
    foreign = client_for(another_merchant).pay(psp="stripe").json()
    Case(foreign, "foreign").heard("lost")
    open_one = case().heard("needs_response")

    found = sorted(
        history(merchant.merchant.id, livemode=False), key=lambda past: sorted(past.kinds)
    )
    assert found == [
        Past("duplicate", NONE, won=0, decided=1),
        Past("fraudulent", frozenset({"explanation", "customer_name"}), won=2, decided=2),
        Past("fraudulent", frozenset({"explanation"}), won=0, decided=1),
    ]
    api.post(f"disputes/{open_one.public_id}/evidence", {"explanation": "x"})
    assert api.get(f"disputes/{open_one.public_id}").json()["win_estimate"] == {
        "probability": 0.6,
        "sample_size": 3,
        "basis": "reason_and_evidence",
    }
