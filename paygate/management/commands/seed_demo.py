"""`manage.py seed_demo --json`: two merchants and a login for each role, where everything is a demonstration."""

from __future__ import annotations

import json
import secrets
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from kernel.ids import encode
from merchants.onboard import onboard
from paygate.routing.models import RoutingWeight

MERCHANTS = {
    "Kiosk am Park": {"stripe": 50, "adyen": 30, "braintree": 20},
    "Tokyo Stationery": {"stripe": 40, "adyen": 40, "braintree": 20},
}
#: Who works here. Nobody of them is a superuser: that is whom `manage.py createsuperuser` makes.
PEOPLE = {
    "admin": ("administrator", "people, keys, routing and terms; no money"),
    "sam": ("support", "refunds within limits, answers disputes"),
    "lena": ("support lead", "approves refunds, accepts disputes"),
    "ada": ("finance", "builds and submits batches, proposes on breaks"),
    "grace": ("finance lead", "approves batches, accounts and breaks"),
    "rita": ("risk", "reviews, and cancels payments"),
    "otto": ("auditor", "sees everything, changes nothing"),
}


class Command(BaseCommand):
    help = "Make the demo's merchants and logins; prints their keys and passwords, which are shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        merchants = []
        for name, weights in MERCHANTS.items():
            onboarded = onboard(name)
            merchant = onboarded.merchant
            RoutingWeight.objects.bulk_create(
                RoutingWeight(merchant_id=merchant.id, psp=psp, weight=weight)
                for psp, weight in weights.items()
            )
            merchants.append(
                {
                    "id": encode("mer", merchant.id),
                    "name": merchant.name,
                    "secret_key": onboarded.secret_key,
                }
            )
        call_command("seed_demo_payouts", *(one["id"] for one in merchants))  # Upstairs: by name.
        made = {"merchants": merchants, "logins": [_login(name) for name in PEOPLE]}
        self.stdout.write(json.dumps(made, indent=None if options["json"] else 2))


def _login(username: str) -> dict[str, str]:
    """A person in their role, with a password that is shown this once."""
    role, does = PEOPLE[username]
    password = secrets.token_urlsafe(12)
    user, _ = User.objects.get_or_create(username=username)
    user.is_staff, user.is_superuser = True, False
    user.set_password(password)
    user.save()
    user.groups.set([Group.objects.get(name=role)])
    return {"user": username, "password": password, "role": role, "does": does}
