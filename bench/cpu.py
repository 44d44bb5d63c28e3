"""Processor time by program, out of /proc; so the bench runs on Linux only.

A program's time is that of its process, of all processes below it, and of those below it that have
ended and been waited for. What came before is subtracted, so programs are measured while they run.
"""

import os
from collections.abc import Mapping
from pathlib import Path

TICK = 1000 / os.sysconf("SC_CLK_TCK")  # Milliseconds.

#: Programs of the stack by the part they play. PSPs and merchants' endpoints are not the platform.
PARTS = {
    "web": ("web",),
    "workers": (
        *("worker-stripe", "worker-adyen", "worker-braintree"),
        *("worker-payouts", "worker-reconciliation", "worker-default"),
    ),
    "notices": ("worker-notices",),
    "relay": ("relay",),
    "beat": ("beat",),
    "postgres": ("postgres",),
    "redis": ("redis",),
    "simulators": ("sim-stripe", "sim-adyen", "sim-braintree", "sim-bank"),
    "endpoints": ("endpoints",),
}
PLATFORM = ("web", "workers", "notices", "relay", "beat", "postgres", "redis")


def by_part(pids: Mapping[str, int]) -> dict[str, float]:
    """Milliseconds so far; `pids` is what Processes.pids() gives."""
    processes = _processes()
    return {
        part: sum(_with_children(pids[name], processes) for name in names if name in pids)
        for part, names in PARTS.items()
    }


def between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Milliseconds spent between two readings."""
    return {part: after[part] - before[part] for part in after}


def _processes() -> dict[int, tuple[int, float]]:
    """Of every process its parent and its time, dead children's included."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue  # It ended while we looked.
            fields = stat.rpartition(")")[2].split()  # The name before may hold anything.
            found[int(folder.name)] = int(fields[1]), TICK * sum(map(int, fields[11:15]))
    return found


def _with_children(pid: int, processes: Mapping[int, tuple[int, float]]) -> float:
    own = processes.get(pid, (0, 0.0))[1]
    children = [child for child, (parent, _) in processes.items() if parent == pid]
    return own + sum(_with_children(child, processes) for child in children)
