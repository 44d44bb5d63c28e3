"""What a PSP told us is found by the payment that it is about, once it has had its turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kernel.ids import uuid7
from kernel.timeline import About, Tone
from paygate.psp.events import NotYet, Quarantined
from paygate.webhooks.apply import apply
from paygate.webhooks.timeline import tell
from tests.webhooks.conftest import only
from tests.webhooks.test_apply import tell as stripe_tells

pytestmark = pytest.mark.usefixtures("db", "silent")


def about(*references: str, psp: str = "stripe", livemode: bool = False) -> About:
    return About(
        merchant_id=uuid7(),
        payment_id=uuid7(),
        psp=psp,
        livemode=livemode,
        ids=(),
        references=references,
        since=datetime.now(UTC),
    )


def take_turn() -> None:
    apply("stripe", at=datetime.now(UTC) + timedelta(seconds=1))


def test_it_says_what_was_told_and_what_came_of_it(listening, heard):
    stripe_tells("pi_1")
    take_turn()

    [moment] = tell(about("pi_1"))

    assert only().concerns == "pi_1"
    assert moment.title == "Stripe told us payment_intent.succeeded: applied"
    assert (moment.detail, moment.tone) == ("heard", Tone.PLAIN)
    assert str(only().id) in moment.url


@pytest.mark.parametrize(
    "other", [about("pi_2"), about(), about("pi_1", psp="adyen"), about("pi_1", livemode=True)]
)
def test_it_is_told_of_no_other_payment(listening, heard, other):
    stripe_tells("pi_1")
    take_turn()
    assert list(tell(other)) == []


@pytest.mark.parametrize(
    ("reason", "tone"),
    [(Quarantined("another amount"), Tone.BAD), (NotYet("too early"), Tone.WAITING)],
)
def test_what_waits_says_why(listening, reason, tone):
    listening(raises=reason)
    stripe_tells("pi_1")
    take_turn()
    [moment] = tell(about("pi_1"))
    assert (moment.detail, moment.tone) == (str(reason), tone)
