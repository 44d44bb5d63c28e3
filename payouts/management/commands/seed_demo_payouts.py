"""`manage.py seed_demo_payouts mer_… mer_…`: what the demo's merchants need to be paid, and two people of finance.

Called by seed_demo, which prints what this prints. Everything is as if it had been agreed on two months ago, so that
the accounts have cooled off.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group, Permission, User
from django.core.management.base import BaseCommand, CommandParser

from kernel.clock import now
from kernel.ids import decode
from merchants.funds.calendars import Calendar
from merchants.funds.terms import agree_terms
from merchants.models import Merchant
from payouts.destinations import Account, approve, propose
from payouts.schedule import agree_schedule

#: Groups and what they may beyond looking. Whoever does one thing to a batch does not do the next one.
GROUPS = {
    "finance": (
        *("build_batch", "approve_batch", "change_payout", "add_destination", "decide_destination"),
        *("add_schedule", "download_bankfile", "settle_reportexception"),
    ),
    "finance, large sums": ("approve_large_batch",),
}
PEOPLE = {
    "ada": ("finance", "builds and submits batches"),
    "grace": ("finance", "finance, large sums", "approves batches and accounts"),
}
LOOK_AT = ("payouts", "ledger", "funds", "merchants", "fx", "reconciliation", "proof")  # Apps.
#: Of reconciliation: what one proposes another approves.
RECONCILES = ("propose", "approve", "upload")
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
    help = (
        "Terms, accounts and daily schedules for the demo's merchants; finance's logins, as JSON."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("merchants", nargs="*", help="mer_…")

    def handle(self, *args: Any, **options: Any) -> None:
        long_ago = now() - timedelta(days=60)
        for number, public_id in enumerate(options["merchants"]):
            merchant = Merchant.objects.get(id=decode("mer", public_id))
            agree_terms(merchant.id, effective_from=long_ago, **TERMS[number % len(TERMS)])
            for currency, account in ACCOUNTS[number % len(ACCOUNTS)].items():
                _settle_in(merchant.id, merchant.name, currency, account, at=long_ago)
        self.stdout.write(json.dumps(_people()))


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


def _people() -> list[dict[str, str]]:
    """Finance's groups and logins, with passwords that are shown this once."""
    looking = Permission.objects.filter(
        content_type__app_label__in=LOOK_AT, codename__startswith="view_"
    )
    for name, codenames in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        doing = Permission.objects.filter(content_type__app_label="payouts", codename__in=codenames)
        group.permissions.set([*looking, *doing])
    reconciling = Permission.objects.filter(
        content_type__app_label="reconciliation", codename__in=RECONCILES
    )
    proving = Permission.objects.filter(content_type__app_label="proof", codename="run")
    Group.objects.get(name="finance").permissions.add(*reconciling, *proving)
    logins = []
    for username, (*groups, role) in PEOPLE.items():
        password = secrets.token_urlsafe(12)
        user, _ = User.objects.get_or_create(username=username, defaults={"is_staff": True})
        user.set_password(password)
        user.save()
        user.groups.set(Group.objects.filter(name__in=groups))
        logins.append({"user": username, "password": password, "role": f"finance: {role}"})
    return logins
