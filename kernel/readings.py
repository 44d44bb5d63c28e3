"""Numbers of the platform as a whole, asked now and then: each room brings its own (paygate.wiring).

What a process counts of itself (requests, calls, tries) it counts with prometheus_client, where it happens. What is
true of the platform (how much is unresolved, how old the oldest is) no process owns: it is asked of PostgreSQL or Redis
by one task, kept, and shown from there (paygate.monitoring). So it is the same on each machine, it does not die with
the process that asked, and a label that is not there any more is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

#: The labels' values and then the numbers, as a row of SQL has them.
Rows: TypeAlias = Iterable[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Reading:
    """One question, and the gauges that its rows fill.

    `asks` is SQL, in which %(at)s stands for the present, or a function of the present. Each row of the answer has a
    value for each of `labels` and then a number for each gauge of `tells` (its name and what it says), in their order;
    NULL says nothing. What is asked every few seconds must be found by an index.
    """

    tells: Mapping[str, str]
    asks: str | Callable[[datetime], Rows]
    labels: tuple[str, ...] = ()
    every: float = 15.0  # Seconds between two questions.
