"""`manage.py relay`: tell what the outbox holds, until told to stop.

It crashes rather than limps: a relay that lost its database has lost its floor as well, and whoever runs it
starts it again.
"""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand

from kernel.outbox.relay import run
from paygate.wiring import HEARERS, named


class Command(BaseCommand):
    help = "Tell the outbox's events to their hearers (one relay speaks at a time; others wait)."

    def handle(self, *args: Any, **options: Any) -> None:
        stop: list[int] = []
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda number, _frame: stop.append(number))
        run(named(HEARERS), until=lambda: bool(stop))
