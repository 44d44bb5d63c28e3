"""`manage.py fx_fetch`: ask the provider for its rates now, whatever the hour."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.clock import now
from paygate.fx.fetch import fetch
from paygate.fx.models import Feed
from paygate.fx.providers import provider


class Command(BaseCommand):
    help = "Ask for the newest exchange rates now."

    def handle(self, *args: Any, **options: Any) -> None:
        new = fetch(now=now(), at_once=True)
        feed = Feed.objects.get(provider=provider().name)
        if feed.problem:
            raise CommandError(str(feed))
        self.stdout.write(f"{feed}: {new} new rates")
