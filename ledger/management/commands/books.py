"""`manage.py books` writes docs/books.md from the recipes; with --check it only compares."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import handbook


class Command(BaseCommand):
    help = "Write docs/books.md from the chart and the recipes."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="fail when the page is out of date"
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        text = handbook.page()
        if not check:
            handbook.PAGE.write_text(text, encoding="utf-8")
        elif not handbook.PAGE.exists() or handbook.PAGE.read_text(encoding="utf-8") != text:
            raise CommandError(f"{handbook.PAGE.name} is out of date: run `manage.py books`")
