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
    before one for any. Without any plan nothing is taken: what was captured must
    never fail to be booked for want of an agreement. Half a minor unit is rounded up.
    """
    plans = [
        plan
        for plan in plans_in_effect(merchant_id, at=at)
        if plan.psp in ("", psp) and plan.currency in ("", amount.currency)
    ]
    if not plans:
        return Money.zero(amount.currency)
    plan = max(plans, key=lambda plan: (plan.psp != "", plan.currency != ""))
    fee = amount.share(plan.basis_points) + Money(plan.fixed_minor, amount.currency)
    return min(fee, amount)


#: What handling a dispute costs, in minor units: about 15 dollars. Agreed with everybody alike for now.
DISPUTE_FEES = {"USD": 15_00, "EUR": 15_00, "GBP": 15_00, "CHF": 15_00, "JPY": 2_000, "KWD": 5_000}


def dispute_fee(merchant_id: UUID, *, currency: str, at: datetime) -> Money:
    """Our fee for a dispute, taken when its money is withdrawn and given back when it is won.

    `at` is when what is agreed was agreed on. In a currency without an agreement nothing is taken.
    """
    return Money(DISPUTE_FEES.get(currency, 0), currency)


def plans_in_effect(merchant_id: UUID, *, at: datetime) -> list[FeePlan]:
    """The latest plan for each PSP and currency that began before or `at` that moment."""
    latest: dict[tuple[str, str], FeePlan] = {}
    for plan in _plans(merchant_id) or ():
        if plan.effective_from <= at:
            latest[plan.psp, plan.currency] = plan
    return list(latest.values())


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
    plans = FeePlan.objects.filter(merchant_id=merchant_id).order_by("effective_from")
    return tuple(plans) or None


_plans = Briefly(_load, seconds=lambda: REMEMBERED)
