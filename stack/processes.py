"""Starts programs, watches them, brings back those that die, and leaves none behind.

Each program is a process group of its own, so that killing one takes its workers with it and ctrl-C
reaches only us. What ends orderly is stopped here; what we can no longer stop, because we were
killed ourselves, reaper.py ends.
"""

import contextlib
import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

ROOT = Path(__file__).resolve().parent.parent
REAPER = Path(__file__).with_name("reaper.py")

#: Below the range from which systems take the ports of outgoing connections: a program that comes
#: back must find its port free.
PORTS = range(20_000, 32_000)

LOOK_EVERY = 0.05  # Seconds between two looks at the programs.
BACKOFF = (0.1, 5.0)  # Seconds before the first restart, and at most; doubled each time between.
SETTLED = 10.0  # Seconds of life after which earlier deaths are forgotten.
GIVE_UP_AFTER = 6  # Deaths before a program's first answer; then it is a fault, not an accident.
GRACE = 5.0  # Seconds for an orderly end before SIGKILL.


class UnableToStart(Exception):
    """The stack cannot run here as things are; each message says what to do about it."""


class FolderInUse(UnableToStart):
    """Another run holds this folder."""


class NotReady(UnableToStart):
    """A program did not come to life; the message ends with its last words."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, as whom, and how it likes to be stopped. No environment means ours."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] | None = None
    stop_with: signal.Signals = signal.SIGTERM
    user: int | None = None
    group: int | None = None
    folder: Path = ROOT


@dataclass(slots=True)
class Life:
    """One program's present process, and what became of those before."""

    program: Program
    process: subprocess.Popen[bytes]
    born: float
    deaths: int = 0
    again_at: float | None = None


class Processes:
    """The programs of one folder, as a context manager. Logs go to <folder>/logs/<name>.log.

    `changed` is called, from the watching thread, whenever a program has come back under a new pid.
    Entering raises FolderInUse when another run holds the folder.
    """

    def __init__(self, folder: Path, *, changed: Callable[[], None] = lambda: None) -> None:
        self.folder = folder.resolve()
        self.changed = changed
        self._lives: dict[str, Life] = {}
        self._lock = threading.RLock()
        self._leaving = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def __enter__(self) -> Self:
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        self._claim = claim(self.folder)
        self._reaper = subprocess.Popen(
            [sys.executable, "-I", str(REAPER)],
            stdin=subprocess.PIPE,
            pass_fds=[
                self._claim.fileno()
            ],  # The folder stays ours until the last process is gone.
            start_new_session=True,
            cwd="/",
        )
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self._watcher.join()
        for name in reversed(
            list(self._lives)
        ):  # Those started first are what the others stand on.
            self.stop(name)
        self._reaper.communicate()
        self._claim.close()

    def start(self, program: Program) -> None:
        """Start it, with a new log, and again each time it ends, until it is stopped."""
        self.log(program.name).unlink(missing_ok=True)
        with self._lock:
            self._lives[program.name] = Life(program, self._spawn(program), time.monotonic())

    def wait_for(self, name: str, ready: Callable[[], object], *, seconds: float = 60.0) -> None:
        """Return once `ready` returns without raising; raise NotReady if it has not in time."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                ready()
                return
            except Exception as reason:
                late = time.monotonic() > deadline
                if late or self._lives[name].deaths >= GIVE_UP_AFTER:
                    raise NotReady(f"{name}: {reason}\n{self.tail(name)}") from reason
            time.sleep(LOOK_EVERY)

    def pid(self, name: str) -> int:
        """The process id it has now; KeyError for a program not started, or stopped."""
        with self._lock:
            return self._lives[name].process.pid

    def pids(self) -> dict[str, int]:
        with self._lock:
            return {name: life.process.pid for name, life in self._lives.items()}

    def deaths(self, name: str) -> int:
        """How often it has ended since it was last stable."""
        with self._lock:
            return self._lives[name].deaths

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send a signal to the program and its workers. What it ends comes back."""
        with self._lock:
            send(self._lives[name].process.pid, number)

    def stop(self, *names: str) -> None:
        """End these together, orderly if they will, and do not bring them back."""
        with self._lock:
            lives = [self._lives.pop(name) for name in names]
        for life in lives:
            send(life.process.pid, life.program.stop_with)
            send(life.process.pid, signal.SIGCONT)  # A stopped process hears nothing else.
        deadline = time.monotonic() + GRACE
        for life in lives:
            with contextlib.suppress(subprocess.TimeoutExpired):
                life.process.wait(max(0.0, deadline - time.monotonic()))
            send(life.process.pid, signal.SIGKILL)  # Also what its leader left behind.
            life.process.wait()
            self._tell_reaper("-", life)

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def tail(self, name: str, lines: int = 15) -> str:
        with contextlib.suppress(FileNotFoundError):
            return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-lines:])
        return ""

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        with open(self.log(program.name), "ab") as log:
            process = subprocess.Popen(
                program.command,
                env=program.environment,
                cwd=program.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=program.user,
                group=program.group,
                extra_groups=None if program.user is None else [],
            )
        self._tell_reaper("+", Life(program, process, 0.0))
        return process

    def _tell_reaper(self, sign: str, life: Life) -> None:
        pipe: IO[bytes] | None = self._reaper.stdin
        assert pipe is not None
        with contextlib.suppress(BrokenPipeError):
            pipe.write(f"{sign} {life.process.pid} {int(life.program.stop_with)}\n".encode())
            pipe.flush()

    def _watch(self) -> None:
        while not self._leaving.wait(LOOK_EVERY):
            with self._lock:
                back = [self._look_after(life) for life in self._lives.values()]
            if any(back):
                self.changed()

    def _look_after(self, life: Life) -> bool:
        """Bring it back when it is dead and has waited long enough; True if it was."""
        if life.process.poll() is None:
            return False
        now = time.monotonic()
        if life.again_at is None:
            send(life.process.pid, signal.SIGKILL)  # Workers without a leader still hold its port.
            self._tell_reaper("-", life)
            life.deaths = 1 if now - life.born > SETTLED else life.deaths + 1
            life.again_at = now + min(BACKOFF[0] * 2 ** (life.deaths - 1), BACKOFF[1])
        if now < life.again_at:
            return False
        life.process, life.born, life.again_at = self._spawn(life.program), now, None
        return True


def claim(folder: Path) -> IO[str]:
    """The folder is ours while this file is open. Raises FolderInUse."""
    file = open(folder / "lock", "a+")  # noqa: SIM115  (open for as long as we live)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise FolderInUse(
            f"{folder} is in use by process {holder}. "
            "Stop that first, or choose another folder: STACK=dir."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def send(group: int, number: int) -> None:
    with contextlib.suppress(
        ProcessLookupError, PermissionError
    ):  # macOS refuses the dead this way.
        os.killpg(group, number)


def free_port() -> int:
    """A loopback port that nobody listens on now, and no outgoing connection will be given."""
    for port in random.sample(PORTS, 200):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("200 ports were tried and none was free")
