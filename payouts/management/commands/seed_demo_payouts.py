"""`manage.py seed_demo_payouts mer_… mer_…`: what the demo's merchants need to be paid.

Called by seed_demo. Everything is as if it had been agreed on two months ago by finance's two people, so that the
accounts have cooled off.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser

from kernel.clock import now
from kernel.ids import decode
from merchants.funds.calendars import Calendar
from merchants.funds.terms import agree_terms
from merchants.models import Merchant
from payouts.destinations import Account, approve, propose
from payouts.schedule import agree_schedule

#: For each merchant: when money is theirs, and accounts as their banks' documentation uses them for examples.
TERMS: tuple[dict[str, Any], ...] = (
    {"calendar": Calendar.TARGET, "time_zone": "Europe/Berlin"},
    {
        "calendar": Calendar.JP,
        "time_zone": "Asia/Tokyo",
        "reserve_basis_points": 1_000,
        "reserve_days": 7,
    },
)
ACCOUNTS: tuple[dict[str, dict[str, Any]], ...] = (
    {
        "EUR": {"iban": "DE89370400440532013000"},
        "USD": {"routing_number": "021000021", "account_number": "000123456789"},
        "GBP": {"iban": "GB29NWBK60161331926819"},
    },
    {
        "EUR": {"iban": "FR1420041010050500013M02606"},
        "USD": {"routing_number": "011401533", "account_number": "1111222233330"},
        "GBP": {"iban": "GB33BUKB20201555555555"},
    },
)


class Command(BaseCommand):
    help = "Terms, accounts and daily schedules for the demo's merchants."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("merchants", nargs="*", help="mer_…")

    def handle(self, *args: Any, **options: Any) -> None:
        long_ago = now() - timedelta(days=60)
        for number, public_id in enumerate(options["merchants"]):
            merchant = Merchant.objects.get(id=decode("mer", public_id))
            agree_terms(merchant.id, effective_from=long_ago, **TERMS[number % len(TERMS)])
            for currency, account in ACCOUNTS[number % len(ACCOUNTS)].items():
                _settle_in(merchant.id, merchant.name, currency, account, at=long_ago)


def _settle_in(
    merchant_id: UUID, holder: str, currency: str, account: dict[str, Any], *, at: datetime
) -> None:
    """An account that may be paid to, and a payout of what is available each business day."""
    given = Account(currency=currency, holder=holder, **account)
    proposed = propose(
        merchant_id, given, livemode=False, by="ada", because="Named in the contract.", at=at
    )
    approve(proposed, by="grace", because="Confirmed by telephone.", at=at)
    agree_schedule(
        merchant_id,
        livemode=False,
        currency=currency,
        interval="daily",
        by="ada",
        effective_from=at,
        at=at,
    )
