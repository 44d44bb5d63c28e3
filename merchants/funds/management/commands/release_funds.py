"""`manage.py release_funds`: the pass that makes due funds available, now; the same that beat sets going."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kernel.clock import now
from merchants.funds.release import CHUNK, begin_anew, release_due


class Command(BaseCommand):
    help = "Make available what is due of merchants' funds, less their reserves."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--chunk", type=int, default=CHUNK, help=f"merchants in one commit; {CHUNK} by default"
        )
        parser.add_argument(
            "--begin-anew",
            action="store_true",
            help="first forget what was read of the books, and read them from their first entry",
        )

    def handle(self, *args: Any, chunk: int, **options: Any) -> None:
        at = now()
        if options["begin_anew"]:
            begin_anew(at=at)
        released = release_due(at=at, chunk=chunk)
        for total in released.totals:
            mode = "live" if total.livemode else "test"
            held = f", {total.held} of it held back" if total.held else ""
            self.stdout.write(
                f"{total.kind} {mode}: {total.amount} in {total.transactions} transactions{held}"
            )
        self.stdout.write(f"{released.merchants} merchants")
