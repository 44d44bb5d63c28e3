"""`manage.py reset_second_factor ada --because "…"`: for the day on which no administrator can log in either."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel.audit.models import Entry
from kernel.audit.record import write_down
from kernel.db import atomic
from paygate.staff import factors, guessing


class Command(BaseCommand):
    help = "Take all second factors of a login away, and end its pauses: the next login adds a new one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login")
        parser.add_argument("--because", required=True, help="kept in the audit log")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["login"]).first()
        if user is None:
            raise CommandError(f"There is no login {options['login']}.")
        with atomic():
            gone = [str(one) for one in factors.of(user)]
            factors.take_all_away(user)
            user.sessions.all().delete()
            guessing.pardon(user.get_username())
            write_down(
                None,
                "second_factor.reset",
                Entry.Outcome.DONE,
                kind="user",
                subject=str(user.pk),
                because=options["because"],
                by=f"{getpass.getuser()} (on the machine)",
                details={"taken away": gone},
            )
        self.stdout.write(f"{user} adds a new second factor at the next login.")
