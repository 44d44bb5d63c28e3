"""`manage.py seed_demo --json`: two merchants and three logins, where everything is a demonstration."""

from __future__ import annotations

import io
import json
import secrets
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from kernel.ids import encode
from merchants.onboard import onboard
from paygate.routing.models import RoutingWeight

MERCHANTS = {
    "Kiosk am Park": {"stripe": 50, "adyen": 30, "braintree": 20},
    "Tokyo Stationery": {"stripe": 40, "adyen": 40, "braintree": 20},
}
LOGIN = "admin"


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
        password = secrets.token_urlsafe(12)
        user, _ = User.objects.get_or_create(
            username=LOGIN, defaults={"is_staff": True, "is_superuser": True}
        )
        user.set_password(password)
        user.save()
        finance = io.StringIO()  # By its name: payouts are upstairs, and unknown here.
        call_command("seed_demo_payouts", *(one["id"] for one in merchants), stdout=finance)
        made = {
            "merchants": merchants,
            "logins": [
                {"user": LOGIN, "password": password, "role": "administrator"},
                *json.loads(finance.getvalue()),
            ],
        }
        self.stdout.write(json.dumps(made, indent=None if options["json"] else 2))
