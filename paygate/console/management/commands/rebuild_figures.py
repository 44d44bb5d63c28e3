"""`manage.py rebuild_figures`: the dashboard's figures made anew from the tables of money, or held against them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Min

from kernel.clock import now
from paygate.console.figures.forget import forget
from paygate.console.figures.rebuild import days, differing, rebuild
from paygate.payments.models import Payment


class Command(BaseCommand):
    help = "Make the dashboard's figures anew, a UTC day at a time; without --since, from the first payment on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=date.fromisoformat, help="the first day: 2026-11-01")
        parser.add_argument("--until", type=date.fromisoformat, help="the last day; today")
        parser.add_argument(
            "--check", action="store_true", help="only say what differs; exit code 1 when it does"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        at = now()
        since = options["since"] or _first_day(at)
        until = options["until"] or at.date()
        if until < since:
            raise CommandError(f"{until} is before {since}")
        forget(at=at)
        wrong = 0
        for day in days(since, until):
            if found := (differing if options["check"] else rebuild)(day, at=at):
                wrong += found
                self.stdout.write(f"{day}: {found} figures differed")
        self.stdout.write(f"{since} to {until}: {wrong} figures differed")
        if options["check"] and wrong:
            raise SystemExit(1)


def _first_day(at: datetime) -> date:
    first: datetime | None = Payment.objects.aggregate(first=Min("created_at"))["first"]
    return (first or at).astimezone(UTC).date()
