"""`manage.py order_statements stripe 2026-11-01..2026-11-05 2026-11-09`: ask a PSP for its files of these days.

For days longer ago than we look back by ourselves (STATEMENTS_DAYS_BACK). What is there is fetched and applied by the
workers, as always; files that we have change nothing.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel.clock import now
from paygate.psp.registry import PSPS, PspNotConfigured
from paygate.psp.statements import StatementUnavailable
from paygate.reconciliation.fetch import order_day


class Command(BaseCommand):
    help = "Ask a PSP for its settlement files of some days (UTC)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("psp", choices=PSPS)
        parser.add_argument("days", type=_days, nargs="+", metavar="2026-11-01[..2026-11-05]")
        parser.add_argument("--live", action="store_true", help="in live mode")

    def handle(self, *args: Any, **options: Any) -> None:
        files = 0
        try:
            for day in sorted({day for days in options["days"] for day in days}):
                files += order_day(options["psp"], day, livemode=options["live"], at=now())
        except (StatementUnavailable, PspNotConfigured) as why:
            raise CommandError(f"{options['psp']}: {why}") from why
        self.stdout.write(f"{files} files are looked for.")


def _days(text: str) -> list[date]:
    """A day, or all from the first to the last. Raises ValueError."""
    first, _, last = text.partition("..")
    begins = date.fromisoformat(first)
    ends = date.fromisoformat(last) if last else begins
    return [begins + timedelta(days=number) for number in range((ends - begins).days + 1)]
