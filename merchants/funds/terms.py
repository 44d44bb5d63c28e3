"""What was agreed with a merchant about their money, and which of it counts at a moment."""

from __future__ import annotations

from datetime import UTC, datetime, time
from uuid import UUID
from zoneinfo import available_timezones

from merchants.briefly import Briefly
from merchants.funds.calendars import Calendar
from merchants.funds.models import RefundRate, Terms
from merchants.models import Merchant

REMEMBERED = 3.0  # Seconds: terms agreed on hold in every process after them.

#: Whose business days count for a merchant of that country with whom nothing else was agreed; elsewhere TARGET's.
CALENDARS = {"US": Calendar.US, "GB": Calendar.GB, "JP": Calendar.JP}

_EVER = datetime(1, 1, 2, tzinfo=UTC)  # A day in, so that it can be told in every time zone.


class UnknownTimeZone(ValueError):
    """No time zone of that name (IANA's, like "Europe/Berlin")."""


def terms_in_effect(merchant_id: UUID, *, at: datetime) -> Terms:
    """The latest terms that began before or `at` that moment.

    Where none were agreed these are the usual ones: T+2 by the calendar of the merchant's country, in UTC, nothing
    held back, nothing converted. They are not saved, and neither are they for a merchant nobody knows.
    """
    agreed = _agreed(merchant_id) or (usual(""),)
    return next(terms for terms in reversed(agreed) if terms.effective_from <= at)


def agree_terms(
    merchant_id: UUID,
    *,
    effective_from: datetime,
    calendar: Calendar | str | None = None,
    time_zone: str = "UTC",
    cutoff: time | None = None,
    delay_days: int = 2,
    reserve_basis_points: int = 0,
    reserve_days: int = 0,
    refund_rate: RefundRate | str = RefundRate.ORIGINAL,
    convert: bool = False,
    fx_spread_basis_points: int = 100,
) -> Terms:
    """New terms, whole; they supersede earlier ones from `effective_from` on.

    What was captured before then stays due when it was. Without a `calendar` it is that of the merchant's country.
    Raises UnknownTimeZone; the database refuses what makes no sense (IntegrityError), like a reserve for no days.
    """
    if time_zone not in available_timezones():
        raise UnknownTimeZone(f"{time_zone!r} is no time zone")
    if calendar is None:
        country = Merchant.objects.values_list("country", flat=True).get(id=merchant_id)
        calendar = CALENDARS.get(country, Calendar.TARGET)
    terms: Terms = Terms.objects.create(
        merchant_id=merchant_id,
        calendar=Calendar(calendar).value,
        time_zone=time_zone,
        cutoff=cutoff,
        delay_days=delay_days,
        reserve_basis_points=reserve_basis_points,
        reserve_days=reserve_days,
        refund_rate=refund_rate,
        convert=convert,
        fx_spread_basis_points=fx_spread_basis_points,
        effective_from=effective_from,
    )
    forget()
    return terms


def usual(country: str) -> Terms:
    """What counts for a merchant of that country with whom nothing was agreed. The database knows the same."""
    return Terms(calendar=CALENDARS.get(country, Calendar.TARGET).value, effective_from=_EVER)


def forget() -> None:
    """Forget the terms that this process knows."""
    _agreed.forget()


def _load(merchant_id: UUID) -> tuple[Terms, ...] | None:
    """The merchant's terms since ever, the usual ones first."""
    country = Merchant.objects.values_list("country", flat=True).filter(id=merchant_id).first()
    if country is None:
        return None
    agreed = Terms.objects.filter(merchant_id=merchant_id).order_by("effective_from")
    return (usual(country), *agreed)


_agreed = Briefly(_load, seconds=lambda: REMEMBERED)
