"""The agenda in Braintree's measure: moments are datetimes, and what will happen is so long from now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from simulators import agenda


class Agenda(agenda.Agenda):
    """See simulators.agenda.Agenda."""

    def moment(self) -> datetime:
        """The moment of the act that is being carried out; otherwise the clock's."""
        return datetime.fromtimestamp(self.now(), UTC)

    def after(self, delay: timedelta, act: Callable[[], None]) -> None:
        self.put(self.now() + delay.total_seconds(), act)
