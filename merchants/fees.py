"""What we take of a payment, a refund and a dispute, by what the merchant agreed to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef

from kernel.money import Money
from merchants.briefly import Briefly
from merchants.models import FeePlan, Merchant
from merchants.pricing import volume as volumes
from merchants.pricing.rate import fee_on
from merchants.pricing.scope import Use, in_effect, most_specific

REMEMBERED = 3.0  # Seconds: a plan agreed on holds in every process after them.

#: Of a dispute, in minor units, about 15 dollars, and of a refund: agreed with everybody whose plans say nothing else.
#: In a currency that is not here nothing is taken.
DISPUTE_FEES = {"USD": 15_00, "EUR": 15_00, "GBP": 15_00, "CHF": 15_00, "JPY": 2_000, "KWD": 5_000}
REFUND_FEES: dict[str, int] = {}


def processing_fee(
    merchant_id: UUID,
    *,
    psp: str,
    amount: Money,
    at: datetime,
    brand: str = "",
    country: str = "",
    livemode: bool = False,
) -> Money:
    """Our fee on `amount` by the plan in effect `at` that moment; never more than the amount.

    The most specific plan counts (pricing.scope), its tier by the month's volume as far as it is known
    (pricing.volume). Of an interchange++ plan this is our markup. Without any plan nothing is taken: what was captured
    must never fail to be booked for want of an agreement. Half a minor unit is rounded up. `brand` is the card's and
    `country` its issuer's.
    """
    plan = _plan_for(merchant_id, Use(psp, amount.currency, brand, country), at=at)
    if plan is None:
        return Money.zero(amount.currency)
    taken = 0
    if plan.tiers:
        taken = volumes.volume(merchant_id, livemode=livemode, currency=amount.currency, at=at)
    return fee_on(amount, plan, volume=taken)


def passes_costs_on(merchant_id: UUID, use: Use, *, at: datetime) -> bool:
    """Does the merchant bear what the PSP charges for such a payment (interchange++)?"""
    plan = _plan_for(merchant_id, use, at=at)
    return plan is not None and plan.pricing == FeePlan.Pricing.INTERCHANGE_PLUS_PLUS


def refund_fee(
    merchant_id: UUID,
    *,
    currency: str,
    at: datetime,
    psp: str = "",
    brand: str = "",
    country: str = "",
) -> Money:
    """Our fee for a refund of such a payment, by what was agreed `at` that moment; given back when the refund fails."""
    agreed = _said_of("refund_fee_minor", merchant_id, Use(psp, currency, brand, country), at=at)
    return Money(REFUND_FEES.get(currency, 0) if agreed is None else agreed, currency)


def dispute_fee(
    merchant_id: UUID,
    *,
    currency: str,
    at: datetime,
    psp: str = "",
    brand: str = "",
    country: str = "",
) -> Money:
    """Our fee for a dispute, taken when its money is withdrawn and given back when it is won.

    `at` is when what is agreed was agreed on. In a currency without an agreement nothing is taken.
    """
    agreed = _said_of("dispute_fee_minor", merchant_id, Use(psp, currency, brand, country), at=at)
    return Money(DISPUTE_FEES.get(currency, 0) if agreed is None else agreed, currency)


def plans_in_effect(merchant_id: UUID, *, at: datetime) -> list[FeePlan]:
    """Of each scope (PSP, method, country, currency) the latest plan that began before or `at` that moment."""
    return in_effect(_plans(merchant_id) or (), at=at)


def agree(
    merchant_id: UUID,
    *,
    basis_points: int,
    effective_from: datetime,
    fixed_minor: int = 0,
    psp: str = "",
    method: str = "",
    country: str = "",
    currency: str = "",
    pricing: str = FeePlan.Pricing.BLENDED,
    minimum_minor: int = 0,
    maximum_minor: int | None = None,
    tiers: Sequence[dict[str, int]] = (),
    refund_fee_minor: int | None = None,
    dispute_fee_minor: int | None = None,
) -> FeePlan:
    """A new plan; it supersedes an earlier one of the same scope from `effective_from` on.

    Amounts are in minor units of `currency`. A plan for any currency has none: 30 would be 0.30 USD and 30 JPY and
    0.030 KWD. `tiers` are {"from": volume, "basis_points": …, "fixed": …}, rising. What a plan does not say of refunds
    and disputes the next less specific one says. The database refuses what makes no sense (IntegrityError), and a plan
    that begins before a capture that is already in the books (DatabaseError): fees taken stay what they were.
    """
    plan: FeePlan = FeePlan.objects.create(
        merchant_id=merchant_id,
        psp=psp,
        method=method,
        country=country,
        currency=currency,
        pricing=pricing,
        basis_points=basis_points,
        fixed_minor=fixed_minor,
        minimum_minor=minimum_minor,
        maximum_minor=maximum_minor,
        tiers=list(tiers),
        refund_fee_minor=refund_fee_minor,
        dispute_fee_minor=dispute_fee_minor,
        effective_from=effective_from,
    )
    forget()
    return plan


def forget() -> None:
    """Forget the plans that this process knows, and the volumes that their tiers go by."""
    _plans.forget()
    volumes.forget()


def _plan_for(merchant_id: UUID, use: Use, *, at: datetime) -> FeePlan | None:
    return _most_specific(plans_in_effect(merchant_id, at=at), use)


def _said_of(fee: str, merchant_id: UUID, use: Use, *, at: datetime) -> int | None:
    """What the most specific plan that says anything of a fee says of it."""
    plans = [p for p in plans_in_effect(merchant_id, at=at) if getattr(p, fee) is not None]
    plan = _most_specific(plans, use)
    return None if plan is None else int(getattr(plan, fee))


def _most_specific(plans: list[FeePlan], use: Use) -> FeePlan | None:
    return most_specific(plans, use, home=plans[0].home) if plans else None


def _load(merchant_id: UUID) -> tuple[FeePlan, ...] | None:
    """The merchant's plans, each with the merchant's country read along."""
    country = Merchant.objects.filter(id=OuterRef("merchant_id")).values("country")
    plans = FeePlan.objects.filter(merchant_id=merchant_id).annotate(merchants_country=country)
    found = tuple(plans.order_by("effective_from"))
    for plan in found:
        plan.home = plan.merchants_country
    return found or None


_plans = Briefly(_load, seconds=lambda: REMEMBERED)
