"""What the processes of one machine count of themselves, in one folder and as one page.

Each process writes its counters into files of its own there (prometheus_client's multi-process mode); whoever serves
/metrics adds them up, those of processes that ended as well, since what was counted stays counted. What a process only
*has* (connections of a pool) dies with it. Where no folder is named, a process shows itself alone.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, multiprocess, values

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own name for it.


def identity(pid: int | None = None) -> str:
    """A process's name in the folder: containers that share it each have a process 1."""
    host = "".join(letter if letter.isalnum() or letter in ".-" else "-" for letter in _HOST)
    return f"{host}-{os.getpid() if pid is None else pid}"


_HOST = socket.gethostname()


def share() -> None:
    """Write into the folder under our own identity. Before the first metric is made, or it counts by its pid alone."""
    if os.environ.get(FOLDER):
        values.ValueClass = values.MultiProcessValue(identity)  # type: ignore[no-untyped-call]


def page() -> CollectorRegistry:
    """What the processes of this machine have counted, to be shown."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return REGISTRY
    bury_the_dead(Path(folder))
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return registry


def bury(pid: int) -> None:
    """A process of this machine has ended: what it had is gone, what it counted stays."""
    if os.environ.get(FOLDER):
        multiprocess.mark_process_dead(identity(pid))  # type: ignore[no-untyped-call]


def bury_the_dead(folder: Path) -> None:
    """The same for those that nobody saw ending: killed, or the last of their kind."""
    for file, pid in _having(folder):
        if not _lives(pid):
            with contextlib.suppress(FileNotFoundError):  # Somebody else was quicker.
                file.unlink()


def _having(folder: Path) -> Iterator[tuple[Path, int]]:
    """The files of what processes of this host have, each with its process."""
    ours = identity(0).removesuffix("0")
    for file in folder.glob("gauge_live*.db"):
        _, _, who = file.stem.split("_", 2)
        if who.startswith(ours) and (pid := who.removeprefix(ours)).isdigit():
            yield file, int(pid)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
