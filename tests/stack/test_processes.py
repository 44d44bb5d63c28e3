"""Programs come back when they die, and nothing outlives whoever started it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack.processes import ROOT, FolderInUse, NotReady, Processes, Program, free_port

SLEEPER = ["sleep", "600"]
#: A leader with a worker, whose pid it writes down, as gunicorn has workers.
LEADER = ["sh", "-c", 'sleep 600 & echo $! > "$0"; wait']
#: A parent that starts two programs, of which one does not listen to SIGTERM, and says so.
PARENT = """
import sys, time
from pathlib import Path
from stack.processes import Processes, Program
with Processes(Path(sys.argv[1])) as processes:
    processes.start(Program("mild", ["sleep", "600"]))
    processes.start(Program("frozen", ["sh", "-c", "kill -STOP $$; sleep 600"]))
    print(*processes.pids().values(), flush=True)
    time.sleep(600)
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with Processes(tmp_path) as running:
        yield running


def eventually(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Runs, or could again; a zombie that nobody has buried is dead."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}


def test_a_killed_program_comes_back_and_we_are_told(tmp_path: Path) -> None:
    told: list[int] = []
    with Processes(tmp_path, changed=lambda: told.append(1)) as processes:
        processes.start(Program("sleeper", SLEEPER))
        first = processes.pid("sleeper")

        processes.kill("sleeper")

        eventually(lambda: told, "told of the restart")
        assert processes.pid("sleeper") != first
        assert alive(processes.pid("sleeper"))
        assert not alive(first)


def test_a_program_takes_its_workers_with_it(processes: Processes, tmp_path: Path) -> None:
    note = tmp_path / "worker"
    processes.start(Program("leader", [*LEADER, str(note)]))
    eventually(lambda: note.exists() and note.read_text().strip(), "the worker started")
    leader, worker = processes.pid("leader"), int(note.read_text())

    os.kill(leader, signal.SIGKILL)  # The leader alone, as the system would for want of memory.

    eventually(lambda: processes.pid("leader") != leader, "the leader came back")
    assert not alive(worker)


def test_what_is_stopped_stays_stopped_even_if_it_was_frozen(processes: Processes) -> None:
    processes.start(Program("sleeper", SLEEPER))
    pid = processes.pid("sleeper")
    processes.kill("sleeper", signal.SIGSTOP)

    processes.stop("sleeper")

    assert not alive(pid)
    assert processes.pids() == {}


def test_killing_the_parent_leaves_no_child_and_frees_the_folder(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    children = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(children) == 2
    assert all(map(alive, children))

    parent.kill()
    parent.communicate()

    eventually(lambda: not any(map(alive, children)), "the children were ended")

    def free() -> bool:
        try:
            with Processes(tmp_path):
                return True
        except FolderInUse:
            return False

    eventually(free, "the folder was free again")


def test_a_second_run_in_the_same_folder_is_refused(processes: Processes, tmp_path: Path) -> None:
    with pytest.raises(FolderInUse, match=f"in use by process {os.getpid()}"):
        Processes(tmp_path).__enter__()


def test_two_folders_run_side_by_side(tmp_path: Path) -> None:
    with Processes(tmp_path / "one") as one, Processes(tmp_path / "two") as two:
        one.start(Program("sleeper", SLEEPER))
        two.start(Program("sleeper", SLEEPER))
        assert one.pid("sleeper") != two.pid("sleeper")


def test_a_program_that_cannot_start_is_reported_in_its_own_words(processes: Processes) -> None:
    processes.start(Program("web", ["sh", "-c", "echo no such table; exit 1"]))

    def refuse() -> None:
        raise ConnectionRefusedError("nobody listens")

    with pytest.raises(NotReady, match=r"web: nobody listens\n(no such table\n?)+"):
        processes.wait_for("web", refuse)


def test_a_free_port_is_not_one_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        assert free_port() != taken.getsockname()[1]
