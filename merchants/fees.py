"""What we take of a payment, by what the merchant agreed to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kernel.money import Money
from merchants.briefly import Briefly
from merchants.models import FeePlan

REMEMBERED = 3.0  # Seconds: a plan agreed on holds in every process after them.


def processing_fee(merchant_id: UUID, *, psp: str, amount: Money, at: datetime) -> Money:
    """Our fee on `amount` by the plan in effect `at` that moment; never more than the amount.

    The most specific plan counts: one for this PSP before one for any, then one for this currency
    before one for any; of equals the latest. Without any plan nothing is taken: what was captured must
    never fail to be booked for want of an agreement. Half a minor unit is rounded up.
    """
    plans = [
        plan
        for plan in _plans(merchant_id) or ()
        if plan.psp in ("", psp)
        and plan.currency in ("", amount.currency)
        and plan.effective_from <= at
    ]
    if not plans:
        return Money.zero(amount.currency)
    plan = max(plans, key=lambda p: (p.psp != "", p.currency != "", p.effective_from, p.id))
    fee = amount.share(plan.basis_points) + Money(plan.fixed_minor, amount.currency)
    return min(fee, amount)


def agree(
    merchant_id: UUID,
    *,
    basis_points: int,
    effective_from: datetime,
    fixed_minor: int = 0,
    psp: str = "",
    currency: str = "",
) -> FeePlan:
    """A new plan; it supersedes an earlier one for the same PSP and currency from `effective_from` on.

    `fixed_minor` is in minor units of `currency`. A plan for any currency has no fixed part: 30 would
    be 0.30 USD and 30 JPY and 0.030 KWD. The database refuses one (IntegrityError).
    """
    plan: FeePlan = FeePlan.objects.create(
        merchant_id=merchant_id,
        psp=psp,
        currency=currency,
        basis_points=basis_points,
        fixed_minor=fixed_minor,
        effective_from=effective_from,
    )
    forget()
    return plan


def forget() -> None:
    """Forget the plans that this process knows."""
    _plans.forget()


def _load(merchant_id: UUID) -> tuple[FeePlan, ...] | None:
    return tuple(FeePlan.objects.filter(merchant_id=merchant_id)) or None


_plans = Briefly(_load, seconds=lambda: REMEMBERED)
