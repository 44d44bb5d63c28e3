"""What every PSP must do for us, against the simulators. Their own books are the witness."""

from __future__ import annotations

import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kernel.money import Money
from paygate.psp.gateway import (
    ActionRequired,
    Approved,
    Authorize,
    DeclineCode,
    Declined,
    Gateway,
    NotSent,
    Outcome,
    Request,
    Unknown,
)
from simulators.run import Simulator
from tests.psp_contract.conftest import (
    EUR_10,
    Effects,
    authorize,
    cancel,
    capture,
    confirm,
)

Held = Callable[..., tuple[Authorize, str]]


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def truth(gateway: Gateway, request: Request) -> Outcome:
    """What became of a request: by look-up, or by asking again under the same key."""
    return gateway.look_up(request) if gateway.can_look_up else gateway.send(request)


# ------------------------------------------------------------------------------------- authorizing


@pytest.mark.parametrize("card", ["visa", "mastercard", "disputed"])
def test_a_good_card_is_held(gateway: Gateway, psp: str, effects: Effects, card: str) -> None:
    asked = authorize(psp, card=card)
    outcome = gateway.send(asked)
    assert isinstance(outcome, Approved)
    assert outcome.psp_reference
    assert (outcome.amount, outcome.captured) == (EUR_10, False)
    assert effects(asked.payment) == [("authorized", 10_00, "EUR")]


def test_a_good_card_is_charged_at_once_when_we_say_so(
    gateway: Gateway, psp: str, effects: Effects
) -> None:
    asked = authorize(psp, capture=True)
    outcome = gateway.send(asked)
    assert isinstance(outcome, Approved)
    assert (outcome.amount, outcome.captured) == (EUR_10, True)
    assert ("captured", 10_00, "EUR") in effects(asked.payment)


def test_a_hold_says_until_when_where_the_psp_does(gateway: Gateway, psp: str) -> None:
    outcome = gateway.send(authorize(psp))
    assert isinstance(outcome, Approved)
    if psp == "stripe":
        assert outcome.expires_at is not None
        assert abs(outcome.expires_at - datetime.now(UTC) - timedelta(days=7)) < timedelta(hours=1)
    elif outcome.expires_at is not None:
        assert outcome.expires_at > datetime.now(UTC)


@pytest.mark.parametrize(
    "card, codes",
    [
        ("declined", {DeclineCode.CARD_DECLINED, DeclineCode.DO_NOT_HONOR}),
        ("insufficient_funds", {DeclineCode.INSUFFICIENT_FUNDS}),
        ("expired", {DeclineCode.EXPIRED_CARD}),
    ],
)
def test_a_no_is_a_no_with_its_reason(
    gateway: Gateway, psp: str, effects: Effects, card: str, codes: set[DeclineCode]
) -> None:
    asked = authorize(psp, card=card, capture=True)
    outcome = gateway.send(asked)
    assert isinstance(outcome, Declined)
    assert outcome.code in codes
    assert outcome.psp_code
    assert {kind for kind, _, _ in effects(asked.payment)} <= {"declined"}
    again = truth(gateway, asked)
    assert isinstance(again, Declined)
    assert again.code == outcome.code


def test_a_card_that_the_psp_does_not_know_is_refused(gateway: Gateway, psp: str) -> None:
    outcome = gateway.send(replace(authorize(psp), token="pm_nobody"))
    assert isinstance(outcome, Declined)
    assert outcome.code in {DeclineCode.INVALID_PAYMENT_METHOD, DeclineCode.INVALID_REQUEST}


def test_asking_twice_under_one_key_charges_once(
    gateway: Gateway, psp: str, effects: Effects
) -> None:
    asked = authorize(psp, capture=True)
    first, second = gateway.send(asked), gateway.send(asked)
    assert isinstance(first, Approved)
    assert isinstance(second, Approved)
    assert first.psp_reference == second.psp_reference
    assert [kind for kind, _, _ in effects(asked.payment)].count("captured") == 1


def test_asking_from_two_threads_under_one_key_charges_once(
    gateway: Gateway, psp: str, effects: Effects
) -> None:
    asked = authorize(psp, capture=True)
    outcomes: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(gateway.send(asked))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(isinstance(outcome, Approved | Unknown) for outcome in outcomes)
    assert [kind for kind, _, _ in effects(asked.payment)].count("captured") == 1


# ------------------------------------------------------------------------------------- 3-D Secure


def send_customer(action: ActionRequired, *, result: str) -> dict[str, str]:
    """Press a button on the bank's page; what the customer comes back to us with."""

    class StayHere(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: object, **kwargs: object) -> None:
            return None

    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), StayHere)
    form = urllib.parse.urlencode({**action.data, "result": result}).encode()
    with pytest.raises(urllib.error.HTTPError) as answer:
        browser.open(action.url, data=form, timeout=5)
    with answer.value as page:
        assert page.code == 303
        back = urllib.parse.urlsplit(page.headers["Location"])
    assert back.netloc == "shop.example"
    given = dict(urllib.parse.parse_qsl(back.query))
    return {"redirect_result": given["redirectResult"]} if "redirectResult" in given else {}


@pytest.mark.parametrize("take", [False, True])
def test_a_customer_who_authenticates_pays(
    gateway: Gateway, psp: str, effects: Effects, take: bool
) -> None:
    asked = authorize(psp, card="3ds", capture=take, return_url="https://shop.example/back")
    action = gateway.send(asked)
    if psp == "braintree":  # The nonce of a browser carries it: nothing is left to ask.
        assert not isinstance(action, ActionRequired)
        return
    assert isinstance(action, ActionRequired)
    assert effects(asked.payment) == []
    result = send_customer(action, result="complete")
    confirmed = gateway.send(confirm(asked, action.psp_reference, result))
    assert isinstance(confirmed, Approved)
    assert (confirmed.amount, confirmed.captured) == (EUR_10, take)
    assert [kind for kind, _, _ in effects(asked.payment)].count("captured") == take


def test_a_customer_who_fails_to_authenticate_pays_nothing(
    gateway: Gateway, psp: str, effects: Effects
) -> None:
    if psp == "braintree":
        outcome = gateway.send(confirm(authorize(psp), "any", {}))
        assert isinstance(outcome, Declined)
        return
    asked = authorize(psp, card="3ds", capture=True, return_url="https://shop.example/back")
    action = gateway.send(asked)
    assert isinstance(action, ActionRequired)
    result = send_customer(action, result="fail")
    outcome = gateway.send(confirm(asked, action.psp_reference, result))
    assert isinstance(outcome, Declined)
    assert outcome.code == DeclineCode.AUTHENTICATION_FAILED
    assert "captured" not in {kind for kind, _, _ in effects(asked.payment)}


def test_where_nobody_can_authenticate_the_bank_that_insists_says_no(
    gateway: Gateway, psp: str, effects: Effects
) -> None:
    if psp == "braintree":
        return
    asked = authorize(psp, card="3ds", capture=True)
    outcome = gateway.send(asked)
    assert isinstance(outcome, Declined)
    assert outcome.code == DeclineCode.AUTHENTICATION_REQUIRED
    assert "captured" not in {kind for kind, _, _ in effects(asked.payment)}


def test_a_customer_who_never_comes_back_can_be_given_up(gateway: Gateway, psp: str) -> None:
    if psp == "braintree":
        return
    asked = authorize(psp, card="3ds", return_url="https://shop.example/back")
    action = gateway.send(asked)
    assert isinstance(action, ActionRequired)
    assert isinstance(gateway.send(cancel(asked, action.psp_reference)), Approved)


# ------------------------------------------------------------------------------- capturing, releasing


def test_all_that_is_held_can_be_taken(gateway: Gateway, held: Held, effects: Effects) -> None:
    asked, reference = held()
    outcome = gateway.send(capture(asked, reference, EUR_10))
    assert isinstance(outcome, Approved)
    assert outcome.amount == EUR_10
    assert effects(asked.payment).count(("captured", 10_00, "EUR")) == 1


def test_a_part_can_be_taken_and_the_rest_let_go(
    gateway: Gateway, held: Held, effects: Effects
) -> None:
    asked, reference = held()
    outcome = gateway.send(capture(asked, reference, eur(4_00)))
    assert isinstance(outcome, Approved)
    assert outcome.amount == eur(4_00)
    assert effects(asked.payment).count(("captured", 4_00, "EUR")) == 1


def test_it_can_be_taken_in_parts(gateway: Gateway, held: Held, effects: Effects) -> None:
    asked, reference = held()
    parts = [
        capture(asked, reference, eur(4_00), final=False),
        capture(asked, reference, eur(3_00), final=False, before=4_00),
        capture(asked, reference, eur(3_00), final=True, before=7_00),
    ]
    for part in parts:
        outcome = gateway.send(part)
        assert isinstance(outcome, Approved), outcome
        assert outcome.amount == part.amount
        assert isinstance(truth(gateway, part), Approved)
    taken = [minor for kind, minor, _ in effects(asked.payment) if kind == "captured"]
    assert taken == [4_00, 3_00, 3_00]


def test_taking_twice_under_one_key_takes_once(
    gateway: Gateway, held: Held, effects: Effects
) -> None:
    asked, reference = held()
    part = capture(asked, reference, eur(4_00), final=False)
    assert isinstance(gateway.send(part), Approved)
    assert isinstance(gateway.send(part), Approved)
    assert [kind for kind, _, _ in effects(asked.payment)].count("captured") == 1


def test_what_is_held_can_be_let_go(gateway: Gateway, held: Held, effects: Effects) -> None:
    asked, reference = held()
    void = cancel(asked, reference)
    assert isinstance(gateway.send(void), Approved)
    assert isinstance(gateway.send(void), Approved)
    assert [kind for kind, _, _ in effects(asked.payment)] == ["authorized", "canceled"]
    assert isinstance(truth(gateway, void), Approved)


def test_what_was_let_go_cannot_be_taken(
    gateway: Gateway, psp: str, held: Held, effects: Effects
) -> None:
    asked, reference = held()
    assert isinstance(gateway.send(cancel(asked, reference)), Approved)
    late = capture(asked, reference, EUR_10)
    outcome = gateway.send(late)
    if psp != "adyen":  # Adyen says so later, in an event.
        assert isinstance(outcome, Declined)
        assert outcome.code == DeclineCode.INVALID_STATE
    assert "captured" not in {kind for kind, _, _ in effects(asked.payment)}


def test_what_was_taken_cannot_be_let_go(gateway: Gateway, psp: str, held: Held) -> None:
    asked, reference = held()
    assert isinstance(gateway.send(capture(asked, reference, EUR_10)), Approved)
    if psp == "stripe":
        outcome = gateway.send(cancel(asked, reference))
        assert isinstance(outcome, Declined)
        assert outcome.code == DeclineCode.INVALID_STATE


# ----------------------------------------------------------------------------------- looking things up


def test_what_was_never_sent_leaves_no_trace(gateway: Gateway, psp: str, held: Held) -> None:
    if not gateway.can_look_up:
        with pytest.raises(NotImplementedError):
            gateway.look_up(authorize(psp))
        return
    asked, reference = held()
    assert isinstance(gateway.look_up(authorize(psp)), NotSent)
    assert isinstance(gateway.look_up(capture(asked, reference, EUR_10)), NotSent)
    assert isinstance(gateway.look_up(capture(asked, reference, eur(1), final=False)), NotSent)
    assert isinstance(gateway.look_up(cancel(asked, reference)), NotSent)


def test_an_earlier_capture_is_not_taken_for_a_later_one(gateway: Gateway, held: Held) -> None:
    asked, reference = held()
    assert isinstance(gateway.send(capture(asked, reference, eur(4_00), final=False)), Approved)
    never_sent = capture(asked, reference, eur(4_00), final=False, before=4_00)
    if gateway.can_look_up:
        assert isinstance(gateway.look_up(never_sent), NotSent)


def test_an_earlier_decline_is_not_taken_for_a_later_attempt(gateway: Gateway, psp: str) -> None:
    declined = authorize(psp, card="declined", created_at=datetime.now(UTC) - timedelta(seconds=30))
    assert isinstance(gateway.send(declined), Declined)
    later = authorize(
        psp, payment=declined.payment, created_at=datetime.now(UTC) + timedelta(seconds=2)
    )
    if gateway.can_look_up:
        assert isinstance(gateway.look_up(later), NotSent)


def test_stripe_is_found_in_the_list_while_its_search_lags(
    gateway: Gateway, psp: str, simulator: Simulator
) -> None:
    if psp != "stripe":
        return
    simulator.faults(search_lag_seconds=3600)
    asked = authorize(psp)
    assert isinstance(gateway.send(asked), Approved)
    assert isinstance(gateway.look_up(asked), Approved)


def test_a_hold_that_lapsed_is_not_there_any_more(
    gateway: Gateway, psp: str, held: Held, simulator: Simulator
) -> None:
    if psp == "adyen":  # It says so in an event.
        return
    asked, reference = held()
    simulator.clock(advance=31 * 24 * 3600)
    outcome = gateway.send(capture(asked, reference, EUR_10))
    assert isinstance(outcome, Declined)
    assert outcome.code == DeclineCode.INVALID_STATE
    found = gateway.look_up(capture(asked, reference, EUR_10))
    assert isinstance(found, Declined)
    assert found.code == DeclineCode.INVALID_STATE


# ------------------------------------------------------------------------------------------- amounts


@pytest.mark.parametrize(
    "amount",
    [
        Money(10_05, "USD"),
        Money(500, "JPY"),
        Money(12_340, "KWD"),
        Money(1500, "ISK"),
        Money(9000, "CLP"),
        Money(50_000_00, "IDR"),
        Money(20_000, "UGX"),
    ],
    ids=str,
)
def test_the_psp_and_we_mean_the_same_amount(
    gateway: Gateway, psp: str, effects: Effects, amount: Money
) -> None:
    asked = authorize(psp, amount)
    outcome = gateway.send(asked)
    assert isinstance(outcome, Approved), outcome
    assert effects(asked.payment) == [("authorized", amount.minor, amount.currency)]
    took = gateway.send(capture(asked, outcome.psp_reference, amount))
    assert isinstance(took, Approved)
    assert ("captured", amount.minor, amount.currency) in effects(asked.payment)


def test_a_currency_that_the_psp_does_not_charge_in_is_not_even_asked(
    gateway: Gateway, psp: str, simulator: Simulator
) -> None:
    before = simulator.health()["requests"]
    outcome = gateway.send(authorize(psp, Money(1_00, "KPW")))
    assert isinstance(outcome, Declined)
    assert outcome.code == DeclineCode.CURRENCY_NOT_SUPPORTED
    assert simulator.health()["requests"] - before <= 1  # The question itself, if it is counted.
    assert not gateway.supports("KPW")
    assert gateway.supports("EUR")
