"""What our staff do to payments by hand: refund, capture, cancel, and ask the PSP.

Each act is under a key that its form carries, as a merchant's is under the merchant's: sent twice, it is done once. A
refund within the person's limit and budget is claimed at once; above it becomes a request, and is claimed once another
person has approved it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from kernel.db import atomic
from kernel.idempotency.replay import Key, bind, fingerprint, recall
from kernel.ids import decode
from paygate.approvals.ask import ask, asked_before
from paygate.approvals.carry_out import CannotBeDone, NotYet
from paygate.approvals.models import Request, Spending
from paygate.approvals.spend import Above, give_back, spend
from paygate.payments.begin import UnableToProceed
from paygate.payments.cancel import cancel
from paygate.payments.capture import capture
from paygate.payments.create import Claimed, KeyTaken
from paygate.payments.dispatch import dispatch
from paygate.payments.find import get, get_refund
from paygate.payments.look_up import look_up_now as look_up_now
from paygate.payments.models import Attempt, Payment, Refund
from paygate.payments.refund import amount_of, refund
from paygate.payments.write import BindKey

KIND = "refund"


@dataclass(frozen=True, slots=True)
class Given:
    """It was claimed, and is on its way to the PSP or back."""

    refund: Refund
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Asked:
    """Another person has to approve it; `why` says why, where it was asked for just now."""

    request: Request
    why: str = ""


def refund_by_hand(
    payment: Payment,
    *,
    amount: int | None,
    reason: str,
    because: str,
    user: User | AnonymousUser,
    key: str,
    at: datetime,
) -> Given | Asked:
    """Give back `amount` minor units (default: all that is left), or ask another person for it.

    `reason` is what the PSP and the merchant see ("duplicate", "fraudulent", "requested_by_customer" or ""); `because`
    are the person's own words. Raises UnableToProceed, and UnableToAsk where `because` is empty.
    """
    under = _key(payment, key)
    told = {"amount": amount, "reason": reason, "by": user.get_username()}
    mark = _mark("refund", payment, told)
    try:
        if before := _of_before(payment, under, mark):
            return before
        fresh = get(payment.merchant_id, payment.id, livemode=payment.livemode)
        money = fresh.money(amount_of(fresh, amount))
        spent = spend(user, money, key=under, at=at)
        if isinstance(spent, Spending) and not _is_this(spent, user, amount):
            raise _key_reused(payment)
        if isinstance(spent, Above):
            request = ask(
                KIND,
                subject=payment.public_id,
                merchant_id=payment.merchant_id,
                livemode=payment.livemode,
                money=money,
                payload={
                    "reason": reason,
                    "form": mark.hex(),
                    "says": f"refund {money} of {fresh.money(fresh.amount_captured)} captured",
                },
                by=user.get_username(),
                because=because,
                key=under.key,
                at=at,
            )
            return Asked(request, spent.why)
        try:
            # What was spent under the key is what is given back under it.
            return _give(fresh, spent.amount, reason, BindKey(under, mark), at=at)
        except UnableToProceed:
            give_back(spent, mark=mark, at=at)
            raise
    except (UnableToProceed, KeyTaken) as refusal:
        # What is refused now may be what this very key has brought about: a form that was sent twice.
        refused = isinstance(refusal, UnableToProceed)
        if before := _of_before(payment, under, mark, refused=refused):
            return before
        raise


def carry_out_refund(request: Request, *, at: datetime) -> str:
    """Give back what another person has approved; the refund's public id. Called again, it does nothing twice.

    Raises CannotBeDone and NotYet.
    """
    payment = get(request.merchant_id, decode("pay", request.subject), livemode=request.livemode)
    under = Key(request.merchant_id, request.livemode, request.idempotency_key)
    mark = _mark("request", payment, {"request": request.public_id})
    try:
        reason = request.payload["reason"]
        return _give(payment, request.amount, reason, BindKey(under, mark), at=at).refund.public_id
    except KeyTaken:
        pass
    except UnableToProceed as refusal:
        if refusal.code == "payment_busy":
            raise NotYet(refusal.message) from None
        # Whoever finds it refused takes the key: then nobody, however late, gives it back after all.
        with atomic():
            refused = bind(under, mark=mark, subject=request.id, at=at)
        if refused:
            raise CannotBeDone(refusal.message) from None
    bound = recall(under)
    assert bound is not None
    if bound.subject == request.id or bound.fingerprint != mark:
        raise CannotBeDone("It could not be done when it was approved.")
    return _given(payment, bound.subject).refund.public_id


def capture_by_hand(
    payment: Payment, *, amount: int | None, final: bool, key: str, at: datetime
) -> Attempt:
    """Take `amount` minor units of what is held (default: all that is left). Raises UnableToProceed."""
    under = _key(payment, key)
    mark = _mark("capture", payment, {"amount": amount, "final": final})
    return _once(
        payment,
        under,
        mark,
        lambda: capture(payment, amount=amount, final=final, bind=BindKey(under, mark), now=at),
    )


def cancel_by_hand(payment: Payment, *, key: str, at: datetime) -> Attempt:
    """Let go of what is held. Raises UnableToProceed."""
    under = _key(payment, key)
    mark = _mark("cancel", payment, {})
    return _once(payment, under, mark, lambda: cancel(payment, bind=BindKey(under, mark), now=at))


def _once(payment: Payment, under: Key, mark: bytes, claim: Any) -> Attempt:
    try:
        claimed: Claimed = claim()
    except (UnableToProceed, KeyTaken):
        bound = recall(under)
        if bound is None:
            raise
        _must_be_the_same(payment, bound.fingerprint, mark)
        return _attempt(payment, bound.subject)
    dispatch(claimed.attempt)
    return _attempt(payment, claimed.attempt.id)


def _give(payment: Payment, amount: int, reason: str, bound: BindKey, *, at: datetime) -> Given:
    """Raises UnableToProceed and KeyTaken."""
    claimed = refund(
        payment.merchant_id,
        payment.id,
        livemode=payment.livemode,
        amount=amount,
        reason=reason,
        source=Refund.Source.BACK_OFFICE,
        bind=bound,
        now=at,
    )
    dispatch(claimed.attempt)
    return _given(payment, claimed.attempt.id)


def _of_before(
    payment: Payment, under: Key, mark: bytes, *, refused: bool = False
) -> Given | Asked | None:
    """What the key has brought about already. Raises UnableToProceed where it was refused, or is of something else."""
    bound = recall(under)
    if bound is None:
        request = asked_before(under.merchant_id, livemode=under.livemode, key=under.key)
        if request is not None and request.payload.get("form") != mark.hex():
            raise _key_reused(payment)
        return None if request is None else Asked(request)
    _must_be_the_same(payment, bound.fingerprint, mark)
    if not Attempt.objects.filter(merchant_id=payment.merchant_id, id=bound.subject).exists():
        if refused:
            return None  # In this very moment: its own words say why.
        raise UnableToProceed(
            payment,
            "refused_before",
            "This was refused before: look at the payment and begin anew.",
        )
    return _given(payment, bound.subject)


def _given(payment: Payment, attempt_id: Any) -> Given:
    attempt = _attempt(payment, attempt_id)
    assert attempt.refund_id is not None
    found = get_refund(payment.merchant_id, attempt.refund_id, livemode=payment.livemode)
    return Given(found, attempt)


def _attempt(payment: Payment, attempt_id: Any) -> Attempt:
    found: Attempt = Attempt.objects.get(merchant_id=payment.merchant_id, id=attempt_id)
    return found


def _must_be_the_same(payment: Payment, bound: bytes, mark: bytes) -> None:
    if bound != mark:
        raise _key_reused(payment)


def _key_reused(payment: Payment) -> UnableToProceed:
    return UnableToProceed(
        payment, "key_reused", "This form was used for something else: begin anew."
    )


def _is_this(spent: Spending, user: User | AnonymousUser, amount: int | None) -> bool:
    """Whoever spent under the key may have died before the claim; then its fingerprint is bound to nothing yet."""
    return spent.person == user.get_username() and amount in (None, spent.amount)


def _key(payment: Payment, key: str) -> Key:
    """Beside the merchant's own keys, those of other payments and those of requests: a form's key is the browser's."""
    return Key(payment.merchant_id, payment.livemode, f"back-office-{payment.public_id}-{key}")


def _mark(act: str, payment: Payment, told: dict[str, Any]) -> bytes:
    return fingerprint("POST", f"/back-office/{act}", {"payment": payment.public_id, **told})
