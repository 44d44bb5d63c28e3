"""Ends what a dead parent left running.

Started by processes.py with a pipe whose other end nobody but the parent holds. Lines tell it which
process groups live; the end of the pipe means that the parent is gone, in whatever way, also by
`kill -9`. It runs apart from the project (`python -I`), so that it always starts, and quickly.
"""

import contextlib
import os
import signal
import sys
import time

PATIENCE = (
    10.0  # Seconds for an orderly end; then SIGKILL, which everything here survives without loss.
)


def main() -> None:
    for ours in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ours, signal.SIG_IGN)
    living: dict[int, int] = {}
    for line in sys.stdin:
        sign, group, number = line.split()
        if sign == "+":
            living[int(group)] = int(number)
        else:
            living.pop(int(group), None)
    reap(living)


def reap(living: dict[int, int]) -> None:
    for group, number in living.items():
        send(group, number)
        send(group, signal.SIGCONT)  # A stopped process hears nothing else.
    deadline = time.monotonic() + PATIENCE
    while any(send(group, 0) for group in living) and time.monotonic() < deadline:
        time.sleep(0.05)
    for group in living:
        send(group, signal.SIGKILL)


def send(group: int, number: int) -> bool:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


if __name__ == "__main__":
    main()
