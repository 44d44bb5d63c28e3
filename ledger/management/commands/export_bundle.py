"""`manage.py export_bundle --from 2026-11-01 --to 2026-11-30 november.zip`: the books of a period, for an auditor."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel.ids import InvalidId, decode
from ledger.bundle import InTheWay, NotSealed, export_bundle


class Command(BaseCommand):
    help = "Write the books of a period as CSV, with their seals and a program that verifies them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("into", type=Path, help="a new folder, or a file that ends with .zip")
        parser.add_argument(
            "--from", dest="first", type=date.fromisoformat, required=True, help="a UTC day"
        )
        parser.add_argument(
            "--to", dest="last", type=date.fromisoformat, required=True, help="a UTC day, included"
        )
        parser.add_argument("--merchant", help="one merchant's book: mer_…")
        parser.add_argument("--live", action="store_true", help="real money; else the test books")
        parser.add_argument(
            "--unsealed", action="store_true", help="with what is not sealed yet, as today's"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["last"] < options["first"]:
            raise CommandError("--to lies before --from")
        try:
            exported = export_bundle(
                options["into"],
                first=options["first"],
                last=options["last"],
                livemode=options["live"],
                merchant=decode("mer", options["merchant"]) if options["merchant"] else None,
                unsealed=options["unsealed"],
            )
        except (InvalidId, InTheWay, NotSealed) as error:
            raise CommandError(str(error)) from None
        counts = ", ".join(f"{count} {what}" for what, count in exported.counts.items())
        self.stdout.write(f"{options['into']}: {counts}")
        self.stdout.write(
            f"Its fingerprint, to be told by another way than the bundle: {exported.fingerprint}"
        )
