"""`manage.py fx_position`: what we hold and owe in each currency, and what it is worth."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from paygate.fx.position import positions, total


class Command(BaseCommand):
    help = "Show our position in each currency, at the last known rates."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--live", action="store_true", help="of live mode")

    def handle(self, *args: Any, **options: Any) -> None:
        found = positions(livemode=options["live"])
        for position in found:
            rate = position.written_rate or "no rate"
            day = f" of {position.as_of}" if position.as_of else ""
            self.stdout.write(f"{position.held!s:>24}  {rate}{day}  {position.value or ''}")
        self.stdout.write(f"together {total(found)}")
