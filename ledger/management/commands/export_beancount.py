"""`manage.py export_beancount`: the books on standard output, for bean-check to verify."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel.ids import InvalidId, decode
from ledger.beancount import export


class Command(BaseCommand):
    help = "Print the books as a beancount file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--merchant", help="one merchant's book: mer_…")
        parser.add_argument(
            "--livemode", action="store_true", help="real money; else the test books"
        )

    def handle(self, *args: Any, merchant: str | None, livemode: bool, **options: Any) -> None:
        try:
            whose = decode("mer", merchant) if merchant else None
        except InvalidId as error:
            raise CommandError(str(error)) from None
        for line in export(livemode=livemode, merchant=whose):
            self.stdout.write(line)
